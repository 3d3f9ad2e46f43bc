"""An example as a supervisor runs it in production: a copy of its folder, a limit of files, SIGTERM in the end."""

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection
from time import monotonic, sleep
from types import ModuleType

from streamside.errors import UserError
from streamside.process import ProcessError, free_port
from streamside.time_limits import START_SECONDS

PAUSE = 0.02  # seconds between two looks


class Service:
    """An example's process on a port of its own: `start()`, `stop()`, and again; `url` is its address throughout."""

    def __init__(self, folder: Path, package: str, files: int | None) -> None:
        self._folder, self._package, self._files = folder, package, files
        self._log = folder / "log"
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Return as soon as it listens. Raises `ProcessError` with what it has printed, if it does not."""
        limit = f"ulimit -n {self._files}; " if self._files else ""
        program = [sys.executable, "-m", self._package, "--port", str(self._port)]
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f'{limit}exec "$@"', "sh", *program],  # it becomes the program, and has its number
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # our own Ctrl-C is not for it
            )
        deadline = monotonic() + START_SECONDS
        while not self._listens():
            if self._process.poll() is not None or monotonic() > deadline:
                self.kill()
                raise ProcessError(self.printed)
            sleep(PAUSE)

    def stop(self, patience: float = START_SECONDS) -> float:
        """Send SIGTERM: the seconds until it has ended. Raises `ProcessError` when patience is over, and kills it."""
        began, process = monotonic(), self._running
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProcessError(f"did not end within {patience:g} s of SIGTERM") from None
        return monotonic() - began

    def kill(self) -> None:
        """End it as a supervisor does that has lost its patience."""
        self._running.kill()
        self._running.wait()

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._running.pid

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if not self._process:
            raise ProcessError("it has not been started")
        return self._process

    @property
    def printed(self) -> str:
        """What it has printed so far."""
        return self._log.read_text(encoding="utf-8")

    def _listens(self) -> bool:
        try:
            create_connection(("127.0.0.1", self._port), timeout=START_SECONDS).close()
        except OSError:
            return False
        return True


@contextmanager
def supervised(
    example: ModuleType, changes: Mapping[str, str] | None = None, *, files: int | None = None
) -> Iterator[Service]:
    """A copy of an example's folder, its texts changed (old → new), started; `files` is what it may open at most.

    Raises `ProcessError`, on Windows too, and `UserError` for a text that the example has not.
    """
    if sys.platform == "win32":
        raise ProcessError("Windows has no signals such as SIGTERM: run this on Linux, on macOS or in WSL")
    package = example.__name__.rpartition(".")[2]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        copy = Path(folder, package)
        shutil.copytree(Path(str(example.__file__)).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for old, new in (changes or {}).items():
            _change(example, copy, old, new)
        service = Service(Path(folder), package, files)
        service.start()
        try:
            yield service
        finally:
            service.kill()


def _change(example: ModuleType, folder: Path, old: str, new: str) -> None:
    texts = {file: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.py"))}
    found = [file for file, text in texts.items() if old in text]
    if not found:
        raise UserError(example.__name__, f"has no {old!r}", "write it as it stands there")
    for file in found:
        file.write_text(texts[file].replace(old, new), encoding="utf-8")
