"""One request and its answer: what uvicorn does for an application, in the same order."""

import asyncio
import gc
import traceback
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import unquote

from bridge.content_encoding import ACCEPTED, unpacking
from bridge.event_source import Source
from bridge.lifespan import GRACE
from bridge.messages import Header, Message, Post
from bridge.output import printing
from bridge.server import Server

WINDOW = 65_536  # bytes that may be under way to the client before `send` waits


class Connection:
    """One request and its answer: the `receive` and `send` of its application."""

    def __init__(self, request: Message, server: Server, source: Source | None, post: Post) -> None:
        self.id: str = request["id"]
        self.server = server
        self.task: asyncio.Future[None] | None = None
        self._source = source
        self._to_service_worker = post
        self._method: str = request["method"]
        self._host: str = request["host"]
        self._path: str = request["path"]
        self._has_cookies = request.get("credentials") != "omit"
        self._unpack: Callable[[bytes], bytes] = bytes
        self._body: bytes | None = bytes(request["body"] or b"")  # None once the application has it
        self._status: int | None = None
        self._gone = False
        self._over = asyncio.Event()  # the answer is complete or the client gone
        self._under_way = bytearray()  # sent, not yet taken by the client
        self._room = asyncio.Event()
        self._room.set()
        self._scope = self._make_scope(request, self._headers(request))

    def _headers(self, request: Message) -> list[Header]:
        headers: list[Header] = [(name, value) for name, value in request["headers"]]
        names = {name for name, _ in headers}
        if self._source:
            if self._source.connected_before and self._source.last_event_id and "last-event-id" not in names:
                headers.append(("last-event-id", self._source.last_event_id))
            self._source.connect()
        if self._body and "content-length" not in names:
            headers.append(("content-length", str(len(self._body))))
        if "accept-encoding" not in names:
            headers.append(("accept-encoding", ACCEPTED))
        cookies = self.server.cookies.header(self._path)
        if cookies and self._has_cookies:
            headers.append(("cookie", cookies))
        self._post("request", headers=headers)
        return headers

    def _make_scope(self, request: Message, headers: Sequence[Header]) -> Message:
        raw = [(name.encode("latin-1"), _header_bytes(name, value)) for name, value in headers]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self._method,
            "scheme": request["scheme"],
            "path": unquote(self._path),
            "raw_path": self._path.encode("ascii"),
            "query_string": request["query"].encode("ascii"),
            "root_path": "",
            "headers": raw,
            "client": ("127.0.0.1", 0),
            "server": (request["host"], request["port"]),
            "state": self.server.lifespan.state.copy(),
            "extensions": {},
        }

    async def run(self) -> None:
        """Call the application; whatever becomes of it, the client hears of the end."""
        printing.set(self.server.name)
        error: str | None = "The application returned before its answer was complete."
        try:
            await self.server.app(self._scope, self.receive, self.send)
        except Exception as exception:
            if not self._gone:
                traceback.print_exc()
                error = f"The application raised {type(exception).__name__}."
                if self._status is None:
                    await self._send_error()
        finally:
            left = self._gone
            self.end(error)
        if left:
            # A generator that was cancelled inside `send` can hang in a cycle with its exception: have it closed now.
            await asyncio.sleep(0)
            gc.collect()

    async def receive(self) -> Message:
        """ASGI's `receive`: the body, once; then nothing until there is nobody to answer."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """ASGI's `send`: waits while the client is behind by `WINDOW`; does nothing when it is gone, as uvicorn."""
        if self._over.is_set():
            await asyncio.sleep(0)  # or a generator without any other await would never let go
        elif message["type"] == "http.response.start":
            self._start(message)
        elif message["type"] == "http.response.body":
            await self._send_body(message.get("body", b""))
            if not message.get("more_body", False):
                self.end(None)

    def _start(self, message: Message) -> None:
        if self._status is not None:
            raise RuntimeError("the application starts its answer twice")
        self._status = message["status"]
        headers = [(bytes(n).decode("latin-1").lower(), bytes(v).decode("latin-1")) for n, v in message["headers"]]
        if self._has_cookies:
            values = [value for name, value in headers if name == "set-cookie"]
            self.server.cookies.store(self._host, self._path, values)
        self._unpack = unpacking(dict(headers).get("content-encoding", ""))
        self._post("response", status=self._status, headers=headers)

    async def _send_body(self, body: bytes) -> None:
        if self._status is None:
            raise RuntimeError("the application sends a body before it starts its answer")
        await self._room.wait()
        if self._over.is_set() or self._method == "HEAD":
            return
        try:
            body = self._unpack(body)
        except zlib.error:
            self.end("The answer is not packed as its content-encoding says.")
            return
        if not body:
            return
        self._under_way += body
        self._watch_room()
        self._post("chunk", body=bytes(body))

    async def _send_error(self) -> None:
        self._start({"status": 500, "headers": [(b"content-type", b"text/plain; charset=utf-8")]})
        await self._send_body(b"Internal Server Error")
        self.end(None)

    def _watch_room(self) -> None:
        if len(self._under_way) < WINDOW:
            self._room.set()
        else:
            self._room.clear()

    @property
    def arriving(self) -> bool:
        """Whether there are bytes that an event source has yet to take: they may tell its last event ID."""
        return bool(self._source and self._under_way)

    def pulled(self, size: int) -> None:
        """The client has taken the first `size` bytes of what is under way."""
        taken = bytes(self._under_way[:size])
        del self._under_way[:size]
        if self._source:
            self._source.feed(taken)
        self._watch_room()

    def leave(self) -> None:
        """The client is gone; what was under way did not arrive."""
        self._gone = True
        self._under_way.clear()
        self._close()

    def end(self, error: str | None) -> None:
        """The answer is complete, or broken off for the reason given; only the first end counts."""
        if self._over.is_set():
            return
        self._post("end", error=error)
        self._close()

    def _close(self) -> None:
        self._over.set()
        self._room.set()

    def _post(self, kind: str, **content: Any) -> None:
        self._to_service_worker({"kind": kind, "id": self.id, **content})


def _header_bytes(name: str, value: str) -> bytes:
    # An event source sends its last event ID in UTF-8; all other values have come as browsers show them, in Latin-1.
    return value.encode() if name == "last-event-id" else value.encode("latin-1")


async def end_all(connections: Iterable[Connection], why: str) -> None:
    """End what is open, as uvicorn does with a grace period."""
    connections = list(connections)
    for connection in connections:
        connection.end(why)
    tasks = [connection.task for connection in connections if connection.task]
    if not tasks:
        return
    _, pending = await asyncio.wait(tasks, timeout=GRACE)
    for task in pending:
        task.cancel()
    if pending:
        await asyncio.wait(pending, timeout=GRACE)
