"""A WebSocket's application gets the same messages from the bridge as from uvicorn, and its client the same frames."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from bridge.web_socket import frame
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from streamside.server import serve
from tests.live.host import Host, fills_the_window_only, headers, run, turns
from tests.patience import PATIENCE

Message = dict[str, Any]
COOKIE = (b"Set-Cookie", b"seen=1")
CLOSE = {"type": "websocket.close"}
ACCEPT = {"type": "websocket.accept"}
DENY = {"type": "websocket.http.response.start", "status": 429, "headers": [(b"Content-Type", b"text/plain")]}
DENIED = {"type": "websocket.http.response.body", "body": b"later"}


class App:
    """Answers the handshake, and each message that comes with the next of its own; notes all that it gets."""

    def __init__(self, first: Sequence[Message], *answers: Message) -> None:
        self.first, self.answers = first, list(answers)
        self.scope: Message = {}
        self.received: list[Message] = []

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            raise NotImplementedError
        self.scope = scope
        self.received.append(await receive())
        for each in self.first:
            await send(each)
        while True:
            self.received.append(await receive())
            if self.received[-1]["type"] == "websocket.disconnect":
                break
            await send(self.answers.pop(0))  # an IndexError where there is none


def under_uvicorn(app: App, said: Sequence[str | bytes], close: tuple[int, str] | None) -> list[Any]:
    """What a client sees: its subprotocol or its refusal, all messages, its end."""
    seen: list[Any] = []
    with serve(app) as server:
        address = server.url.replace("http", "ws") + "/a%20b?q=1"
        try:
            with connect(address, subprotocols=["one", "two"]) as client:  # type: ignore[list-item]
                seen.append(client.subprotocol)
                for word in said:
                    client.send(word)
                    seen.append(client.recv(PATIENCE))
                if close:
                    client.close(*close)
                client.recv(PATIENCE)
        except InvalidStatus as refusal:
            seen += [refusal.response.status_code, bytes(refusal.response.body)]
        except ConnectionClosed as error:
            seen.append((error.rcvd.code, error.rcvd.reason) if error.rcvd else None)
    return seen


def in_the_bridge(app: App, said: Sequence[str | bytes], close: tuple[int, str] | None) -> list[Any]:
    """The same of a page's client."""
    seen: list[Any] = []

    async def test() -> None:
        host = Host(app)
        offered = [["sec-websocket-protocol", "one, two"]]
        name = host.request(kind="handshake", path="/a%20b", query="q=1", headers=offered)
        await turns()
        [response] = host.said("response", name)
        if response["status"] == 101:
            seen.append(headers(response).get("sec-websocket-protocol"))
            for word in said:
                text = isinstance(word, str)
                host.tell("frame", name, opcode=1 if text else 2, body=word.encode() if text else word)  # type: ignore
                await turns()
            if close:
                host.tell("frame", name, opcode=8, body=close[0].to_bytes(2) + close[1].encode())
            await host.settled()
            seen.extend(map(meaning, (each["body"] for each in host.said("chunk", name))))
            if not isinstance(seen[-1], tuple):
                seen.append(None)
        else:
            await host.settled()
            seen.extend([response["status"], host.chunks(name)])

    run(test)
    return seen


def meaning(content: bytes) -> Any:
    opcode, payload = content[0] & 15, content[2:]
    if opcode == Opcode.CLOSE:
        return (int.from_bytes(payload[:2]), payload[2:].decode())
    return payload.decode() if opcode == Opcode.TEXT else payload


def message(**content: Any) -> Message:
    return {"type": "websocket.send", **content}


