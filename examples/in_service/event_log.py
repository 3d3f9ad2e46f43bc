"""Lesson 10's log for one stream, and its readers; it counts what becomes of them."""

import asyncio
import re
from collections import Counter, deque
from contextlib import suppress
from random import uniform
from secrets import token_hex

from starlette.responses import Response

RETRY = 1, 5  # seconds: each reader is told a reconnection time of its own, so that not all come back at one moment
HEARTBEAT = 15  # seconds of silence, then a comment
PATIENCE = 30  # seconds that a client may leave us waiting with one piece
LIFE = 600  # seconds of one response, at most: then it ends, and who is still there comes back


class Log:
    """Events, numbered, of which the newest are kept. A reader is a position in it."""

    def __init__(self, max_bytes: int = 100_000) -> None:
        self.max_bytes = max_bytes  # nor is more on the way to one reader
        self.token = token_hex(3)  # an id from before a restart, or from another process, is thus unknown here
        self.events: deque[bytes] = deque()
        self.bytes = self.last = self.open = 0  # `last` is the number of the newest event, `open` counts streams
        self.requests = Counter(joined=0, resumed=0, reset=0, refused=0)  # by what became of them
        self.ended = Counter(left=0, life=0, slow=0, stalled=0, closed=0, failed=0)  # streams, by why
        self.sending: dict[Reader, float] = {}  # since when those wait whose client takes its time
        self.open_again()

    def open_again(self) -> None:
        self.closed, self.news = False, asyncio.Event()

    def close(self) -> None:
        """The streams end."""
        self.closed = True
        self.wake()

    def wake(self) -> None:
        self.news.set()
        self.news = asyncio.Event()

    def append(self, data: str) -> None:
        """Add an event. Its data is the program's own, and one line."""
        self.last += 1
        self.events.append(f"id: {self.token}-{self.last}\ndata: {data}\n\n".encode())
        self.bytes += len(self.events[-1])
        while self.bytes > self.max_bytes:
            self.bytes -= len(self.events.popleft())
        self.wake()

    @property
    def first(self) -> int:
        """The position before the oldest event."""
        return self.last - len(self.events)

    def start(self, event_id: str) -> tuple[int, bytes]:
        """The position behind that event, or behind the newest; and what a stream begins with."""
        match = re.fullmatch(f"{self.token}-([0-9]{{1,18}})", event_id)
        retry = f"retry: {1000 * uniform(*RETRY):.0f}\n"
        if match and self.first <= int(match[1]) <= self.last:
            self.requests["resumed"] += 1
            return int(match[1]), f"{retry}\n".encode()
        how = "reset" if event_id else "joined"
        self.requests[how] += 1
        return self.last, f"{retry}id: {self.token}-{self.last}\nevent: {how}\ndata: \n\n".encode()

    async def news_after(self, position: int) -> None:
        """Wait for an event behind that position, the log's end, or the time for a heartbeat."""
        if position == self.last and not self.closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT):
                    await self.news.wait()

    def after(self, position: int) -> tuple[int, bytes]:
        """A new position, and all that came between the two; a comment if nothing did."""
        return self.last, b"".join(self.events[place] for place in range(position - self.last, 0)) or b":\n\n"

    def oldest_send(self) -> float:
        """For how many seconds one has waited for its client."""
        return max((now() - since for since in self.sending.values()), default=0)


class Reader(Response):
    """A response: what a log has after an event, and what comes."""

    media_type = "text/event-stream"

    def __init__(self, log: Log, last_event_id: str, headers: dict[str, str]) -> None:
        self.log, self.last_event_id, self.background = log, last_event_id, None
        self.init_headers(headers)

    async def __call__(self, _scope, receive, send) -> None:
        why, self.log.open = "failed", self.log.open + 1
        tasks = streaming, _ = asyncio.create_task(self.stream(send)), asyncio.create_task(left(receive))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            why = streaming.result() if streaming.done() else "left"
        finally:
            self.log.open -= 1
            self.log.ended[why] += 1
            self.log.sending.pop(self, None)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def stream(self, send) -> str:
        """Send until there is a reason to end, which is returned."""
        end, why = now() + LIFE * uniform(0.5, 1), ""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        position, piece = self.log.start(self.last_event_id)
        try:
            while not why:
                await self.pass_on(send, piece)
                await self.log.news_after(position)
                if not (why := self.reason(position, end)):
                    position, piece = self.log.after(position)
            await self.pass_on(send, b"", more=False)
        except TimeoutError:
            return "stalled"  # and no end is sent: the server closes the connection
        return why

    async def pass_on(self, send, piece: bytes, *, more: bool = True) -> None:
        self.log.sending[self] = now()
        async with asyncio.timeout(PATIENCE):
            await send({"type": "http.response.body", "body": piece, "more_body": more})
        del self.log.sending[self]

    def reason(self, position: int, end: float) -> str:
        """Why to end here; nothing if there is no reason."""
        if self.log.closed:
            return "closed"
        if position < self.log.first:
            return "slow"  # the log has moved on: who comes back gets `reset`
        return "life" if now() > end else ""


def now() -> float:
    """Seconds, on the event loop's clock."""
    return asyncio.get_running_loop().time()


async def left(receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
