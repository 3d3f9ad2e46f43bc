"""The cable between a server and its readers: what is in it comes out as its state lets it."""

import asyncio
import math
import time
from collections import deque
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

HELD = 16_384  # bytes that a buffering proxy holds back


@dataclass
class Item:
    """Something in a cable: bytes of an answer, or anything else (its head, a message, its end) as it is."""

    data: bytes
    other: Any = None
    is_end: bool = False
    arrived: float = 0.0


class Cable:
    """One server's: cut, delayed (milliseconds), at a limited rate (bytes a second), holding back, answering itself."""

    def __init__(self) -> None:
        self.cut = False
        self.delay = 0
        self.rate = 0
        self.hold = False
        self.answer: int | None = None
        self._changed = asyncio.Event()
        self.transits: WeakSet[Transit] = WeakSet()

    def change(self, state: dict[str, Any]) -> None:
        """Take over a state, as the page has it."""
        self.cut, self.hold = bool(state["cut"]), bool(state["hold"])
        self.delay, self.rate, self.answer = state["delay"], state["rate"], state["answer"]
        self._changed.set()
        self._changed = asyncio.Event()
        for transit in self.transits:
            transit.wake()

    async def mended(self) -> None:
        """Wait until the cable is whole."""
        while self.cut:
            await self._changed.wait()


class Transit:
    """What has come for one connection and is still in the cable."""

    def __init__(self, cable: Cable) -> None:
        self._cable = cable
        self._items: deque[Item] = deque()
        self._free_at = 0.0  # when the cable is free again, at a limited rate
        self._woken = asyncio.Event()
        cable.transits.add(self)

    def add(self, item: Item) -> None:
        """Put something in."""
        item.arrived = time.monotonic()
        self._items.append(item)
        self.wake()

    def wake(self) -> None:
        """Look again: the cable has changed."""
        self._woken.set()

    async def take(self) -> Item:
        """The next thing that comes out."""
        while (pause := self._pause()) > 0:
            self._woken.clear()
            try:
                async with asyncio.timeout(None if pause == math.inf else pause):
                    await self._woken.wait()
            except TimeoutError:
                pass
        return self._next()

    def _pause(self) -> float:
        """Seconds until something may come out; infinite if something must change first."""
        if not self._items or (self._cable.hold and not self._is_full):
            return math.inf
        return max(self._items[0].arrived + self._cable.delay / 1000, self._free_at) - time.monotonic()

    @property
    def _is_full(self) -> bool:
        """Whether a buffering proxy would let go of what it has: there is enough, or no more to come."""
        return self._items[-1].is_end or sum(len(item.data) for item in self._items) >= HELD

    def _next(self) -> Item:
        first, rate = self._items[0], self._cable.rate
        if not rate or not first.data:
            return self._items.popleft()
        # A tenth of a second's worth at a time, so that a slow link is seen to be slow rather than late.
        size = max(1, min(len(first.data), rate // 10))
        self._free_at = time.monotonic() + size / rate
        piece, first.data = first.data[:size], first.data[size:]
        if not first.data:
            self._items.popleft()
        return Item(piece)
