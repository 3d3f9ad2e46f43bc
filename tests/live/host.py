"""A bridge with one server, as the service worker has it: messages in, and everything that was posted."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bridge.bridge import Bridge
from bridge.connection import WINDOW
from bridge.server import Server

HEAD = {"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", b"text/event-stream")]}


def body(content: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": more}


class Host:
    """A bridge with one server, and everything that it has posted."""

    def __init__(self, app: Any) -> None:
        self.posted: list[dict[str, Any]] = []
        self.bridge = Bridge(self.posted.append)
        self.server = Server("server-1", "program", app)
        self.bridge.servers["server-1"] = self.server
        self._count = 0

    def request(self, method: str = "GET", path: str = "/", kind: str = "request", **content: Any) -> str:
        self._count += 1
        name = f"life {self._count}"
        defaults = {"query": "", "headers": [], "body": None, "source": None}
        where = {"scheme": "http", "host": "localhost", "port": 80, "server": "server-1"}
        self.bridge.receive({"kind": kind, "id": name, "method": method, "path": path, **defaults, **where, **content})
        return name

    def tell(self, kind: str, name: str, **content: Any) -> None:
        self.bridge.receive({"kind": kind, "id": name, **content})

    def said(self, kind: str, name: str | None = None) -> list[dict[str, Any]]:
        return [each for each in self.posted if each["kind"] == kind and name in (None, each["id"])]

    def chunks(self, name: str) -> bytes:
        return b"".join(each["body"] for each in self.said("chunk", name))

    async def settled(self) -> None:
        """Until all answers are complete."""
        while self.bridge.connections:  # noqa: ASYNC110  # the bridge has no event for tests alone
            await asyncio.sleep(0)


def headers(message: dict[str, Any]) -> dict[str, str]:
    return dict(message["headers"])


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def fills_the_window_only(host: Host, name: str) -> None:
    """A server that sends pieces of 1,000 bytes without end waits for its client, also after that has taken some."""
    for taken in (0, 10_000):
        if taken:
            host.tell("pulled", name, size=taken)
        await turns(500)
        assert WINDOW + taken <= len(host.chunks(name)) < WINDOW + taken + 1000


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]
