"""One request and its answer, as HTTP has them."""

import asyncio
import zlib
from collections.abc import Callable, Sequence, Set

from bridge.connection import Connection
from bridge.content_encoding import unpacking
from bridge.event_source import Sources
from bridge.messages import Header, Message, Post
from bridge.server import Server


class Request(Connection):
    """One request and its answer."""

    def __init__(self, request: Message, server: Server, sources: Sources, post: Post) -> None:
        self._sources = sources
        self._source = sources.of(request)
        self._unpack: Callable[[bytes], bytes] = bytes
        self._body: bytes | None = bytes(request["body"] or b"")  # None once the application has it
        self._status: int | None = None
        self._is_stream = True  # as far as is known
        super().__init__(request, server, post)

    def _more_headers(self, names: Set[str]) -> list[Header]:
        headers: list[Header] = []
        if self._source:
            if self._source.connected_before and self._source.last_event_id and "last-event-id" not in names:
                headers.append(("last-event-id", self._source.last_event_id))
            self._source.connect()
        if self._body and "content-length" not in names:
            headers.append(("content-length", str(len(self._body))))
        return headers + super()._more_headers(names)

    def _make_scope(self, request: Message, headers: Sequence[Header]) -> Message:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "method": request["method"],
            "extensions": {},
            **super()._make_scope(request, headers),
        }

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
        headers = dict(self._respond(message["status"], message["headers"]))
        self._unpack = unpacking(headers.get("content-encoding", ""))
        self._is_stream = self._status == 200 and headers.get("content-type", "").startswith("text/event-stream")

    async def _send_body(self, body: bytes) -> None:
        if self._status is None:
            raise RuntimeError("the application sends a body before it starts its answer")
        await self._room.wait()
        if self._over.is_set() or self._request["method"] == "HEAD":
            return
        try:
            body = self._unpack(body)
        except zlib.error:
            self.end("The answer is not packed as its content-encoding says.")
            return
        if body:
            self._send_bytes(bytes(body))

    async def _send_error(self) -> None:
        if self._status is not None:
            return
        self._start({"status": 500, "headers": [(b"content-type", b"text/plain; charset=utf-8")]})
        await self._send_body(b"Internal Server Error")
        self.end(None)

    def leave(self, code: int | None) -> None:
        """The client is gone: of its own accord if there is a code, else it has lost the connection."""
        if code is None:
            self._lose()
        super().leave(code)

    def end(self, error: str | None) -> None:
        """The answer is complete, or broken off."""
        self._lose()
        super().end(error)

    def _lose(self) -> None:
        if self._source and self._is_stream and not self._over.is_set():
            self._sources.lose(self._request, self._source)

    @property
    def arriving(self) -> bool:
        """Whether there are bytes that an event source has yet to take: they may tell its last event ID."""
        return bool(self._source and self._under_way)

    def pulled(self, size: int) -> bytes:
        """The client has taken the first `size` bytes of what is under way: these."""
        taken = super().pulled(size)
        if self._source:
            self._source.feed(taken)
        return taken
