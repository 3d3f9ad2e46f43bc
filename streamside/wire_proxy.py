"""Between an example's process and its readers' browsers: tells what goes over each connection, as its cable lets it.

What it tells are the messages that the page's Wire draws (`blog/live/page/wire-view.js`).
"""

import asyncio
import codecs
import itertools
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web
from yarl import URL

from streamside.assets import CDN_LINK
from streamside.cable import Cable, Item, Transit
from streamside.wire import EventParser

Tell = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[str, str]]

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"}
# Of a request: what is another server's affair, or would make the bytes unreadable.
NOT_PASSED_ON = {*HOP_BY_HOP, "accept-encoding", "content-length", "cookie", "streamside-fetch"}
PROXYS_OWN = re.compile(r"x-(forwarded|proxy|real|scheme)")
LEADS = {"location", "hx-redirect", "hx-location", "hx-push-url", "hx-replace-url"}
ASKER = re.compile(r"[?&]streamside-(?:source|socket)=([\w-]+)$")
PROBE = b'<script src="%s"></script>'
HEAD = re.compile(rb"\s*(<!doctype[^>]*>)?\s*(<html[^>]*>)?\s*(<head[^>]*>)?", re.IGNORECASE)
GONE = "The page closed the connection."
ENDED = "The server ended the response."
CONTENT = 10_000  # bytes of a request's body that are told

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """Where a request leads: a path of the example, for one of its readers, with the cookies of one of them."""

    reader: int
    jar: int
    target: str  # path and query, as the example is to see it
    source: str | None  # the event source that asks, by the name that it has given itself
    depth: int  # folders between the site's root and the page

    @classmethod
    def of(cls, reader: str | None, jar: str | None, target: str, depth: int) -> "Place":
        """From the parts of an address; the probe's name for the event source is taken off the target."""
        asker = ASKER.search(target)
        target = target[: asker.start()] if asker else target
        return cls(int(reader or 1), int(jar or 1), target, asker[1] if asker else None, depth)

    @property
    def site(self) -> str:
        """The site's root, from the page: absolute paths are not known behind another proxy."""
        return "../" * self.depth

    @property
    def home(self) -> str:
        """The example's root, from the page."""
        return "../" * (self.target.partition("?")[0].count("/") - 1) or "./"


class Wire:
    """All connections to one example."""

    def __init__(self, tell: Tell) -> None:
        self.cable = Cable()
        self.port = 0
        self.parsers: dict[str, EventParser] = {}  # of event sources, for what they will ask for next
        self._tell = tell
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None)
        )
        self._jars: dict[int, aiohttp.CookieJar] = {}
        self._connections: set[Connection] = set()

    def change(self, state: dict[str, Any]) -> None:
        """Take over the cable's state; a cut breaks what is open."""
        self.cable.change(state)
        if self.cable.cut:
            self.break_off("network", "The cable was cut.")

    def break_off(self, by: str, why: str) -> None:
        """Break all connections."""
        for connection in list(self._connections):
            connection.break_off(by, why)

    async def close(self) -> None:
        """Break what is open and forget the cookies."""
        self.break_off("server", "The server was stopped.")
        await self._session.close()

    async def answer(self, request: web.Request, place: Place) -> web.StreamResponse:
        """What a request gets from the example, through the cable."""
        connection = Connection(self, request, place)
        self._connections.add(connection)
        try:
            return await connection.answer()
        finally:
            self._connections.discard(connection)

    def jar(self, number: int) -> aiohttp.CookieJar:
        """The cookies of a reader, or of several who share them."""
        return self._jars.setdefault(number, aiohttp.CookieJar(unsafe=True))

    async def tell(self, message: dict[str, Any]) -> None:
        """Tell what happens now."""
        await self._tell({**message, "time": time.time() * 1000})

    @property
    def session(self) -> aiohttp.ClientSession:
        """What asks the example."""
        return self._session


