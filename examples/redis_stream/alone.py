"""Where no Redis is named: the log of this process alone, with ids as Redis makes them."""

from contextlib import asynccontextmanager
from time import time

from .process_log import Log


@asynccontextmanager
async def feeding(log: Log):
    """A function that publishes; only this process hears of it."""

    async def publish(text: str) -> None:
        log.extend([(new_id(log), {"text": text})])

    log.begin([(new_id(log), {})])  # who comes with an id from before a restart is told
    yield publish


def new_id(log: Log) -> str:
    """The time in milliseconds and a number; always more than the newest."""
    (milliseconds, number), now = log.last, int(1000 * time())
    return f"{now}-0" if now > milliseconds else f"{milliseconds}-{number + 1}"
