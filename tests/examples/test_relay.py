"""The relay: one upstream for all readers, resumed, and left with the last; and the client that listens to it."""

import asyncio
from contextlib import aclosing

import httpx2
import pytest

from examples import relay as example
from examples.relay import Closing, Relay, ServerSentEvent, encode, listen
from tests.examples.test_heartbeats import wait_until

GAP = ["event: gap", "data: Events are missing here."]


def number(value):
    return [f"id: {value}", f"data: {value}"]


@pytest.fixture(autouse=True)
def printed(monkeypatch):
    """A relay that nobody has used, and what the example prints."""
    lines = []
    monkeypatch.setattr(example, "relay", Relay())
    monkeypatch.setattr(example, "print", lines.append, raising=False)
    return lines


def test_all_readers_have_one_upstream_which_is_left_with_the_last_of_them(watching, ask, clock, printed):
    watched = watching(example)
    first = ask(watched.url, "/events")
    assert first.header("content-type") == "text/event-stream; charset=utf-8"
    assert first.header("cache-control") == "no-store, no-transform"
    assert first.header("x-accel-buffering") == "no"
    assert [first.event(), first.event()] == [[":"], number(1)]
    second = ask(watched.url, "/events")
    assert second.event() == [":"]  # at once: its page knows that it is connected
    clock.tick()
    assert first.event() == second.event() == number(2)
    first.leave()
    clock.tick()
    assert second.event() == number(3)
    assert ask(watched.url, "/events", method="HEAD").rest() == []
    second.leave()
    wait_until(lambda: len(printed) == 2)
    assert printed == ["upstream: somebody listens, from 1 on", "upstream: nobody listens any more, after 3"]
    assert len(watched.to("/numbers")) == 1


def test_readers_do_not_notice_that_the_upstream_ends_its_response(watching, ask, clock, monkeypatch):
    monkeypatch.setattr(example, "TURN", 2)
    clock.run()
    watched = watching(example)
    reader = ask(watched.url, "/events")
    assert [reader.event() for _ in range(4)] == [[":"], number(1), number(2), number(3)]
    monkeypatch.setattr(example, "LIFE", 0)
    assert ask(watched.url, "/events").rest() == [[":"]]  # a reader's stream has an end, too
    reader.leave()
    first, second, *_ = watched.to("/numbers")
    assert "last-event-id" not in first.headers
    assert second.headers["last-event-id"] == "2"
    assert 0.5 <= clock.asked[2] <= 0.75  # two numbers, then the time that the upstream has asked for


def test_who_comes_back_goes_on_and_who_cannot_is_told(watching, ask, clock):
    watched = watching(example)
    reader = ask(watched.url, "/events")
    assert [reader.event(), reader.event()] == [[":"], number(1)]
    clock.tick()
    assert reader.event() == number(2)
    reader.leave()
    wait_until(lambda: not clock.sleepers)
    back = ask(watched.url, "/events", headers={"Last-Event-ID": "1"})
    assert [back.event(), back.event()] == [number(2), number(3)]
    assert watched.to("/numbers")[1].headers["last-event-id"] == "2"  # that of the relay: no reader's goes there
    back.leave()
    wait_until(lambda: not clock.sleepers)
    stranger = ask(watched.url, "/events", headers={"Last-Event-ID": "é"})
    assert [stranger.event(), stranger.event()] == [GAP, number(1)]
    assert "last-event-id" not in watched.to("/numbers")[2].headers


