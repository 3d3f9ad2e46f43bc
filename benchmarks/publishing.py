"""Publishes numbered events as a page does, and notes which were answered for."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from itertools import takewhile

import aiohttp

NUMBER = re.compile(r"~(\d+)~")
PADDING = "x" * 185  # an example takes 200 characters: an event has about 250 bytes
RATE = 25  # events a second
AT_ONCE = 8  # requests of a burst
PATIENCE = 5  # seconds


class Publisher:
    """Posts to one address. What gets no answer may have been published or not: its number is not used again."""

    def __init__(self, url: str) -> None:
        self.url, self.number = url, 0
        self.answered: list[int] = []
        self.unanswered = 0
        self.room: Callable[[], Awaitable[None]] | None = None  # waits until one more event is not too many
        self.session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Publisher":
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def publish(self) -> bool:
        """One event; whether it was answered for."""
        if self.room:
            await self.room()
        self.number += 1
        number = self.number
        try:
            async with self.session.post(self.url, data={"group": "lobby", "text": f"~{number}~{PADDING}"}) as answer:
                if answer.ok:
                    self.answered.append(number)
                    return True
        except (aiohttp.ClientError, OSError, TimeoutError):
            pass
        self.unanswered += 1
        await asyncio.sleep(1 / RATE)
        return False

    def behind(self, newest: float) -> int:
        """How many events, about, came after the one with this number."""
        return len(list(takewhile(lambda number: number > newest, reversed(self.answered))))

    async def run(self) -> None:
        """So many a second, until cancelled."""
        while True:
            await self.publish()
            await asyncio.sleep(1 / RATE)

    async def burst(self, count: int) -> None:
        """So many as fast as they go."""

        async def some(numbers: range) -> None:
            for _ in numbers:
                await self.publish()

        await asyncio.gather(*[some(range(first, count, AT_ONCE)) for first in range(min(AT_ONCE, count))])

    async def insist(self) -> None:
        """One that is answered for."""
        while not await self.publish():
            pass
