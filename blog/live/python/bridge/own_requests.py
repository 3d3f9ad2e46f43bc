"""What a program asks of its own server with httpx2 reaches it: a page has no sockets, and no other server to ask."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

from bridge.messages import Message, Post
from bridge.output import printing

PORTS = {"http": 80, "https": 443}
numbers = count(1)


@dataclass(frozen=True)
class Door:
    """A running server: the addresses at which it is asked, and what opens a connection to it."""

    addresses: set[tuple[str, int]]
    open: Callable[[Message, Post], Any]


doors: dict[str | None, Door] = {}  # by the server's name


class Transport:
    """What stands for httpx2's transports. What cannot be reached is a `ConnectError`, as elsewhere."""

    def __init__(self, **_options: Any) -> None: ...

    async def __aenter__(self) -> "Transport":
        return self

    async def __aexit__(self, *_error: object) -> None: ...

    async def aclose(self) -> None:
        """Nothing is kept open."""

    async def handle_async_request(self, request: Any) -> Any:
        """Send the request; return the answer as soon as it has begun."""
        import httpx2

        url, door = request.url, doors.get(printing.get())
        port = url.port or PORTS[url.scheme]
        if not door or (url.host, port) not in door.addresses:
            raise httpx2.ConnectError(f"From a page, Python reaches its own server alone, not {url.host}:{port}.")
        answer = Answer(request.extensions.get("timeout", {}).get("read"))
        answer.connection = door.open(_message(request, port, await request.aread()), answer.messages.put_nowait)
        try:
            head = await answer.next("response")
        except BaseException:
            await answer.close()
            raise
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head["headers"]]
        return httpx2.Response(head["status"], headers=headers, stream=_stream_type()(answer))


def _message(request: Any, port: int, body: bytes) -> Message:
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    return {
        "kind": "request",
        "id": f"own {next(numbers)}",
        "method": request.method,
        "scheme": request.url.scheme,
        "host": request.url.host,
        "port": port,
        "path": path,
        "query": query,
        "headers": [*map(_text, request.headers.raw)],
        "body": body,
        "source": None,
        "credentials": "omit",  # those of the page's visitors are not the program's
    }


def _text(header: tuple[bytes, bytes]) -> tuple[str, str]:
    name, value = header[0].decode("latin-1").lower(), header[1]
    if name == "accept-encoding":
        return name, "identity"
    return name, value.decode() if name == "last-event-id" else value.decode("latin-1")


class Answer:
    """An answer as it comes: messages as they else go to the service worker."""

    connection: Any

    def __init__(self, patience: float | None) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self._patience = patience  # seconds; None is for ever

    async def next(self, *kinds: str) -> Message:
        """The next message of one of these kinds. Raises httpx2's errors where there will be none, or not in time."""
        import httpx2

        while True:
            try:
                async with asyncio.timeout(self._patience):
                    message = await self.messages.get()
            except TimeoutError:
                raise httpx2.ReadTimeout("The server was silent.") from None
            if message["kind"] in kinds:
                return message
            if message["kind"] == "end":
                raise httpx2.RemoteProtocolError(message["error"])

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, piece by piece."""
        while (message := await self.next("chunk", "end"))["kind"] == "chunk":
            self.connection.pulled(len(message["body"]))
            yield message["body"]
        if message["error"]:
            import httpx2

            raise httpx2.RemoteProtocolError(message["error"])

    async def close(self) -> None:
        """Leave: to the server, its client is gone."""
        self.connection.leave(None)


@cache
def _stream_type() -> type:
    """A body, as httpx2 wants it; made when there is httpx2."""
    import httpx2

    class Stream(httpx2.AsyncByteStream):
        def __init__(self, answer: Answer) -> None:
            self._answer = answer

        def __aiter__(self) -> AsyncIterator[bytes]:
            return self._answer.pieces()

        async def aclose(self) -> None:
            await self._answer.close()

    return Stream