def scripted(*answers):
    """An upstream that gives one answer after the other: a status, a type and a body, of which None is cut off."""
    asked = []

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            raise NotImplementedError
        asked.append(dict(scope["headers"]).get(b"last-event-id"))
        status, kind, body = answers[len(asked) - 1]
        headers = [(b"content-type", kind.encode()), (b"location", b"/elsewhere")]  # for redirects
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if body is None:
            await send({"type": "http.response.body", "body": b": nothing more\n\n", "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        await send({"type": "http.response.body", "body": body})

    return app, asked


STREAM = "text/event-stream"


def test_a_client_stays_with_a_stream_whatever_happens_to_its_connections(serving, monkeypatch):
    answers = [
        (503, "text/plain", b"later"),
        (307, "text/plain", b""),
        (200, "text/html", b"<p>Sign in"),
        (200, STREAM, "retry: 700\nid: α\n\nevent: empty\ndata\n\ndata: a\ndata: b\n\nid: half".encode()),
        (200, STREAM, b"data: " + 2**20 * b"x" + b"\n\n"),  # too much for one event
        (200, STREAM, b"retry: -1\ndata: no id of its own\n\n"),
        (200, STREAM, b"retry: 99999999999999999999\n\n"),
        (200, STREAM, None),
        (204, "text/plain", b""),
    ]
    app, asked = scripted(*answers)
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    monkeypatch.setattr(example, "sleep", sleep)
    monkeypatch.setattr(example, "uniform", lambda low, _high: low)
    monkeypatch.setattr(example, "TIMEOUT", httpx2.Timeout(5, read=0.2))

    async def heard():
        return [event async for event in listen(serving(app))]

    assert [(event.event, event.data, event.id) for event in asyncio.run(heard())] == [
        ("lost", "HTTPStatusError", ""),
        ("lost", "HTTPStatusError", ""),
        ("lost", "SSEError", ""),
        ("empty", "", "α"),
        ("message", "a\nb", "α"),
        ("lost", "SSEError", ""),
        ("message", "no id of its own", ""),
        ("lost", "ReadTimeout", ""),
    ]
    assert asked == [None, None, None, None, *["α".encode()] * 5]
    assert pauses == [2, 4, 8, 0.7, 1.4, 0.5, 60, 60]


def test_an_event_goes_on_as_it_came():
    assert encode(ServerSentEvent(data="a\n\nb")) == b"data: a\ndata: \ndata: b\n\n"
    assert encode(ServerSentEvent("tick", "\u2028é", "7")) == "id: 7\nevent: tick\ndata: \u2028é\n\n".encode()


def test_what_is_kept_is_bounded_and_a_slow_reader_is_told_what_is_missing():
    async def test():
        relay = Relay(max_bytes=30)
        for event_id in "1234":
            relay.append(event_id, encode(ServerSentEvent(data="x" * 10)))  # 18 bytes
        assert relay.bytes == 18
        assert await relay.after(0) == (4, example.GAP + b"data: xxxxxxxxxx\n\n")
        assert await relay.after(3) == (4, b"data: xxxxxxxxxx\n\n")
        assert (relay.find("3"), relay.find("4"), relay.find("")) == (None, 4, None)
        relay.append("5", encode(ServerSentEvent(data="x" * 100)))  # too long to be kept
        assert await relay.after(4) == (5, example.GAP)

    asyncio.run(test())


def test_a_quiet_stream_shows_that_it_is_alive(watching, ask, clock, monkeypatch):
    monkeypatch.setattr(example, "HEARTBEAT", 0.05)
    stream = ask(watching(example).url, "/events")
    events = [stream.event() for _ in range(5)]
    assert (events.count([":"]), events.count(number(1))) == (4, 1)


def test_when_the_upstream_says_that_it_is_over_so_does_the_relay(serving, ask, clock, monkeypatch):
    clock.run()
    app, asked = scripted((200, STREAM, b"id: 1\ndata: 1\n\nid: 2\ndata: 2\n\n"), (204, "text/plain", b""))
    address = serving(app)
    monkeypatch.setattr(example, "upstream", lambda _: address)
    url = serving(example.app)
    assert ask(url, "/events").rest() == [[":"], number(1), number(2), [":"]]
    assert ask(url, "/events").status == 204
    assert ask(url, "/events", headers={"Last-Event-ID": "2"}).status == 204
    assert ask(url, "/events", headers={"Last-Event-ID": "1"}).rest() == [number(2)]  # this one has not had all
    assert len(asked) == 2


def test_an_error_of_the_relay_reaches_its_readers():
    async def test():
        async for _ in Relay().read("http://a:port"):
            pass

    with pytest.raises(httpx2.InvalidURL):
        asyncio.run(test())


def test_a_reader_who_leaves_while_something_is_sent_is_gone_at_once(serving, clock):
    async def test():
        relay, sending = Relay(), asyncio.Event()

        async def receive():
            await sending.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            if message["type"] == "http.response.body":
                sending.set()
                await asyncio.Event().wait()

        response = Closing(relay.read(f"{serving(example.app)}/numbers"))
        await response({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)
        assert relay.readers == 0
        await asyncio.wait([relay.task])

    asyncio.run(test())
    wait_until(lambda: not clock.sleepers)


def test_whoever_stops_listening_leaves_the_upstream(serving, clock, printed):
    async def test():
        async with aclosing(listen(f"{serving(example.app)}/numbers")) as events:
            return await anext(events)

    assert asyncio.run(test()).data == "1"
    wait_until(lambda: printed[1:] == ["upstream: nobody listens any more, after 1"])


def test_the_page_shows_what_comes_and_what_is_wrong_as_text(serving, page, clock, monkeypatch):
    bold = b"id: 1\ndata: <b>one</b>\n\n"
    app, _ = scripted((200, STREAM, bold), (503, "text/plain", b""), (200, STREAM, b"event: gap\ndata: gone\n\n"))
    address = serving(app)
    monkeypatch.setattr(example, "upstream", lambda _: address)
    page.goto(serving(example.app))
    page.get_by_text("Number: <b>one</b>").wait_for()
    page.get_by_text("Upstream: there").wait_for()
    clock.tick()
    page.get_by_text("Upstream: lost (HTTPStatusError)").wait_for()
    clock.tick(2)
    page.get_by_text("Upstream: gone").wait_for()
