"""What a program asks of its own server reaches it, without sockets."""

import asyncio
from typing import Any

import httpx2
import pytest
from bridge.bridge import Bridge
from bridge.output import printing
from bridge.own_requests import Door, Transport, doors

from tests.live.host import HEAD, Host, body, run, turns

OWN = "http://localhost"


def client(**options: Any) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=Transport(), **options)  # type: ignore[arg-type]


async def asking(app: Any) -> Host:
    """A server that has been visited, and so has an address. What is asked from here on, its program asks."""
    host = Host(app)
    host.server.addresses.add(("localhost", 80))
    printing.set("server-1")
    doors["server-1"] = Door(host.server.addresses, lambda *asked: host.bridge._connect(host.server, *asked))
    return host


def test_a_request_reaches_the_programs_own_server_and_its_answer_comes_as_it_is_sent() -> None:
    seen: dict[str, Any] = {}
    left = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope, body=(await receive())["body"])
        await send(HEAD)
        await send(body(b"id: 1\ndata: caf\xc3\xa9\n\n"))
        await receive()  # until the client has left
        left.set()

    async def test() -> None:
        host = await asking(app)
        headers = {"Last-Event-ID": "é".encode(), "X": b"\xe9"}
        async with client() as asked, asked.sse(f"{OWN}/a%20b?q=1", method="POST", json=1, headers=headers) as source:
            async for event in source:
                assert (event.data, event.id) == ("café", "1")
                break
        await asyncio.wait_for(left.wait(), 1)
        assert (seen["method"], seen["path"], seen["query_string"], seen["body"]) == ("POST", "/a b", b"q=1", b"1")
        sent = dict(seen["headers"])
        assert (sent[b"last-event-id"], sent[b"x"]) == ("é".encode(), b"\xe9")
        assert sent[b"accept-encoding"] == b"identity"
        assert host.posted == []  # the page is told nothing of it
        await turns()
        assert not host.bridge.connections

    run(test)


def test_what_a_server_ends_or_breaks_off_is_told_as_elsewhere() -> None:
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        if scope["path"] == "/before":
            raise ValueError
        await send(HEAD)
        await send(body(b"data: 1\n\n", more=scope["path"] != "/whole"))
        if scope["path"] == "/silent":
            await asyncio.sleep(1)

    async def test() -> None:
        await asking(app)
        async with client(timeout=0.02) as asked:
            assert (await asked.get(f"{OWN}/whole")).text == "data: 1\n\n"
            assert (await asked.get(f"{OWN}/before")).status_code == 500
            with pytest.raises(httpx2.RemoteProtocolError, match="before its answer was complete"):
                await asked.get(f"{OWN}/half")
            with pytest.raises(httpx2.ReadTimeout):
                await asked.get(f"{OWN}/silent")

    run(test)


@pytest.mark.parametrize("address", ["http://localhost:81", "https://localhost", "http://example.org"])
def test_no_other_server_is_there(address: str) -> None:
    async def test() -> None:
        await asking(None)
        async with client() as asked:
            with pytest.raises(httpx2.ConnectError, match="its own server alone"):
                await asked.get(address)

    run(test)


def test_a_server_that_has_not_begun_to_answer_is_left_too() -> None:
    left = asyncio.Event()

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        await receive()
        await receive()
        left.set()

    async def test() -> None:
        await asking(app)
        async with client() as asked:
            asking_it = asyncio.ensure_future(asked.get(OWN))
            await turns()
            asking_it.cancel()
            await asyncio.wait_for(left.wait(), 1)

    run(test)


PROGRAM = """
import httpx2

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    answer = "own"
    if scope["path"] == "/":
        async with httpx2.AsyncClient() as client:
            host, port = scope["server"]
            answer = (await client.get(f"http://{host}:{port}/own")).text
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": answer.encode()})
"""


def test_a_running_program_asks_its_own_server() -> None:
    async def test() -> None:
        host = Host(None)
        host.bridge = Bridge(host.posted.append)
        await host.bridge.start("server-1", "program", {"program.py": PROGRAM})
        name = host.request()
        await host.settled()
        assert host.chunks(name) == b"own"
        await host.bridge.stop("server-1")
        assert "server-1" not in doors

    # httpx2 itself has sockets here: what `adapt` gives it in a page is put in their place.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("httpx2._client.AsyncHTTPTransport", Transport)
        run(test)
