"""An example's server as a process of its own, one of several that a lesson runs side by side, and kills."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from streamside.listening_program import ListeningProgram, free_port, is_taken, start
from streamside.paths import ROOT


@dataclass
class Worker:
    """A running process: `url` is its server's address."""

    url: str
    _program: ListeningProgram

    @property
    def printed(self) -> str:
        """What it has printed so far, but for the requests."""
        return self._program.printed

    def kill(self) -> None:
        """End it at once: it can say nothing to anybody."""
        self._program.kill()


@contextmanager
def workers(example: ModuleType, count: int = 2, **environment: str) -> Iterator[list[Worker]]:
    """So many processes of the example's app on uvicorn, a port for each, with these variables.

    Raises `ProcessError` if one does not start.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, ExitStack() as stack:
        started = []
        for number in range(count):
            started.append(_start(example, Path(folder, str(number)), environment))
            stack.callback(started[-1].kill)
        yield started


def _start(example: ModuleType, log: Path, environment: dict[str, str]) -> Worker:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", f"{example.__name__}:app", "--port", str(port), "--no-access-log"]
    variables = {"PYTHONPATH": str(ROOT), **environment}
    return Worker(f"http://127.0.0.1:{port}", start(command, lambda: is_taken(port), log, environment=variables))
