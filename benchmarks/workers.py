"""uvicorn with one process or several, as a shell starts it; any of several may be killed, and is replaced."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

import psutil

from streamside.paths import ROOT

STARTED = b"Application startup complete."


class Workers:
    """A server in so many processes on one listening socket; what they print is in `printed`."""

    def __init__(self, app: str, count: int = 1, *, environment: dict[str, str] | None = None, buffer: int = 0) -> None:
        """With `buffer`, the system keeps no more than about so many bytes for a client that does not read."""
        self.app, self.count = app, count
        self.environment = {**os.environ, **(environment or {})}
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        if buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)  # connections inherit it
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.printed: list[bytes] = []
        self.starts = 0  # of processes that are complete
        self.news = asyncio.Event()
        self.process: Process | None = None
        self.reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Workers":
        """Start, and return when all processes are complete."""
        listen = ["--fd", str(self.listener.fileno()), "--backlog", "2048", "--no-access-log"]
        workers = ["--workers", str(self.count)] if self.count > 1 else []
        patience = ["--timeout-graceful-shutdown", "1"]
        self.process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "uvicorn", self.app, *listen, *workers, *patience],
            pass_fds=[self.listener.fileno()],
            env=self.environment,
            cwd=ROOT,
            stderr=PIPE,
            start_new_session=True,  # so that all can be ended together
        )
        self.reading = asyncio.create_task(self.read(self.process.stderr))
        await self.started(self.count)
        return self

    async def read(self, output: asyncio.StreamReader) -> None:
        async for line in output:
            self.printed.append(line)
            self.starts += STARTED in line
            self.news.set()
        self.news.set()

    async def started(self, count: int) -> None:
        """Return when so many processes have started in all, since the beginning."""
        while self.starts < count:
            if self.reading.done():
                raise SystemExit(f"{self.app} did not start:\n{b''.join(self.printed).decode()}")
            self.news.clear()
            await self.news.wait()

    def processes(self) -> list[psutil.Process]:
        """Those that serve now."""
        first = psutil.Process(self.process.pid)
        if self.count == 1:
            return [first]
        return [child for child in first.children() if serves(child)]

    def cpu(self) -> float:
        """Seconds that those that serve now have taken."""
        return sum(times.user + times.system for times in (each.cpu_times() for each in self.processes()))

    def memory(self) -> int:
        """Bytes of theirs that are in memory."""
        return sum(each.memory_info().rss for each in self.processes())

    async def __aexit__(self, *_: object) -> None:
        self.listener.close()
        self.process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self.process.wait()
        with suppress(ProcessLookupError):  # all have ended
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()
        await self.reading


def serves(child: psutil.Process) -> bool:
    """Whether it is one of uvicorn's: not a helper, and not dead."""
    try:
        return "spawn_main" in " ".join(child.cmdline())
    except psutil.NoSuchProcess:
        return False
