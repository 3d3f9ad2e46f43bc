"""A client's connection, whatever is spoken over it: what uvicorn does for an application, in the same order."""

import asyncio
import gc
import traceback
from collections import deque
from collections.abc import Iterable, Sequence, Set
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from bridge.content_encoding import ACCEPTED
from bridge.lifespan import GRACE
from bridge.messages import Header, Message, Post
from bridge.output import printing
from bridge.server import FIRST, Server

WINDOW = 65_536  # bytes that may be under way to the client before `send` waits
PIECES = 128  # as many pieces may be: each costs the page as much as thousands of bytes


class Connection:
    """A client's connection: the `receive` and `send` of its application."""

    def __init__(self, request: Message, server: Server, post: Post) -> None:
        self.id: str = request["id"]
        self.server = server
        self.task: asyncio.Future[None] | None = None
        self._request = request
        self._to_service_worker = post
        self._cookies = server.cookies(request.get("jar", FIRST))
        self._has_cookies = request.get("credentials") != "omit"
        self._gone = False
        self._over = asyncio.Event()  # the answer is complete or the client gone
        self._under_way = bytearray()  # sent, not yet taken by the client
        self._sent = 0  # bytes, in all
        self._ends: deque[int] = deque()  # where the pieces that are under way end in what was sent
        self._room = asyncio.Event()
        self._room.set()
        self._scope = self._make_scope(request, self._headers())

    def _headers(self) -> list[Header]:
        headers: list[Header] = [(name, value) for name, value in self._request["headers"]]
        headers += self._more_headers({name for name, _ in headers})
        cookies = self._cookies.header(self._request["path"])
        if cookies and self._has_cookies:
            headers.append(("cookie", cookies))
        self._post("request", headers=headers)
        return headers

    def _more_headers(self, names: Set[str]) -> list[Header]:
        return [] if "accept-encoding" in names else [("accept-encoding", ACCEPTED)]

    def _make_scope(self, request: Message, headers: Sequence[Header]) -> Message:
        self.server.addresses.add((request["host"], request["port"]))
        return {
            "http_version": "1.1",
            "scheme": request["scheme"],
            "path": unquote(request["path"]),
            "raw_path": request["path"].encode("ascii"),
            "query_string": request["query"].encode("ascii"),
            "root_path": "",
            "headers": [(name.encode("latin-1"), _header_bytes(name, value)) for name, value in headers],
            "client": ("127.0.0.1", 0),
            "server": (request["host"], request["port"]),
            "state": self.server.lifespan.state.copy(),
        }

    async def run(self) -> None:
        """Call the application; whatever becomes of it, the client hears of the end."""
        printing.set(self.server.name)
        error: str | None = "The application returned before its answer was complete."
        try:
            await self.server.app(self._scope, self.receive, self.send)
        except Exception as exception:
            if not self._is_left(exception):
                traceback.print_exc()
                error = f"The application raised {type(exception).__name__}."
                await self._send_error()
        finally:
            left = self._gone
            self.end(error)
        if left:
            # A generator that was cancelled inside `send` can hang in a cycle with its exception: have it closed now.
            await asyncio.sleep(0)
            gc.collect()

    def _is_left(self, _exception: Exception) -> bool:
        """Whether an application raises only because its client is gone."""
        return self._gone

    async def _send_error(self) -> None:
        """Answer for an application that has raised, if it has not answered itself."""
        raise NotImplementedError

    async def receive(self) -> Message:
        """ASGI's `receive`."""
        raise NotImplementedError

    async def send(self, message: Message) -> None:
        """ASGI's `send`."""
        raise NotImplementedError

    def hear(self, message: Message) -> None:
        """The client says something after its request, if it can."""

    def _respond(self, status: int, headers: Iterable[tuple[bytes, bytes]], *more: Header) -> list[Header]:
        shown = [(bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1")) for name, value in headers]
        shown += more
        if self._has_cookies:
            values = [value for name, value in shown if name == "set-cookie"]
            self._cookies.store(self._request["host"], self._request["path"], values)
        cookies = self._cookies.for_scripts()
        self._post("response", status=status, reason=_reason(status), headers=shown, cookies=cookies)
        return shown

    def _send_bytes(self, content: bytes) -> None:
        self._under_way += content
        self._sent += len(content)
        self._ends.append(self._sent)
        self._watch_room()
        self._post("chunk", body=content)

    def _watch_room(self) -> None:
        taken = self._sent - len(self._under_way)
        while self._ends and self._ends[0] <= taken:
            self._ends.popleft()
        if len(self._under_way) < WINDOW and len(self._ends) < PIECES:
            self._room.set()
        else:
            self._room.clear()

    @property
    def arriving(self) -> bool:
        """Whether it matters, when all is over, what of the bytes under way the client still takes."""
        return False

    def pulled(self, size: int) -> bytes:
        """The client has taken the first `size` bytes of what is under way: these."""
        taken = bytes(self._under_way[:size])
        del self._under_way[:size]
        self._watch_room()
        return taken

    def leave(self, _code: int | None) -> None:
        """The client is gone; what was under way did not arrive. A WebSocket is told how it went."""
        self._gone = True
        self._under_way.clear()
        self._close()

    def stop(self, why: str) -> None:
        """The server ends."""
        self.end(why)

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


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""  # as uvicorn has it


async def end_all(connections: Iterable[Connection], why: str) -> None:
    """End what is open, as uvicorn does with a grace period."""
    connections = list(connections)
    for connection in connections:
        connection.stop(why)
    tasks = [connection.task for connection in connections if connection.task]
    if not tasks:
        return
    _, pending = await asyncio.wait(tasks, timeout=GRACE)
    for task in pending:
        task.cancel()
    if pending:
        await asyncio.wait(pending, timeout=GRACE)
