"""A client that resumes by id, as an event source does, and all that it has received."""

import asyncio
import random
import socket
from math import inf
from time import monotonic

import aiohttp

from benchmarks.publishing import NUMBER
from streamside.wire import EventParser

READ_AHEAD = 4096  # bytes, or about so many, that are taken for a client that does not read
PATIENCE = 5  # seconds for an answer's head


class Resuming:
    """One client: connects, and again after each end, with the last event ID."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[int] = []  # the numbers of events
        self.seen: set[int] = set()
        self.newest: float = 0
        self.told: list[str] = []  # the types of the events that say that some may be missing
        self.last_event_id = ""
        self.longest_silence, self.last_heard = 0.0, monotonic()
        self.connections = 0
        self.joined = asyncio.Event()
        self.reads = asyncio.Event()  # not set: it has stalled
        self.reads.set()
        self.abandoned: list[aiohttp.ClientResponse] = []
        self.keeps = False  # what is cut stays open, and is not read
        self.connection: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until cancelled."""
        connector = aiohttp.TCPConnector(force_close=True, socket_factory=small_socket)
        patience = aiohttp.ClientTimeout(total=None, sock_connect=PATIENCE)
        async with aiohttp.ClientSession(connector=connector, timeout=patience, read_bufsize=READ_AHEAD) as session:
            try:
                while True:
                    self.connection = asyncio.create_task(self.connect(session))
                    await asyncio.wait([self.connection])
                    if not self.connection.cancelled():
                        self.connection.result()
                    await asyncio.sleep(random.uniform(0, 0.2))
            finally:
                self.connection.cancel()
                await asyncio.wait([self.connection])
                for response in self.abandoned:
                    response.close()

    async def connect(self, session: aiohttp.ClientSession) -> None:
        """One connection, until it ends."""
        self.keeps = False
        headers, response = {"accept": "text/event-stream", **self.resume()}, None
        try:
            async with asyncio.timeout(PATIENCE):
                response = await session.get(self.url, headers=headers)
            if response.status == 200:
                self.connections += 1
                await self.read(response.content)
        except (aiohttp.ClientError, OSError, TimeoutError):
            pass  # it comes again
        finally:
            if response and not (self.keeps and self.abandon(response)):
                response.close()

    def resume(self) -> dict[str, str]:
        """The header that makes all the difference."""
        return {"last-event-id": self.last_event_id} if self.last_event_id else {}

    async def read(self, content: aiohttp.StreamReader) -> None:
        parser = EventParser(self.last_event_id)
        while data := await content.readany():
            for event in parser.feed(data):
                self.take(event.type, event.data)
            self.last_event_id = parser.last_event_id
            await self.reads.wait()

    def take(self, kind: str, data: str) -> None:
        now = monotonic()
        self.longest_silence = max(self.longest_silence, now - self.last_heard)
        self.last_heard = now
        if kind == "joined":
            self.joined.set()
        elif kind in ("reset", "dropped"):
            self.told.append(kind)
            self.newest = inf  # what comes next is for it
        elif number := NUMBER.search(data):
            self.newest = int(number[1])
            self.received.append(int(number[1]))
            self.seen.add(int(number[1]))

    def abandon(self, response: aiohttp.ClientResponse) -> bool:
        """Keep it open and do not read it: to the server, a client in a tunnel."""
        self.abandoned.append(response)
        if len(self.abandoned) > 3:
            self.abandoned.pop(0).close()
        return True

    def cut(self, *, unseen: bool) -> None:
        """Lose the connection; `unseen`: and the server is not told."""
        if self.connection:
            self.keeps = unseen
            self.connection.cancel()


def small_socket(address: tuple) -> socket.socket:
    """A socket for which the system keeps little, so that a client that stalls is soon felt."""
    made = socket.socket(*address[:3])
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READ_AHEAD)
    return made
