"""What is printed goes to the server on whose behalf it is printed, though one Python runs them all."""

from collections.abc import Callable
from contextvars import ContextVar

printing: ContextVar[str | None] = ContextVar("printing", default=None)  # the server on whose behalf Python prints


class Printer:
    """What stands for `sys.stdout` and `sys.stderr`: each line goes to the server on whose behalf it is printed."""

    encoding = "utf-8"
    errors = "strict"

    def __init__(self, tell: Callable[[str | None, str], None]) -> None:
        self._tell = tell
        self._begun: dict[str | None, str] = {}

    def write(self, text: str) -> int:
        """As any file's."""
        server = printing.get()
        lines = (self._begun.pop(server, "") + text).split("\n")
        if lines[-1]:
            self._begun[server] = lines[-1]
        if lines[:-1]:
            self._tell(server, "\n".join(lines[:-1]))
        return len(text)

    def flush(self) -> None:
        """Nothing: a line goes out when it is complete."""

    def isatty(self) -> bool:
        """It is none."""
        return False
