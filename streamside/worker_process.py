"""An example's server as a process of its own, one of several that a lesson runs side by side, and kills."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection
from types import ModuleType

from streamside.errors import UserError
from streamside.paths import ROOT
from streamside.process import free_port
from streamside.time_limits import START_SECONDS


@dataclass
class Worker:
    """A running process: `url` is its server's address."""

    url: str
    _process: subprocess.Popen[bytes]
    _log: Path

    @property
    def printed(self) -> str:
        """What it has printed so far, but for the requests."""
        return self._log.read_text(encoding="utf-8")

    def kill(self) -> None:
        """End it at once: it can say nothing to anybody."""
        self._process.kill()
        self._process.wait()


@contextmanager
def workers(example: ModuleType, count: int = 2, **environment: str) -> Iterator[list[Worker]]:
    """So many processes of the example's app on uvicorn, a port for each. Raises `UserError` if one does not start."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        started = [_start(example, Path(folder, str(number)), environment) for number in range(count)]
        try:
            for worker in started:
                _wait_for(worker, example)
            yield started
        finally:
            for worker in started:
                worker.kill()


def _start(example: ModuleType, log: Path, environment: dict[str, str]) -> Worker:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", f"{example.__name__}:app", "--port", str(port), "--no-access-log"]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **environment}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # our own Ctrl-C is not for it
        )
    return Worker(f"http://127.0.0.1:{port}", process, log)


def _wait_for(worker: Worker, example: ModuleType) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _listens(worker):
        if worker._process.poll() is not None or time.monotonic() > deadline:
            raise UserError(example.__name__, f"has not started ({worker.printed.strip()})")
        time.sleep(0.05)


def _listens(worker: Worker) -> bool:
    try:
        create_connection(("127.0.0.1", int(worker.url.rpartition(":")[2])), timeout=START_SECONDS).close()
    except OSError:
        return False
    return True
