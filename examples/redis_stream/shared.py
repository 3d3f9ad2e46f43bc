"""What all processes share: a Redis stream. Whatever is added to it, by whomever, comes into the log of each."""

import logging
import os
import sys
from asyncio import TaskGroup, sleep, wait
from contextlib import asynccontextmanager
from random import uniform

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException

from .process_log import Entries, Id, Log, id_of

KEY = "lobby"
KEPT = 1000  # entries that Redis keeps, at least; and so many are read at once, at most
BLOCK = 5_000  # milliseconds that Redis waits for an entry, until it says that there is none
PATIENCE = 5  # seconds until we give an answer up, besides
URL = os.environ.get("REDIS_URL") or "redis://localhost"
try:
    parse_url(URL)
except ValueError as error:
    sys.exit(f"REDIS_URL is {URL!r}. {error}.")


@asynccontextmanager
async def feeding(log: Log):
    """A function that publishes. Meanwhile what anybody publishes feeds the log."""

    async def publish(text: str) -> None:
        try:
            await writing.xadd(KEY, {"text": text}, maxlen=KEPT, approximate=True)
        except RedisError as error:
            warn(*trouble(error))
            what, _ = trouble(error)
            raise HTTPException(503, f"Not confirmed: Redis {what}.", {"Retry-After": "5"}) from None

    options = {
        "decode_responses": True,
        "encoding_errors": "replace",  # anybody may have added anything
        "retry": Retry(NoBackoff(), 0),  # what got no answer may have been done: once more would be twice
        "socket_connect_timeout": PATIENCE,
    }
    reading = Redis.from_url(URL, socket_timeout=BLOCK / 1000 + PATIENCE, **options)
    writing = Redis.from_url(URL, socket_timeout=PATIENCE, max_connections=100, **options)
    async with reading, writing, TaskGroup() as tasks:
        task = tasks.create_task(feed(log, reading))
        yield publish
        while not task.done():  # below Python 3.12 `wait_for`, which redis-py uses, may lose a cancellation
            task.cancel()
            await wait([task], timeout=1)


async def feed(log: Log, redis: Redis) -> None:
    """Read what is added to the stream into the log, and come back whenever that fails."""
    trouble_before = None
    while True:
        try:
            if not await redis.xrange(KEY, log.last_id, log.last_id):  # it is our first time, or Redis has lost data
                log.begin(await newest(redis, log.last))
            trouble_before = None
            while found := await redis.xread({KEY: log.last_id}, KEPT, BLOCK):
                [[_, entries]] = found
                if len(entries) < KEPT:
                    log.extend(entries)
                else:  # there may have been more, which Redis has not kept
                    log.begin(entries)
        except RedisError as error:
            if trouble_before != (trouble_before := trouble(error)):  # say it once
                warn(*trouble_before)
            await sleep(uniform(0.5, 1))  # so that not all processes come back at one moment


async def newest(redis: Redis, last: Id) -> Entries:
    """All that we may need. Where entries are lost, a new one without a text tells all processes."""
    while not (entries := await redis.xrevrange(KEY, count=KEPT)) or is_cut(entries, last):
        await redis.xadd(KEY, {"begin": ""})
        last = (0, 0)  # it is told
    return entries[::-1]


def is_cut(entries: Entries, last: Id) -> bool:
    """Whether older entries than our last one are there, but it is not, and nobody has told so since."""
    is_told = any("begin" in fields for name, fields in entries if id_of(name) > last)
    return id_of(entries[-1][0]) < last and not is_told


def trouble(error: RedisError) -> tuple[str, str]:
    """What is the matter, for everybody; and what to do, for whoever runs this."""
    match error:
        case _ if isinstance(error.__cause__ or error, exceptions.AuthenticationError):  # it comes inside another
            return "refuses our password", "correct it in REDIS_URL"
        case exceptions.ConnectionError() | exceptions.TimeoutError():
            return "does not answer", "start it, or correct REDIS_URL"
        case exceptions.OutOfMemoryError():
            return "is full", "raise its maxmemory, or remove something"
        case _ if str(error).startswith("WRONGTYPE"):
            return f"has something else at the key {KEY}", "delete that, or change KEY"
        case _:
            return "refuses", str(error)


def warn(what: str, remedy: str) -> None:
    place = URL.rpartition("@")[2].partition("?")[0]  # without the password
    logging.getLogger(__name__).error("Redis at %s %s: %s.", place, what, remedy)
