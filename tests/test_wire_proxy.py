"""Between an example's process and its readers: what is passed on, what is changed, and what is told of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from streamside.server import serve
from streamside.wire_proxy import Place, Wire
from tests.test_cable import WHOLE

PAGE = "<!doctype html><html><head><script src=https://cdn.jsdelivr.net/npm/htmx.org@2.0.7/dist/htmx.min.js></script>"


async def app(scope, receive, send):
    """Some of what examples do."""
    if scope["type"] == "lifespan":
        return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        said = await receive()
        await send({"type": "websocket.send", "text": said["text"].upper()})
        await send({"type": "websocket.close"})
        return
    headers = dict(scope["headers"])
    kinds = {"/": "text/html", "/stream": "text/event-stream", "/away": "text/plain"}
    own = [(b"content-type", kinds.get(scope["path"], "text/plain").encode())]
    own += [(b"location", b"/there?a=b")] if scope["path"] == "/away" else []
    own += [(b"set-cookie", b"seen=yes")] if scope["path"] == "/" else []
    await send({"type": "http.response.start", "status": 303 if scope["path"] == "/away" else 200, "headers": own})
    if scope["path"] == "/stream":
        await send({"type": "http.response.body", "body": b"id: 7\nretry: 50\ndata: one\n\n", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    body = PAGE if scope["path"] == "/" else f"{scope['path']}?{scope['query_string'].decode()} {headers}"
    await send({"type": "http.response.body", "body": body.encode()})


@asynccontextmanager
async def proxied() -> AsyncIterator[tuple[Wire, aiohttp.ClientSession, list[dict[str, Any]]]]:
    """A wire to that application, a client that asks through it, and what the wire tells."""
    told: list[dict[str, Any]] = []

    async def tell(message: dict[str, Any]) -> None:
        told.append(message)

    async def answer(request: web.Request) -> web.StreamResponse:
        _, _, server, rest = request.raw_path.split("/", 3)
        reader, _, jar = server.partition("~")[2].partition("~")
        return await wire.answer(request, Place.of(reader, jar, f"/{rest}", request.raw_path.count("/") - 1))

    handler = web.Application()
    handler.add_routes([web.route("*", "/{rest:.*}", answer)])
    runner = web.AppRunner(handler, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    with serve(app) as server:
        wire = Wire(tell)
        wire.port = int(server.url.rpartition(":")[2])
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        async with aiohttp.ClientSession(address) as client:
            yield wire, client, told
        await wire.close()
        await runner.cleanup()


def run(visit: Callable[..., Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with proxied() as all_three:
            return await visit(*all_three)

    return asyncio.run(main())


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  (nothing tells)
            await asyncio.sleep(0.01)


def test_a_page_gets_the_probe_and_our_files_and_its_cookies_stay_here():
    async def visit(wire, client, told):
        page = await client.get("live/x/", headers={"accept": "text/html"})
        echo = await client.get("live/x/a/echo?q=1&streamside-source=abc-1", headers={"cookie": "_xsrf=jupyter"})
        other = await client.get("live/x~2~2/echo")
        return page.headers, await page.text(), await echo.text(), await other.text(), told

    headers, page, echo, other, told = run(visit)
    assert "set-cookie" not in headers
    assert page.startswith(
        '<!doctype html><html><head><script src="../../live/frame/probe.js"></script><script src=../../live/'
    )
    assert "assets/htmx.org@2.0.7/dist/htmx.min.js" in page
    assert echo.startswith("/a/echo?q=1 {")
    assert "seen=yes" in echo
    assert "jupyter" not in echo
    assert "seen=yes" not in other
    kinds = [(message["kind"], message["connection"]) for message in told]
    assert [kind for kind, connection in kinds if connection == kinds[0][1]] == ["request", "response", "chunk", "end"]
    assert {"path": "/a/echo?q=1", "source": "abc-1", "reader": 1}.items() <= told[4].items()
    assert sorted(message["reader"] for message in told if message["kind"] == "end") == [1, 1, 2]


def test_what_a_fetch_sends_is_told_and_its_name_is_taken_off():
    async def visit(wire, client, told):
        echo = await client.post("live/x/echo", headers={"streamside-fetch": "f-1"}, data=b"a" * 10_003)
        return await echo.text(), told

    echo, told = run(visit)
    assert "streamside" not in echo
    assert {"method": "POST", "fetch": "f-1", "body": "a" * 10_000, "more": 3}.items() <= told[0].items()
    assert "streamside-fetch" not in dict(told[0]["headers"])


def test_an_example_leads_to_its_own_addresses():
    async def visit(wire, client, told):
        return (await client.get("live/x/away", allow_redirects=False)).headers["location"]

    assert run(visit) == "./there?a=b"


def test_a_stream_is_read_along_broken_by_a_cut_cable_and_waited_for():
    async def visit(wire, client, told):
        ask = {"headers": {"accept": "text/event-stream"}}
        stream = await client.get("live/x/stream?streamside-source=s-1", **ask)
        first = await stream.content.readuntil(b"\n\n")
        known = wire.parsers["s-1"]
        wire.change({**WHOLE, "cut": True})
        try:
            await stream.content.read()
            broken = False
        except aiohttp.ClientPayloadError:
            broken = True
        again = asyncio.create_task(client.get("live/x/stream?streamside-source=s-1", **ask))
        await _until(lambda: told[-1]["kind"] == "waiting")
        try:
            await client.get("live/x/echo")
            refused = False
        except aiohttp.ClientError:
            refused = True
        wire.change(WHOLE)
        stream = await again
        stream.close()
        await _until(lambda: told[-1].get("by") == "client")
        return first, (known.last_event_id, known.reconnection_time), broken, refused, told

    first, known, broken, refused, told = run(visit)
    assert first == b"id: 7\nretry: 50\ndata: one\n\n"
    assert (known, broken, refused) == (("7", 50), True, True)
    ends = [(message["by"], message["why"]) for message in told if message["kind"] == "end"]
    assert ends[0] == ("network", "The cable was cut.")
    assert ("network", "The cable is cut.") in ends
    assert ends[-1] == ("client", "The page closed the connection.")


def test_the_cable_answers_once_in_the_servers_place():
    async def visit(wire, client, told):
        wire.change({**WHOLE, "answer": 503})
        answers = [await client.get("live/x/echo") for _ in range(2)]
        return [(await answer.read(), answer.status)[1] for answer in answers], told

    statuses, told = run(visit)
    assert statuses == [503, 200]
    assert [message["kind"] for message in told[:4]] == ["request", "answered", "response", "end"]


def test_a_web_sockets_messages_go_both_ways_and_are_told():
    async def visit(wire, client, told):
        async with client.ws_connect("live/x/socket") as socket:
            await socket.send_str("hello")
            said = (await socket.receive()).data
            await socket.receive()
        await _until(lambda: told[-1]["kind"] == "end")
        return said, told

    said, told = run(visit)
    assert said == "HELLO"
    frames = [(message["by"], message["what"], message["text"]) for message in told if message["kind"] == "frame"]
    assert frames == [("client", "text", "hello"), ("server", "text", "HELLO")]
    assert told[-1]["by"] == "server"