@pytest.mark.parametrize(
    ("app", "said", "close"),
    [
        (
            lambda: App([{**ACCEPT, "subprotocol": "two"}], message(text="é"), message(bytes=b"\x00")),
            ["one", b"\xff"],
            (4001, "enough"),
        ),
        (lambda: App([ACCEPT], {**CLOSE, "code": 4002, "reason": "over"}), ["go"], None),
        (lambda: App([ACCEPT, CLOSE]), [], None),
        (lambda: App([CLOSE]), [], None),
        (lambda: App([DENY, DENIED]), [], None),
        (lambda: App([ACCEPT]), ["what"], None),
        (lambda: App([message(text="too early")]), [], None),
    ],
    ids=["talk", "the server closes", "at once", "refused", "denied", "raises", "raises early"],
)
def test_both_sides_have_the_same_as_with_uvicorn(app: Callable[[], App], said: Any, close: Any) -> None:
    there, here = app(), app()
    assert in_the_bridge(here, said, close) == under_uvicorn(there, said, close)
    assert [told(each) for each in here.received] == [told(each) for each in there.received]
    of_the_machine = {"headers", "client", "server", "state"}
    assert set(here.scope) == set(there.scope)
    for key in set(here.scope) - of_the_machine:
        assert here.scope[key] == there.scope[key], key


def told(received: Message) -> Message:
    """uvicorn gives no reason where it knows none; ASGI's default is the empty one."""
    return {"reason": "", **received} if received["type"] == "websocket.disconnect" else received


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda host, name: host.tell("cancel", name, code=1001), 1001),
        (lambda host, name: host.tell("cancel", name), 1006),
        (lambda host, _: asyncio.ensure_future(host.bridge.stop("server-1")), 1012),
    ],
    ids=["the page is left", "the cable is cut", "the server stops"],
)
def test_who_goes_without_a_word(end: Callable[[Host, str], Any], code: int) -> None:
    app = App([ACCEPT])

    async def test() -> None:
        host = Host(app)
        name = host.request(kind="handshake")
        await turns()
        end(host, name)
        await host.settled()
        assert app.received[-1] == {"type": "websocket.disconnect", "code": code, "reason": ""}
        closes = [meaning(each["body"]) for each in host.said("chunk", name)]
        assert closes == ([(1012, "")] if code == 1012 else [])

    run(test)


def test_whoever_sends_to_nobody_or_against_the_protocol_hears_of_it() -> None:
    raised: list[Exception] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for kind in (
            "websocket.send",
            "websocket.accept",
            "websocket.accept",
            "websocket.send",
            "websocket.close",
            "x",
        ):
            try:
                await send({"type": kind, "text": "word"})
            except (RuntimeError, OSError) as error:
                raised.append(error)

    async def test() -> None:
        host = Host(app)
        host.request(kind="handshake")
        await host.settled()
        assert [type(each) for each in raised] == [RuntimeError] * 3  # before, twice, after
        raised.clear()
        gone = host.request(kind="handshake")
        host.tell("cancel", gone)
        await host.settled()
        assert all(isinstance(each, OSError) for each in raised)

    run(test)


def test_no_more_is_under_way_than_the_window() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(ACCEPT)
        while True:
            await send(message(bytes=b"x" * 996))  # with its head 1,000 bytes

    async def test() -> None:
        host = Host(app)
        name = host.request(kind="handshake")
        await fills_the_window_only(host, name)
        host.tell("cancel", name)
        await asyncio.wait_for(host.settled(), 5)

    run(test)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_frame_is_as_the_standard_has_it(size: int) -> None:
    expected = Frame(Opcode.BINARY, b"x" * size).serialize(mask=False)
    assert frame(Opcode.BINARY, b"x" * size) == expected


def test_a_handshake_has_cookies_and_sets_them() -> None:
    async def test() -> None:
        host = Host(App([{**ACCEPT, "headers": [COOKIE]}, CLOSE]))
        host.server.cookies().store("localhost", "/", ["user=a"])
        host.request(kind="handshake")
        await host.settled()
        assert headers(host.said("request")[0])["cookie"] == "user=a"
        assert host.server.cookies().header("/") == "user=a; seen=1"

    run(test)
