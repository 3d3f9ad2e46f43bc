"""The log of one process: lesson 10's, but its ids are those of a Redis stream's entries, and a position is an id."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from html import escape
from itertools import takewhile
from typing import NamedTuple

from starlette.responses import Response

Id = tuple[int, int]  # as numbers (9, 0) comes before (10, 0), which as texts it does not
Entries = Sequence[tuple[str, Mapping[str, str]]]  # ids with their fields


def id_of(text: str) -> Id:
    """An entry's id, such as 1763800000000-0. What is none comes before all entries."""
    match = re.fullmatch("([0-9]{1,20})-([0-9]{1,20})", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def encode(event: str, data: str) -> bytes:
    """An event's last fields. A line break in its type would begin one more field: ValueError."""
    if "\n" in event or "\r" in event:
        raise ValueError(f"a line break in the event type {event!r}")
    lines = re.split("\r\n|\r|\n", data)  # not splitlines(), which knows more line ends than the format does
    return "".join([f"event: {event}\n", *(f"data: {line}\n" for line in lines), "\n"]).encode()


class Message(NamedTuple):
    id: Id
    item: str  # of the page's list
    event: bytes


class Log:
    """The newest messages, as far as this process has read. A reader is a position: the id of what it has seen."""

    def __init__(self, max_events: int = 1000, max_bytes: int = 100_000, heartbeat: float = 15) -> None:
        self.max_events, self.max_bytes = max_events, max_bytes  # nor is more on the way to one reader
        self.heartbeat = heartbeat  # seconds between two comments on a quiet stream
        self.messages: deque[Message] = deque()
        self.bytes = self.readers = 0
        self.first: Id = (0, 0)  # all that came after it is here
        self.last: Id = (0, 0)  # the newest
        self.news = asyncio.Event()  # wakes those who have read all
        self.closed = False

    @property
    def last_id(self) -> str:
        return "{}-{}".format(*self.last)

    def begin(self, entries: Entries) -> None:
        """Have these instead: who has not seen the first of them may have missed others."""
        self.messages.clear()
        self.bytes = 0
        self.first = id_of(entries[0][0])
        self.extend(entries)

    def extend(self, entries: Entries) -> None:
        for name, fields in entries:
            self.last = id_of(name)
            if "begin" in fields:  # before it, entries have been lost
                self.first = self.last
            elif "text" in fields:  # else it is nobody's message
                self.append(name, f"<li>{escape(fields['text'])}</li>")
        self.wake()

    def append(self, name: str, item: str) -> None:
        event = f"id: {name}\n".encode() + encode("message", item)
        self.messages.append(Message(self.last, item, event))
        self.bytes += len(event)
        while len(self.messages) > self.max_events or self.bytes > self.max_bytes:
            gone = self.messages.popleft()
            self.first = max(self.first, gone.id)
            self.bytes -= len(gone.event)

    def wake(self) -> None:
        self.news.set()
        self.news = asyncio.Event()

    async def listen(self, last_event_id: str = "") -> AsyncIterator[bytes]:
        """What came after that event, in one piece; then what comes, until the log is closed."""
        position = id_of(last_event_id)
        if not last_event_id:
            position = self.last
            yield self.here("joined", "")
        while not self.closed:
            if position >= self.last:  # another process may have read on already
                await self.news.wait()
            position, piece = self.after(position)
            yield piece or b":\n\n"  # without a piece it was the heartbeat

    def after(self, position: Id) -> tuple[Id, bytes]:
        """A new position, and all that came between the two; `reset` if some of it is not here."""
        if position < self.first:
            return self.last, self.here("reset", "Events may be missing.")
        news = [message.event for message in takewhile(lambda message: message.id > position, reversed(self.messages))]
        return max(position, self.last), b"".join(reversed(news))

    def here(self, event: str, data: str) -> bytes:
        """An event that gives a reader the newest position."""
        return f"id: {self.last_id}\n".encode() + encode(event, data)

    def open(self) -> None:
        self.loop, self.closed = asyncio.get_running_loop(), False
        self.beat()

    def beat(self) -> None:
        """Nobody on the way shall take a quiet stream for a dead one."""
        self.timer = self.loop.call_later(self.heartbeat, self.beat)
        self.wake()

    def close(self) -> None:
        """The streams end."""
        self.timer.cancel()
        self.closed = True
        self.wake()


class Reader(Response):
    """A response: what a log has after an event, and what comes. It ends when the log does, or the client leaves."""

    media_type = "text/event-stream"

    def __init__(self, log: Log, last_event_id: str = "") -> None:
        self.log, self.last_event_id, self.background = log, last_event_id, None
        self.taken = 0  # pieces that the client has taken
        self.init_headers({"cache-control": "no-store, no-transform", "x-accel-buffering": "no"})

    async def __call__(self, scope, receive, send) -> None:
        self.log.readers += 1
        try:
            async with asyncio.TaskGroup() as tasks:
                streaming = tasks.create_task(self.stream(scope["method"], send))
                await self.left(receive)  # true of a stream that has ended, too
                streaming.cancel()
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None  # as if there were no group
        finally:
            self.log.readers -= 1

    async def stream(self, method: str, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if method != "HEAD":  # which asks for the headers alone
            async for piece in self.log.listen(self.last_event_id):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                self.taken += 1
        await send({"type": "http.response.body", "body": b""})

    async def left(self, receive) -> None:
        """Return when the client has left, or has taken nothing in two heartbeats."""
        taken = -1
        while self.taken != taken:
            taken = self.taken  # there will be more when we look again: a heartbeat, if nothing else
            with suppress(TimeoutError):
                async with asyncio.timeout(2 * self.log.heartbeat):
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    return
