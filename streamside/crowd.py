"""Many event sources at one address: when each comes back, how its streams end, how many are open."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from time import monotonic
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from streamside.time_limits import START_SECONDS
from streamside.wire import EventParser

RECONNECTION_TIME = 3000  # milliseconds, where the stream has set none: Chromium's


class Crowd:
    """So many event sources, from `async with` on until its block is left.

    They keep the standard's rules for connections (see `client.follow`) and throw away what they hear. `open` is the
    number of streams that have brought something and not ended; `ended` counts the others, by "ended" for a whole
    response, "cut" for one that broke off, "refused" where nobody listened, else the answer's status, with which an
    event source is closed for good. `pauses` are the seconds from each end of a stream to the attempt that followed.
    """

    def __init__(self, url: str, count: int) -> None:
        self._address, self._count = urlsplit(url), count
        self._news = asyncio.Event()
        self.open = 0
        self.ended: Counter[str] = Counter()
        self.pauses: list[float] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._stay()) for _ in range(self._count)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def all_open(self) -> None:
        """Wait until every one has a stream. Raises `TimeoutError`."""
        await self._until(lambda: self.open == self._count)

    async def have_ended(self, count: int) -> None:
        """Wait until so many responses have ended. Raises `TimeoutError`."""
        await self._until(lambda: self.ended.total() >= count)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(START_SECONDS):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    async def _stay(self) -> None:
        last_event_id, pause = "", RECONNECTION_TIME / 1000
        while True:
            parser = EventParser(last_event_id)
            how = await self._listen(parser)
            self.ended[how] += 1
            self._news.set()
            if how.isdecimal():
                return
            last_event_id = parser.last_event_id
            pause = pause if parser.reconnection_time is None else parser.reconnection_time / 1000
            began = monotonic()
            await asyncio.sleep(pause)
            if how != "refused":
                self.pauses.append(monotonic() - began)

    async def _listen(self, parser: EventParser) -> str:
        """One connection, until it ends: how it did."""
        try:
            reader, writer = await asyncio.open_connection(self._address.hostname, self._address.port)
        except OSError:
            return "refused"
        try:
            writer.write(self._request(parser.last_event_id))
            status, headers = _head(await reader.readuntil(b"\r\n\r\n"))
            if status != "200" or not headers.get("content-type", "").startswith("text/event-stream"):
                return status
            return await self._read(reader, headers, parser)
        except (OSError, asyncio.IncompleteReadError):
            return "cut"
        finally:
            writer.transport.abort()  # nobody waits for what is still under way

    def _request(self, last_event_id: str) -> bytes:
        path = f"{self._address.path or '/'}{f'?{self._address.query}' if self._address.query else ''}"
        fields = {"host": self._address.netloc, "accept": "text/event-stream"}
        if last_event_id:
            fields["last-event-id"] = last_event_id
        head = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        return "\r\n".join(head).encode()

    async def _read(self, reader: asyncio.StreamReader, headers: Mapping[str, str], parser: EventParser) -> str:
        if "content-length" in headers:
            parser.feed(await reader.readexactly(int(headers["content-length"])))
            return "ended"
        is_open = False
        try:
            while size := int(await reader.readuntil(b"\r\n"), 16):
                parser.feed((await reader.readexactly(size + 2))[:-2])
                if not is_open:
                    self.open, is_open = self.open + 1, True
                    self._news.set()
        finally:
            self.open -= is_open
        return "ended"


def _head(head: bytes) -> tuple[str, dict[str, str]]:
    """Status and headers of an answer."""
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return first.split(" ")[1], headers
