"""Readers in numbers: who has joined, what they receive together, and who comes back when it is cut."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from benchmarks.fanout import AT_ONCE, REQUEST, Tally
from benchmarks.fanout_servers import MARK

AGAIN = 0.05  # seconds until who finds nobody tries again


class Crowd(Tally):
    """What all readers received together, who of them was cut, and who has heard nothing since."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.missing = size  # readers that have not joined
        self.complete = asyncio.Event()
        self.open = True  # when it is not, nobody comes back
        self.cut = 0
        self.silent: set[Reader] = set()  # that were cut
        self.news = asyncio.Event()

    def take(self, data: bytes) -> None:
        super().take(data)
        if self.missing:
            self.missing -= data.count(b"event: joined")
            if not self.missing:
                self.complete.set()

    async def back(self, cut: int) -> None:
        """Return when so many have been cut, and every one of them has had an event again."""
        while self.cut < cut or self.silent:
            self.news.clear()
            await self.news.wait()


class Reader(asyncio.Protocol):
    """One of them: leaves when it is cut."""

    def __init__(self, crowd: Crowd, port: int) -> None:
        self.crowd, self.port = crowd, port
        self.data_received = crowd.take

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(REQUEST)


class Returning(Reader):
    """One that comes back at once, with its last event ID."""

    def __init__(self, crowd: Crowd, port: int) -> None:
        super().__init__(crowd, port)
        self.data_received = self.take
        self.tail = b""
        self.coming: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        whole, _, _ = self.tail.rpartition(b"\n\n")
        ids = re.findall(rb"id: (\S+)\n", whole)
        resume = b"last-event-id: %b\r\n" % ids[-1] if ids else b""
        transport.write(REQUEST.removesuffix(b"\r\n") + resume + b"\r\n")

    def take(self, data: bytes) -> None:
        self.tail = (self.tail + data)[-1000:]
        self.crowd.take(data)
        if self in self.crowd.silent and MARK.encode() in data:
            self.crowd.silent.remove(self)
            self.crowd.news.set()

    def connection_lost(self, _error: Exception | None) -> None:
        if self.crowd.open:
            self.crowd.cut += self not in self.crowd.silent
            self.crowd.silent.add(self)
            self.coming = asyncio.get_running_loop().create_task(self.come_back())

    async def come_back(self) -> None:
        while self.crowd.open:
            with suppress(OSError):
                await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self.port)
                return
            await asyncio.sleep(AGAIN)


@asynccontextmanager
async def gathered(size: int, port: int, kind: Callable[[Crowd, int], Reader] = Reader) -> AsyncIterator[Crowd]:
    """So many readers, once all have joined."""
    loop, crowd = asyncio.get_running_loop(), Crowd(size)
    transports: set[asyncio.BaseTransport] = set()

    class Kept(kind):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transports.add(transport)
            super().connection_made(transport)

    try:
        for start in range(0, size, AT_ONCE):
            some = range(start, min(start + AT_ONCE, size))
            await asyncio.gather(*[loop.create_connection(lambda: Kept(crowd, port), "127.0.0.1", port) for _ in some])
        await crowd.complete.wait()
        yield crowd
    finally:
        crowd.open = False
        for transport in transports:
            transport.abort()
