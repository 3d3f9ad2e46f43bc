"""Requests become scopes, what applications send becomes messages."""

import asyncio
import zlib
from typing import Any

import pytest
from bridge.connection import PIECES
from starlette.responses import StreamingResponse

from tests.live.host import HEAD, Host, body, fills_the_window_only, headers, run, turns


def test_a_request_becomes_a_scope_and_its_answer_messages() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope, body=(await receive())["body"])
        await send({"type": "http.response.start", "status": 201, "headers": [(b"X-Name", b"caf\xe9")]})
        await send(body(b"one"))
        await send(body(b"", more=True))
        await send(body(b"two", more=False))

    async def test() -> None:
        host = Host(app)
        name = host.request("POST", "/a%20b", query="q=1", headers=[["X", "é"], ["x", "2"]], body=b"content")
        await host.settled()
        assert seen["path"] == "/a b"
        assert seen["raw_path"] == b"/a%20b"
        assert seen["query_string"] == b"q=1"
        assert seen["body"] == b"content"
        assert seen["headers"] == [
            (b"X", b"\xe9"),
            (b"x", b"2"),
            (b"content-length", b"7"),
            (b"accept-encoding", b"gzip, deflate"),
        ]
        assert [each["kind"] for each in host.posted] == ["request", "response", "chunk", "chunk", "end"]
        assert host.said("response") == [
            {
                "kind": "response",
                "id": name,
                "status": 201,
                "reason": "Created",
                "headers": [("x-name", "café")],
                "cookies": [],
            }
        ]
        assert host.said("end")[0]["error"] is None

    run(test)


def test_receive_waits_for_the_disconnect() -> None:
    received: list[str] = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        received.append((await receive())["type"])
        await send(HEAD)
        received.append((await receive())["type"])
        await send(body(b"to nobody"))

    async def test() -> None:
        host = Host(app)
        name = host.request()
        await turns()
        assert received == ["http.request"]
        host.tell("cancel", name)
        await host.settled()
        assert received == ["http.request", "http.disconnect"]
        assert not host.said("chunk")
        assert not host.said("end")

    run(test)


def test_receive_ends_when_the_answer_is_complete() -> None:
    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(HEAD)
        await send(body(b"", more=False))
        assert (await receive())["type"] == "http.disconnect"

    async def test() -> None:
        host = Host(app)
        host.request()
        await asyncio.wait_for(host.settled(), 5)

    run(test)


def test_no_more_is_under_way_than_the_window() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(HEAD)
        while True:
            await send(body(b"x" * 1000))

    async def test() -> None:
        host = Host(app)
        name = host.request()
        await fills_the_window_only(host, name)
        host.tell("cancel", name)
        await turns()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    run(test)


def test_no_more_pieces_are_under_way_than_a_page_can_take() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(HEAD)
        while True:
            await send(body(b"xyz"))

    async def test() -> None:
        host = Host(app)
        name = host.request()
        await turns(500)
        assert len(host.said("chunk", name)) == PIECES
        host.tell("pulled", name, size=4)  # one piece and a part of the next
        await turns()
        assert len(host.said("chunk", name)) == PIECES + 1
        host.tell("pulled", name, size=3 * PIECES - 4)
        await turns(500)
        assert len(host.said("chunk", name)) == 2 * PIECES
        host.tell("cancel", name)
        await turns()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    run(test)


def test_a_client_that_leaves_ends_a_generator_that_never_awaits() -> None:
    ended = []

    async def endless() -> Any:
        try:
            while True:
                yield b"data: x\n\n"
        finally:
            ended.append(True)

    async def test() -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await StreamingResponse(endless(), media_type="text/event-stream")(scope, receive, send)

        host = Host(app)
        name = host.request()
        await turns(500)
        host.tell("cancel", name)
        await asyncio.wait_for(host.settled(), 5)
        await turns()
        assert ended

    run(test)


def test_what_an_application_raises(capsys: pytest.CaptureFixture[str]) -> None:
    async def before(_scope: Any, _receive: Any, _send: Any) -> None:
        raise ValueError("early")

    async def during(_scope: Any, _receive: Any, send: Any) -> None:
        await send(HEAD)
        await send(body(b"data: half"))
        raise ValueError("late")

    async def test() -> None:
        host = Host(before)
        host.request()
        await host.settled()
        assert host.said("response")[0]["status"] == 500
        assert host.said("end")[0]["error"] is None
        host = Host(during)
        host.request()
        await host.settled()
        assert host.said("end")[0]["error"] == "The application raised ValueError."

    run(test)
    assert "ValueError: early" in capsys.readouterr().err


@pytest.mark.parametrize("messages", [[HEAD, HEAD], [body(b"x")]])
def test_an_application_that_breaks_the_protocol(messages: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    async def test() -> None:
        host = Host(app)
        host.request()
        await host.settled()

    run(test)
    assert "RuntimeError" in capsys.readouterr().err


def test_an_application_that_says_nothing_breaks_off() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(HEAD)

    async def test() -> None:
        host = Host(app)
        host.request()
        await host.settled()
        assert "before its answer was complete" in host.said("end")[0]["error"]

    run(test)


def test_the_answer_to_head_has_no_body() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(HEAD)
        await send(body(b"content", more=False))

    async def test() -> None:
        host = Host(app)
        name = host.request("HEAD")
        await host.settled()
        assert host.chunks(name) == b""
        assert host.said("end")

    run(test)


def test_without_credentials_there_are_no_cookies() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"set-cookie", b"b=2; Path=/")]})
        await send(body(b"", more=False))

    async def test() -> None:
        host = Host(app)
        host.server.cookies().store("localhost", "/", ["a=1"])
        name = host.request(credentials="omit")
        await host.settled()
        assert "cookie" not in headers(host.said("request", name)[0])
        name = host.request(credentials="same-origin")
        assert headers(host.said("request", name)[0])["cookie"] == "a=1"
        await host.settled()

    run(test)


@pytest.mark.parametrize(("encoding", "wbits"), [("gzip", 31), ("deflate", 15)])
def test_what_is_packed_arrives_unpacked_piece_by_piece(encoding: str, wbits: int) -> None:
    pack = zlib.compressobj(wbits=wbits)
    events = [b"data: one\n\n", b"data: two\n\n"]
    pieces = [pack.compress(event) + pack.flush(zlib.Z_SYNC_FLUSH) for event in events]

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await send({**HEAD, "headers": [(b"content-encoding", encoding.encode())]})
        for piece in pieces:
            await send(body(piece))
        await send(body(pack.flush(), more=False))

    async def test() -> None:
        host = Host(app)
        name = host.request()
        await host.settled()
        assert headers(host.said("response", name)[0])["content-encoding"] == encoding
        assert [chunk["body"] for chunk in host.said("chunk", name)] == events
        assert host.said("end", name)[0]["error"] is None

    run(test)


def test_what_is_not_packed_as_it_says_breaks_off() -> None:
    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await send({**HEAD, "headers": [(b"content-encoding", b"gzip")]})
        await send(body(b"plain", more=False))

    async def test() -> None:
        host = Host(app)
        name = host.request()
        await host.settled()
        assert not host.chunks(name)
        assert "content-encoding" in host.said("end", name)[0]["error"]

    run(test)
