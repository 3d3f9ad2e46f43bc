"""Faults that lose nothing: a client that resumes by id gets every event once, whatever breaks meanwhile.

`python -m benchmarks.faults` starts Redis, two uvicorn workers with `examples/redis_stream` and Caddy before them, and
breaks one after the other, at random: connections are cut (half of them so that the server is not told), readers
stall, workers and Redis are killed, Caddy reads its file anew or is killed. Half of the readers ask Caddy, half the
workers. All that was published and answered for has to have reached each of them once, in one order.

The seed repeats the faults; what the machine does meanwhile is its own affair.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from benchmarks.caddy import Caddy
from benchmarks.publishing import Publisher
from benchmarks.redis_process import RedisProcess
from benchmarks.resuming import Resuming
from benchmarks.workers import Workers

SHARES = {
    "cut": 35,
    "stalled reader": 15,
    "worker killed": 15,
    "Redis killed": 15,
    "proxy reloaded": 10,
    "proxy killed": 10,
}
WITHOUT_REDIS = ("cut", "stalled reader", "proxy reloaded", "proxy killed")  # one process is its log: they end together
PAUSE = 0.4  # seconds between two faults, at most
DOWN = 0.4  # seconds that something is away, at most
AT_ONCE = 3  # faults
BUFFER = 4096  # bytes that the system keeps for a reader of the workers
UNREAD = 340, 370  # events that a stalled reader does not read: at last there is no room for them on the way to it
STALLED = 390  # events that it may lack: an example's log keeps 100,000 bytes, which is 408 of them
BEHIND = 200  # events that others may lack, who are away
PATIENCE = 60  # seconds until everybody has everything


class Fault(NamedTuple):
    """One of them: what and when is decided by chance before the first."""

    kind: str
    pause: float  # seconds until the next
    seed: int  # decides whom it strikes, and for how long


def drawn(count: int, kinds: Sequence[str], seed: int) -> list[Fault]:
    """So many, by chance."""
    chance, shares = random.Random(seed), [SHARES[kind] for kind in kinds]
    return [
        Fault(kind, chance.uniform(0, PAUSE), chance.randrange(10**9))
        for kind in chance.choices(kinds, shares, k=count)
    ]


@dataclass
class Stage:
    """What runs, and what can break of it."""

    workers: Workers
    proxy: Caddy
    redis: RedisProcess | None
    readers: list[Resuming]
    publisher: Publisher
    redis_is_there: asyncio.Lock = field(default_factory=asyncio.Lock)
    proxy_is_there: asyncio.Lock = field(default_factory=asyncio.Lock)
    stalling: asyncio.Lock = field(default_factory=asyncio.Lock)  # one at a time: together they would be too much

    async def cut(self, chance: random.Random) -> None:
        chance.choice(self.readers).cut(unseen=chance.random() < 0.5)

    async def stalled_reader(self, chance: random.Random) -> None:
        reader, lacks = chance.choice(self.readers), chance.randint(*UNREAD)
        async with self.stalling:
            reader.reads.clear()
            while reader.newest < inf and self.publisher.behind(reader.newest) < lacks:
                await self.publisher.burst(20)
            reader.reads.set()
            await all_have([reader], self.publisher.answered[-1:])

    async def room(self) -> None:
        """Nobody is so far behind that its events are not kept any more: that would be a loss, if one that is told."""
        await until(lambda: all(self.publisher.behind(each.newest) < may_lack(each) for each in self.readers))

    async def worker_killed(self, chance: random.Random) -> None:
        place = chance.random()
        if processes := self.workers.processes():
            processes[int(place * len(processes))].kill()

    async def redis_killed(self, chance: random.Random) -> None:
        away = chance.uniform(0, DOWN)
        async with self.redis_is_there:
            await self.redis.kill()
            await asyncio.sleep(away)
            await self.redis.start()

    async def proxy_reloaded(self, _chance: random.Random) -> None:
        async with self.proxy_is_there:
            await self.proxy.reload()

    async def proxy_killed(self, chance: random.Random) -> None:
        away = chance.uniform(0, DOWN)
        async with self.proxy_is_there:
            await self.proxy.kill()
            await asyncio.sleep(away)
            await self.proxy.start()


def may_lack(reader: Resuming) -> int:
    return BEHIND if reader.reads.is_set() else STALLED


@dataclass
class Outcome:
    """What came of it all."""

    faults: dict[str, list[float]]  # by kind: the seconds until all readers had heard something again
    answered: int  # events that were published and answered for
    unanswered: int  # that were refused, or not answered: some have arrived
    connections: int
    deliveries: int
    lost: int
    doubled: int
    told: int  # times that a reader was told that events may be missing
    orders: int  # in which readers got the events
    silence: float  # seconds, the longest of any reader
    tracebacks: int
    printed: str  # by the server


@asynccontextmanager
async def staged(example: str, readers: int, settings: str, workers: int) -> AsyncIterator[Stage]:
    """Everything started, and every reader connected."""
    async with AsyncExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        redis, environment = None, {}
        if example == "redis_stream":
            redis = await running.enter_async_context(RedisProcess(folder, settings))
            environment = {"REDIS_URL": redis.url}
        app = Workers(f"examples.{example}:app", workers, environment=environment, buffer=BUFFER)
        await running.enter_async_context(app)
        proxy = await running.enter_async_context(Caddy(folder, app.url))
        urls = [f"{(proxy if number % 2 else app).url}/events?group=lobby" for number in range(readers)]
        listening = [Resuming(url) for url in urls]
        tasks = await running.enter_async_context(asyncio.TaskGroup())
        background = [tasks.create_task(reader.run()) for reader in listening]
        publisher = await running.enter_async_context(Publisher(f"{proxy.url}/publish"))
        await asyncio.gather(*[reader.joined.wait() for reader in listening])
        stage = Stage(app, proxy, redis, listening, publisher)
        publisher.room = stage.room
        yield stage
        for each in background:
            each.cancel()


async def suffer(stage: Stage, faults: Sequence[Fault]) -> Outcome:
    """What comes of these faults."""
    seconds: dict[str, list[float]] = {}
    room = asyncio.Semaphore(AT_ONCE)

    async def happen(fault: Fault) -> None:
        began = monotonic()
        await getattr(stage, fault.kind.replace(" ", "_").lower())(random.Random(fault.seed))
        await until(lambda: all(reader.last_heard > began for reader in stage.readers))
        seconds.setdefault(fault.kind, []).append(monotonic() - began)
        room.release()

    publishing = asyncio.create_task(stage.publisher.run())
    try:
        async with asyncio.TaskGroup() as tasks:
            for number, fault in enumerate(faults):
                if number % 100 == 0:
                    print(f"{number} of {len(faults)} faults", file=sys.stderr)
                await room.acquire()
                tasks.create_task(happen(fault))
                await asyncio.sleep(fault.pause)
    finally:
        publishing.cancel()
        await asyncio.wait([publishing])
    await stage.publisher.insist()
    readers = stage.readers
    # Of what was under way when publishing ended, one reader may have heard before another.
    await until(lambda: all(everything(stage) == reader.seen for reader in readers))
    return outcome_of(stage, seconds)


def everything(stage: Stage) -> set[int]:
    """What was answered for, and what somebody has heard though it was not."""
    return set(stage.publisher.answered).union(*[reader.seen for reader in stage.readers])


async def all_have(readers: Sequence[Resuming], numbers: Iterable[int]) -> None:
    wanted = set(numbers)
    await until(lambda: all(wanted <= reader.seen for reader in readers))


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something, and not for ever: what is not so then is counted, or seen."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while not is_so():  # noqa: ASYNC110 - of several things, in other processes
                await asyncio.sleep(0.02)


def outcome_of(stage: Stage, seconds: dict[str, list[float]]) -> Outcome:
    """Compare what was answered for with what each reader has."""
    readers, publisher = stage.readers, stage.publisher
    wanted = everything(stage)
    return Outcome(
        faults=seconds,
        answered=len(publisher.answered),
        unanswered=publisher.unanswered,
        connections=sum(reader.connections for reader in readers),
        deliveries=sum(len(reader.received) for reader in readers),
        lost=sum(len(wanted - reader.seen) for reader in readers),
        doubled=sum(len(reader.received) - len(reader.seen) for reader in readers),
        told=sum(len(reader.told) for reader in readers),
        orders=len({tuple(reader.received) for reader in readers}),
        silence=max(reader.longest_silence for reader in readers),
        tracebacks=sum(line.startswith(b"Traceback") for line in stage.workers.printed),
        printed=b"".join(stage.workers.printed).decode(),
    )


def table(outcome: Outcome) -> Iterable[str]:
    """The lines of two Markdown tables."""
    yield "| fault | times | all readers hear again after, median / longest s |"
    yield "|---|---:|---:|"
    for kind, seconds in sorted(outcome.faults.items(), key=lambda each: list(SHARES).index(each[0])):
        yield f"| {kind} | {len(seconds)} | {statistics.median(seconds):.2f} / {max(seconds):.2f} |"
    yield ""
    yield "| of all readers together | |"
    yield "|---|---:|"
    yield f"| connections | {outcome.connections:,} |"
    yield f"| events answered for | {outcome.answered:,} |"
    yield f"| events refused, or without an answer | {outcome.unanswered:,} |"
    yield f"| deliveries | {outcome.deliveries:,} |"
    yield f"| lost | {outcome.lost} |"
    yield f"| doubled | {outcome.doubled} |"
    yield f"| times that a reader was told of a loss | {outcome.told} |"
    yield f"| orders of the events, of one there ought to be | {outcome.orders} |"
    yield f"| tracebacks of the server | {outcome.tracebacks} |"
    yield f"| longest silence, s | {outcome.silence:.1f} |"


async def run(example: str, faults: Sequence[Fault], readers: int, settings: str) -> Outcome:
    """Start everything, break it, count."""
    async with staged(example, readers, settings, workers=2 if example == "redis_stream" else 1) as stage:
        return await suffer(stage, faults)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__.splitlines()[0])
    parser.add_argument("--example", choices=["redis_stream", "broadcast"], default="redis_stream")
    parser.add_argument("--faults", type=int, default=1000, metavar="N")
    parser.add_argument("--readers", type=int, default=12, metavar="N")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the faults of an earlier run")
    parser.add_argument("--redis", default="", metavar="SETTINGS", help='of redis.conf, such as "appendfsync everysec"')
    options = parser.parse_args(arguments)
    print(f"{options.example}, seed {options.seed}, {options.redis or 'each write on the disk'}\n", flush=True)
    kinds = list(SHARES) if options.example == "redis_stream" else WITHOUT_REDIS
    faults = drawn(options.faults, kinds, options.seed)
    outcome = asyncio.run(run(options.example, faults, options.readers, options.redis))
    print("\n".join(table(outcome)))
    if outcome.tracebacks:
        print(outcome.printed, file=sys.stderr)
    return 1 if outcome.lost or outcome.doubled else 0


if __name__ == "__main__":
    sys.exit(main())
