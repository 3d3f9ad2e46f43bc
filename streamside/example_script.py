"""An example as a script of its own, as a shell starts it: its server, what it prints, what Ctrl-C does to it."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection
from types import ModuleType

from streamside.errors import UserError
from streamside.process import free_port
from streamside.time_limits import START_SECONDS

PAUSE = 0.02  # seconds between two looks
_starting = threading.Lock()  # one after the other: to import a framework takes a core, and each has its time for that


class ScriptError(Exception):
    """The script did not start to listen (the message is what it printed); or this is Windows."""


@dataclass
class Script:
    """A running script: `url` is its server's address."""

    url: str
    _process: subprocess.Popen[bytes]
    _log: Path

    @property
    def printed(self) -> str:
        """What it has printed so far."""
        return self._log.read_text(encoding="utf-8")

    def prints(self, text: str, seconds: float) -> bool:
        """Whether it has printed this, or does within so many seconds."""
        return _within(seconds, lambda: text in self.printed)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def ends(self, seconds: float) -> bool:
        """Whether it has ended, or does within so many seconds."""
        return _within(seconds, lambda: self._process.poll() is not None)


@contextmanager
def running(example: ModuleType, changes: Mapping[str, str] | None = None) -> Iterator[Script]:
    """The example's one file, its texts changed (old → new), run by Python with PORT in its environment, then killed.

    Raises `ScriptError`, on Windows too, and `UserError` for a text that the file has not.
    """
    if sys.platform == "win32":
        raise ScriptError("Windows has no signals such as Ctrl-C's: run this on Linux, on macOS or in WSL")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file, log = Path(folder, Path(str(example.__file__)).name), Path(folder, "log")
        file.write_text(_changed(example, changes or {}), encoding="utf-8")
        port = free_port()
        with _starting:
            process = _start(file, port, log)
        try:
            yield Script(f"http://127.0.0.1:{port}", process, log)
        finally:
            _kill(process)


def _start(file: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
    """The process of a script that listens. Raises `ScriptError`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(file)],
            cwd=file.parent,
            env={**os.environ, "PORT": str(port), "PYTHONUNBUFFERED": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # our own Ctrl-C is not for it
        )
    if _within(START_SECONDS, lambda: process.poll() is not None or _listens(port)) and process.poll() is None:
        return process
    _kill(process)
    raise ScriptError(log.read_text(encoding="utf-8"))


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _changed(example: ModuleType, changes: Mapping[str, str]) -> str:
    text = Path(str(example.__file__)).read_text(encoding="utf-8")
    for old, new in changes.items():
        if old not in text:
            raise UserError(example.__name__, f"has no {old!r}", "write it as it stands there")
        text = text.replace(old, new)
    return text


def _listens(port: int) -> bool:
    try:
        create_connection(("127.0.0.1", port), timeout=START_SECONDS).close()
    except OSError:
        return False
    return True


def _within(seconds: float, is_so: Callable[[], bool]) -> bool:
    """Whether it is so within that time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True
