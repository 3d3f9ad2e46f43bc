"""A program of its own that listens: started with its output in a file, waited for, told by signals, killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection, create_server

from streamside.time_limits import START_SECONDS

PAUSE = 0.02  # seconds between two looks


class ProcessError(Exception):
    """A program did not start, or not as it should (the message is what it printed); or this is Windows."""


@dataclass
class ListeningProgram:
    """A running program, and the file that it prints to."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def printed(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(encoding="utf-8")

    def prints(self, text: str, seconds: float) -> bool:
        """Whether it has printed this, or does within so many seconds."""
        return within(seconds, lambda: text in self.printed)

    def ends(self, seconds: float) -> bool:
        """Whether it has ended, or does within so many seconds."""
        return within(seconds, lambda: self.process.poll() is not None)

    def kill(self) -> None:
        """End it at once, and what it has started: they can say nothing to anybody."""
        with suppress(ProcessLookupError, PermissionError):  # it has ended; the second is macOS's way to say so
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def start(
    command: Sequence[str],
    is_listening: Callable[[], bool],
    log: Path,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> ListeningProgram:
    """Start a command, in a folder and with more in its environment, and return when it listens.

    What it prints is added to `log`. Raises `ProcessError` if it ends before, after 20 seconds, and on Windows.
    """
    if sys.platform == "win32":
        raise ProcessError("Windows has no signals such as Ctrl-C's: run this on Linux, on macOS or in WSL")
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # our own Ctrl-C is not for it
        )
    program = ListeningProgram(process, log)
    if within(START_SECONDS, lambda: process.poll() is not None or is_listening()) and process.poll() is None:
        return program
    program.kill()
    raise ProcessError(program.printed)


def free_port() -> int:
    """A port that nobody listens to."""
    with create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def is_taken(port: int) -> bool:
    """Whether somebody listens to a port of this machine."""
    try:
        create_connection(("127.0.0.1", port), timeout=START_SECONDS).close()
    except OSError:
        return False
    return True


def within(seconds: float, is_so: Callable[[], bool]) -> bool:
    """Whether it is so within that time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True