class Connection:
    """One request of an example's page, and its answer on the way back."""

    def __init__(self, wire: Wire, request: web.Request, place: Place) -> None:
        self._wire, self._request, self._place = wire, request, place
        self._task = asyncio.current_task()
        self._about = {"connection": f"{next(_numbers)}", "reader": place.reader}
        self._url = URL(f"http://127.0.0.1:{wire.port}{place.target}", encoded=True)
        self._headers = self._as_asked()
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._broken: tuple[str, str] | None = None
        self._is_over = False

    async def answer(self) -> web.StreamResponse:
        """Ask the example, and pass on what comes."""
        cable, is_source = self._wire.cable, self._request.headers.get("accept") == "text/event-stream"
        try:
            if is_source and cable.cut:  # its attempt waits in the cable, as packets do that are sent again and again
                await self._tell("waiting", **self._line)
                await cable.mended()
            await self._tell("request", **self._line, headers=self._headers, **await self._content())
            if cable.cut:
                return await self._end_broken("network", "The cable is cut.")
            if cable.answer:
                return await self._preset(cable.answer)
            if self._request.headers.get("upgrade", "").lower() == "websocket":
                return await self._talk()
            return await self._fetch()
        except asyncio.CancelledError:
            if self._broken:
                await self._end_broken(*self._broken)
            else:
                await self._end("client", GONE)
            raise
        except ConnectionError:
            await self._end("client", GONE)
            raise
        except aiohttp.ClientError:
            return await self._end_broken("server", "The server broke the connection off.")

    def break_off(self, by: str, why: str) -> None:
        """Break it: its client sees a network error, its server a client gone."""
        self._broken = by, why
        if self._task:
            self._task.cancel()

    @property
    def _line(self) -> dict[str, Any]:
        source = {"source": self._place.source} if self._place.source else {}
        return {"method": self._request.method, "path": self._place.target, **source}

    async def _content(self) -> dict[str, Any]:
        """The fetch that asks, by the name that the probe has given it, and the beginning of the request's body."""
        name, body = self._request.headers.get("streamside-fetch"), await self._request.read()
        shown = {"body": body[:CONTENT].decode(errors="replace"), "more": max(0, len(body) - CONTENT)} if body else {}
        return {"fetch": name, **shown} if name else shown

    def _as_asked(self) -> Headers:
        """The request's headers as the example is to see them, with the reader's cookies."""
        headers = []
        for name, value in ((name.lower(), value) for name, value in self._request.headers.items()):
            if name in NOT_PASSED_ON or PROXYS_OWN.match(name) or name.startswith("sec-websocket-"):
                continue
            if name == "referer":
                value = re.sub(r"/[\w-]+/live/tab-\w+/\w+-\d+(?:~\d~\d)?(?=/)", "", value)
            headers.append((name, value))
        cookies = self._wire.jar(self._place.jar).filter_cookies(self._url)
        if cookies:
            headers.append(("cookie", "; ".join(f"{name}={cookie.value}" for name, cookie in cookies.items())))
        return headers

    async def _fetch(self) -> web.StreamResponse:
        body, transit = await self._request.read(), Transit(self._wire.cable)
        reading = asyncio.create_task(self._read(body, transit))
        try:
            head = (await transit.take()).other
            if isinstance(head, Exception):
                return await self._end_broken("server", f"The server does not answer: {head}")
            return await self._pass_on(head, transit)
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading

    async def _read(self, body: bytes, transit: Transit) -> None:
        """Put what the example answers into the cable."""
        try:
            async with self._wire.session.request(
                self._request.method,
                self._url,
                headers=self._headers,
                data=body or None,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            ) as response:
                self._keep_cookies(response.headers.getall("set-cookie", []))
                transit.add(Item(b"", response))
                async for data in response.content.iter_any():
                    transit.add(Item(data))
            transit.add(Item(b"", is_end=True))
        except aiohttp.ClientError as error:
            transit.add(Item(b"", error, is_end=True))

    def _keep_cookies(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._wire.jar(self._place.jar).update_cookies(SimpleCookie(line), self._url)

    async def _pass_on(self, answer: aiohttp.ClientResponse, transit: Transit) -> web.StreamResponse:
        headers = [(name.lower(), value) for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP]
        await self._tell("response", status=answer.status, headers=headers)
        response = web.StreamResponse(status=answer.status)
        for name, value in headers:
            if name not in ("content-length", "set-cookie"):
                response.headers.add(name, self._mapped(value) if name in LEADS else value)
        kind = dict(headers).get("content-type", "")
        parser = self._parser() if answer.status == 200 and kind.startswith("text/event-stream") else None
        is_page = kind.startswith("text/html") and "text/html" in self._request.headers.get("accept", "")
        page = b""
        if not is_page:
            await response.prepare(self._request)
        while not (item := await transit.take()).is_end:
            await self._tell("chunk", text=self._decoder.decode(item.data))
            if parser:
                parser.feed(item.data)
            if is_page:
                page += item.data
            else:
                await response.write(item.data)
        if item.other:
            return await self._end_broken("server", "The server broke the connection off.")
        if is_page:
            await response.prepare(self._request)
            await response.write(self._with_probe(page))
        await self._end("server", ENDED)
        await response.write_eof()
        return response

    def _parser(self) -> EventParser | None:
        """What reads along for the event source that asks: it keeps its reconnection time from its last connection."""
        if not self._place.source:
            return None
        before = self._wire.parsers.get(self._place.source)
        parser = EventParser(self._request.headers.get("last-event-id", ""))
        parser.reconnection_time = before.reconnection_time if before else None
        self._wire.parsers[self._place.source] = parser
        return parser

    def _mapped(self, target: str) -> str:
        """Absolute paths of the example are below its own address."""
        path = re.sub(r"^https?://[^/]+", "", target) if target.startswith(f"http://{self._request.host}/") else target
        return self._place.home + path[1:] if path.startswith("/") and not path.startswith("//") else target

    def _with_probe(self, page: bytes) -> bytes:
        """A page with a script before all others, which tells what the browser makes of its event sources."""
        found = HEAD.match(page)
        at = found.end() if found else 0
        site = self._place.site
        page = page[:at] + PROBE % f"{site}live/frame/probe.js".encode() + page[at:]
        links = re.compile(CDN_LINK.pattern.encode())
        return links.sub(lambda match: f"{site}live/assets/".encode() + match[0].partition(b"/npm/")[2], page)

    async def _preset(self, status: int) -> web.Response:
        """The cable answers in the server's place, once."""
        self._wire.cable.answer = None
        await self._tell("answered")
        await self._tell("response", status=status, headers=[])
        await self._end("server", ENDED)
        return web.Response(status=status)

    async def _talk(self) -> web.StreamResponse:
        """A WebSocket: messages go both ways until one side closes."""
        names = [each.strip() for each in self._request.headers.get("sec-websocket-protocol", "").split(",") if each]
        headers = [(name, value) for name, value in self._headers if name not in ("host", "origin")]
        async with self._wire.session.ws_connect(self._url, protocols=names, headers=headers) as server:
            client = web.WebSocketResponse(protocols=[server.protocol] if server.protocol else [])
            await client.prepare(self._request)
            await self._tell("response", status=101, headers=[("connection", "upgrade"), ("upgrade", "websocket")])
            transit = Transit(self._wire.cable)
            sides = [
                asyncio.create_task(self._say(client, "client", self._sender(server))),
                asyncio.create_task(self._say(server, "server", lambda message: _put(transit, message))),
                asyncio.create_task(self._hear(transit, client)),
            ]
            try:
                done, _ = await asyncio.wait(sides[:1] + sides[2:], return_when=asyncio.FIRST_COMPLETED)
                by = "client" if sides[0] in done else "server"
                await client.close()
                await self._end(by, GONE if by == "client" else "The server closed the connection.")
            finally:
                for side in sides:
                    side.cancel()
            return client

    async def _say(self, side: Any, by: str, pass_on: Callable[[Any], Awaitable[None]]) -> None:
        """Tell and pass on what one side says, until it closes."""
        async for message in side:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                data = message.data.encode() if message.type == WSMsgType.TEXT else message.data
                if by == "client":
                    await self._tell_frame(by, message, data)
                await pass_on(message)
        if by == "server":
            await pass_on(None)

    def _sender(self, server: aiohttp.ClientWebSocketResponse) -> Callable[[Any], Awaitable[None]]:
        async def send(message: Any) -> None:
            await (server.send_str if message.type == WSMsgType.TEXT else server.send_bytes)(message.data)

        return send

    async def _hear(self, transit: Transit, client: web.WebSocketResponse) -> None:
        """Give the client what comes out of the cable."""
        while message := (await transit.take()).other:
            data = message.data.encode() if message.type == WSMsgType.TEXT else message.data
            await self._tell_frame("server", message, data)
            await (client.send_str if message.type == WSMsgType.TEXT else client.send_bytes)(message.data)

    async def _tell_frame(self, by: str, message: Any, data: bytes) -> None:
        what = "text" if message.type == WSMsgType.TEXT else "bytes"
        await self._tell("frame", by=by, what=what, text=data.decode(errors="replace"), size=len(data))

    async def _tell(self, kind: str, **more: Any) -> None:
        await self._wire.tell({"kind": kind, **self._about, **more})

    async def _end(self, by: str, why: str) -> None:
        if not self._is_over:
            self._is_over = True
            await self._tell("end", by=by, why=why)

    async def _end_broken(self, by: str, why: str) -> web.Response:
        """To the client it is a network error, whatever has come before."""
        await self._end(by, why)
        if transport := self._request.transport:
            transport.abort()
        return web.Response(status=502, text=why)


async def _put(transit: Transit, message: Any) -> None:
    transit.add(Item(b"", message, is_end=message is None))
