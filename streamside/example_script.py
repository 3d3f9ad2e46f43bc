"""An example as a script of its own, as a shell starts it: its server, what it prints, what Ctrl-C does to it."""

import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from streamside.errors import UserError
from streamside.listening_program import ListeningProgram, free_port, is_taken, start

_starting = threading.Lock()  # one after the other: to import a framework takes a core, and each has its time for that


@dataclass
class Script:
    """A running script: `url` is its server's address."""

    url: str
    _program: ListeningProgram

    @property
    def printed(self) -> str:
        """What it has printed so far."""
        return self._program.printed

    def prints(self, text: str, seconds: float) -> bool:
        """Whether it has printed this, or does within so many seconds."""
        return self._program.prints(text, seconds)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._program.process.send_signal(signal.SIGINT)

    def ends(self, seconds: float) -> bool:
        """Whether it has ended, or does within so many seconds."""
        return self._program.ends(seconds)


@contextmanager
def running(example: ModuleType, changes: Mapping[str, str] | None = None) -> Iterator[Script]:
    """The example's one file, its texts changed (old → new), run by Python with PORT in its environment, then killed.

    Raises `ProcessError`, on Windows too, and `UserError` for a text that the file has not.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder, Path(str(example.__file__)).name)
        file.write_text(_changed(example, changes or {}), encoding="utf-8")
        port = free_port()
        command, log = [sys.executable, str(file)], Path(folder, "log")
        with _starting:
            program = start(command, lambda: is_taken(port), log, folder=file.parent, environment={"PORT": str(port)})
        try:
            yield Script(f"http://127.0.0.1:{port}", program)
        finally:
            program.kill()


def _changed(example: ModuleType, changes: Mapping[str, str]) -> str:
    text = Path(str(example.__file__)).read_text(encoding="utf-8")
    for old, new in changes.items():
        if old not in text:
            raise UserError(example.__name__, f"has no {old!r}", "write it as it stands there")
        text = text.replace(old, new)
    return text
