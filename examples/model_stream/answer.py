"""Answers that are being written: each is a task and a log of changes, and a reader is a position in the log."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from itertools import islice

from .blocks import Blocks, Change

GRACE = 5  # seconds without a reader, who may have lost the connection only; then the answer is stopped
HEARTBEAT = 15  # seconds
MAX_TEXT = 50_000  # characters of an answer
MAX_LOG = 200_000  # bytes of changes that are kept: who is further behind gets the whole


class ModelError(Exception):
    """Why an answer is not there, or not whole: a sentence for who has asked."""


class Answer:
    def __init__(self, words: AsyncGenerator[str]) -> None:
        self.blocks = Blocks()
        self.log: deque[bytes] = deque()
        self.bytes = self.last = self.readers = 0  # `last` is the number of the newest event
        self.news = asyncio.Event()
        self.over = False
        self.task = asyncio.create_task(self.write(words))
        self.task.add_done_callback(self.end)
        self.wait_for_readers()

    async def write(self, words: AsyncGenerator[str]) -> None:
        size = 0
        async with aclosing(words):  # whoever stops this stops the model, too
            async for text in words:
                size += len(text)
                if size > MAX_TEXT:
                    raise ModelError("The answer is too long and ends here.")
                for change in self.blocks.add(text):
                    self.append("message" if isinstance(change, Change) else "late", change)

    def end(self, task: asyncio.Task) -> None:
        error = None if task.cancelled() else task.exception()
        if error and not isinstance(error, ModelError):
            logging.getLogger(__name__).error("an answer broke off", exc_info=error)
            error = "The answer broke off."
        self.over = True
        self.append("end", "Stopped." if task.cancelled() else str(error or ""))

    def append(self, event: str, data) -> None:
        self.last += 1
        self.log.append(encode(self.last, event, data))
        self.bytes += len(self.log[-1])
        while self.bytes > MAX_LOG and len(self.log) > 1:
            self.bytes -= len(self.log.popleft())
        self.news.set()
        self.news = asyncio.Event()

    async def read(self, position: int) -> AsyncGenerator[bytes]:
        """What came after the event of that number, then what comes, to the end of the answer."""
        self.readers += 1
        self.leaving.cancel()
        try:
            yield b"retry: 1000\n\n"
            while position != self.last or not self.over:
                if position == self.last:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(HEARTBEAT):
                            await self.news.wait()
                position, piece = self.last, self.after(position)  # while it is sent, more may come
                yield piece or b":\n\n"
        finally:
            self.readers -= 1
            if not self.readers:
                self.wait_for_readers()

    def after(self, position: int) -> bytes:
        kept = self.last - len(self.log)  # the number before those of the log
        if kept <= position <= self.last:
            return b"".join(islice(self.log, position - kept, None))
        whole = encode(self.last - self.over, "whole", self.blocks.html)
        return whole + self.log[-1] if self.over else whole

    def wait_for_readers(self) -> None:
        self.leaving = asyncio.get_running_loop().call_later(GRACE, self.task.cancel)


def encode(number: int, event: str, data) -> bytes:
    """In JSON no line break is left, and all blanks are."""
    name = "" if event == "message" else f"event: {event}\n"
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"id: {number}\n{name}data: {text}\n\n".encode()
