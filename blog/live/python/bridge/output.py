"""What is printed goes to the server on whose behalf it is printed, though one Python runs them all."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar

printing: ContextVar[str | None] = ContextVar("printing", default=None)  # the server on whose behalf Python prints

RATE = 20  # messages a second that a page can show; as many may go at once after a pause
KEPT = 50_000  # characters that wait: of more, the page would show the newest


class Printer:
    """What stands for `sys.stdout` and `sys.stderr`: whole lines go to the server on whose behalf they are printed.

    Those of a program that prints faster than `RATE` are put together. `tell` takes the server, the lines without the
    last one's line end, and whether they had to wait.
    """

    encoding = "utf-8"
    errors = "strict"

    def __init__(
        self, tell: Callable[[str | None, str, bool], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._waiting: dict[str | None, str] = {}
        self._late: set[str | None] = set()  # whose lines have had to wait
        self._free = float(RATE)  # messages that may go now
        self._counted = clock()
        self._timer: asyncio.TimerHandle | None = None

    def write(self, text: str) -> int:
        """As any file's."""
        server = printing.get()
        self._waiting[server] = (self._waiting.get(server, "") + text)[-KEPT:]
        if "\n" not in text:
            pass
        elif self._may_tell():
            self._send(server)
        else:
            self._late.add(server)
            self._send_later()
        return len(text)

    def send_all(self) -> None:
        """Do not let whole lines wait any longer."""
        for server in list(self._waiting):
            self._send(server)

    def flush(self) -> None:
        """Nothing: a line goes out when it is complete."""

    def isatty(self) -> bool:
        """It is none."""
        return False

    def _may_tell(self) -> bool:
        now = self._clock()
        self._free = min(RATE, self._free + RATE * (now - self._counted))
        self._counted = now
        return self._free >= 1

    def _send(self, server: str | None) -> None:
        lines, end, rest = self._waiting.pop(server).rpartition("\n")
        if rest:
            self._waiting[server] = rest
        if end:
            self._free -= 1
            self._tell(server, lines, server in self._late)
            self._late.discard(server)

    def _send_later(self) -> None:
        if self._timer:
            return
        with suppress(RuntimeError):  # without a loop nobody could wake us: the next line or `send_all` will
            self._timer = asyncio.get_running_loop().call_later(1 / RATE, self._send_late)

    def _send_late(self) -> None:
        self._timer = None
        self.send_all()
