"""A Redis server that is started and killed while a loop runs, with a client of it."""

import asyncio
from pathlib import Path

import psutil
from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError

from streamside.redis_server import RedisServer


class RedisProcess:
    """Redis with its data in a folder. As long as nothing else is set, what it confirms is written."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        """`settings` are names and values as in `redis.conf`, such as "appendfsync everysec"."""
        words = settings.split()
        options = [f"--{word}" if place % 2 == 0 else word for place, word in enumerate(words)]
        self.server = RedisServer(folder, options)
        self.url = self.server.url
        self.client = Redis.from_url(self.url)
        self.cpu_before = 0.0  # seconds that those took that were killed

    async def start(self) -> None:
        """Start, and return when it has read its data."""
        await asyncio.to_thread(self.server.start)
        while not await self.answers():  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.01)

    async def answers(self) -> bool:
        try:
            return await self.client.ping()
        except BusyLoadingError:
            return False

    async def kill(self) -> None:
        """As when its machine is out of memory: without a word."""
        self.cpu_before = self.cpu()
        self.server.kill()
        await self.client.aclose()  # its connections are dead

    def cpu(self) -> float:
        """Seconds that it has taken."""
        times = psutil.Process(self.server.pid).cpu_times()
        return self.cpu_before + times.user + times.system

    async def __aenter__(self) -> "RedisProcess":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()
        self.server.kill()
