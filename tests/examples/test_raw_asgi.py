import asyncio

import pytest

from examples import raw_asgi as example
from tests.patience import PATIENCE


def test_the_bytes_on_the_wire_are_those_in_the_example(serving, ask):
    stream = ask(serving(example.app), "/events")
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream"
    assert stream.header("cache-control") == "no-store, no-transform"
    assert stream.header("x-accel-buffering") == "no"
    assert stream.response.read() == b"".join(example.EVENTS)  # would raise if the last chunk were missing


def test_the_page_shows_what_the_browser_made_of_them(serving, page):
    page.goto(serving(example.app))
    page.get_by_text("done").wait_for()
    assert page.get_by_role("listitem").all_inner_texts() == [
        'message, last event ID "": no type is the type message',
        'greeting, last event ID "": two lines in one event',
        'message, last event ID "3": an ID, kept from here on',
        'done, last event ID "3":',
    ]
    assert page.evaluate("source.readyState") == 2


def test_other_paths_are_not_found(serving, ask):
    answer = ask(serving(example.app), "/elsewhere")
    assert answer.status == 404
    assert answer.response.read() == b"There is nothing here."


class Server:
    """The server's end of one request, in a thread of its own loop: what was sent, and a client that leaves."""

    def __init__(self, kind="http", path="/events"):
        self.scope = {"type": kind, "path": path}
        self.sent, self.received, self.streaming = [], asyncio.Queue(), asyncio.Event()

    async def send(self, message):
        self.sent.append(message)
        if message.get("more_body"):
            self.streaming.set()

    def run(self):
        return example.app(self.scope, self.received.get, self.send)


def test_a_client_that_leaves_ends_the_stream_and_nothing_runs_on():
    async def scenario():
        server = Server()
        server.received.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        server.received.put_nowait({"type": "http.disconnect"})
        await asyncio.wait_for(server.run(), PATIENCE)
        assert [message["type"] for message in server.sent] == ["http.response.start", "http.response.body"]
        assert server.sent[-1]["more_body"]
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())


def test_a_cancelled_stream_leaves_nobody_listening():
    async def scenario():
        server = Server()
        task = asyncio.create_task(server.run())
        await asyncio.wait_for(server.streaming.wait(), PATIENCE)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)
        assert task.cancelled()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())


def test_it_says_when_it_is_ready_and_when_it_has_stopped():
    async def scenario():
        server = Server("lifespan")
        for name in ("startup", "shutdown"):
            server.received.put_nowait({"type": f"lifespan.{name}"})
        await asyncio.wait_for(server.run(), PATIENCE)
        assert [message["type"] for message in server.sent] == [
            "lifespan.startup.complete",
            "lifespan.shutdown.complete",
        ]

    asyncio.run(scenario())


def test_another_protocol_is_refused_as_the_asgi_specification_wants():
    with pytest.raises(NotImplementedError, match="websocket"):
        asyncio.run(Server("websocket").run())
