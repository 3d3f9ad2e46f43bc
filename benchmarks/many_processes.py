"""`examples/redis_stream` in several processes beside lesson 10's log in one: speed, delay, CPU, a process killed.

`python -m benchmarks.many_processes` prints tables in a few minutes; the last says what a million readers would take,
from the figures above it. What is published to `redis_stream` comes from outside, as entries of the Redis stream;
lesson 10's log is published to in its own process. The client that counts is on the same machine, and on few cores more
processes cannot be faster: what one more costs shows all the same.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from operator import itemgetter
from pathlib import Path
from time import monotonic, monotonic_ns
from typing import NamedTuple

import psutil
import uvicorn

from benchmarks import million, open_files
from benchmarks.crowd import Returning, gathered
from benchmarks.fanout import BURST, Server, Speed, Tally, publish, speed
from benchmarks.fanout_servers import MARK, PADDING
from benchmarks.redis_process import RedisProcess
from benchmarks.workers import Workers

SETTINGS = "appendfsync everysec"  # as Redis is by default, once it writes at all
TO_NOBODY = 2000  # events
ON_THE_WAY = 100  # events, at most
INTERVAL = 0.05  # seconds between two events while readers come back
PATIENCE = 120  # seconds that any step may take


class Costs(NamedTuple):
    """What an event costs that nobody reads, in microseconds of CPU."""

    workers: float  # all of them together
    redis: float


class Back(NamedTuple):
    """What follows when one of the processes is killed."""

    cut: int  # readers
    seconds: float  # until all have an event again
    replaced: float  # seconds until there is a new process


class Figures(NamedTuple):
    """One server in one round."""

    fast: Speed  # as fast as they go
    single: float  # seconds of CPU per million deliveries, one event at a time
    median: float  # delay then, in milliseconds
    p99: float
    memory: float  # KiB per reader
    most: int  # readers of one process


class Cluster:
    """`redis_stream` in so many processes, which is told what `fanout.Server` is told."""

    def __init__(self, workers: Workers, redis: RedisProcess) -> None:
        self.workers, self.redis, self.port = workers, redis, workers.port

    async def tell(
        self, *, publish: int = 0, burst: int = 1, interval: float = 0, memory: bool = False
    ) -> dict[str, float]:
        """Publish, with a pause after each burst; say what all processes have taken."""
        for _ in range(0, publish, burst):
            entries = self.redis.client.pipeline(transaction=False)
            for _ in range(burst):
                entries.xadd("lobby", {"text": f"{MARK}{monotonic_ns():020d}{PADDING}"}, maxlen=1000)
            await entries.execute()
            await asyncio.sleep(interval)
        taken = {"cpu": self.workers.cpu() + self.redis.cpu()}
        return taken | {"memory": self.workers.memory()} if memory else taken

    def busiest(self) -> tuple[int, psutil.Process]:
        """The most readers of a process, and the process: whoever is first takes a connection."""
        return max(((self.readers_of(each), each) for each in self.workers.processes()), key=itemgetter(0))

    def readers_of(self, process: psutil.Process) -> int:
        connections = process.net_connections("tcp")
        return sum(each.status == "ESTABLISHED" and each.laddr.port == self.port for each in connections)


@asynccontextmanager
async def cluster(count: int) -> AsyncIterator[Cluster]:
    with tempfile.TemporaryDirectory() as folder:
        async with RedisProcess(Path(folder), SETTINGS) as redis:
            environment = {"REDIS_URL": redis.url}
            async with Workers("examples.redis_stream:app", count, environment=environment) as workers:
                yield Cluster(workers, redis)


async def measure(server: Server | Cluster, readers: int, events: int, singles: int) -> Figures:
    before = (await server.tell(memory=True))["memory"]
    async with gathered(readers, server.port) as crowd:
        memory = (await server.tell(memory=True))["memory"] - before
        most = server.busiest()[0] if isinstance(server, Cluster) else readers
        fast = await at_full_speed(server, crowd, readers, events)
        crowd.delays = []
        single = await one_by_one(server, crowd, readers, singles)
    percentiles = statistics.quantiles(crowd.delays, n=100)
    return Figures(fast, single, percentiles[49] / 1e6, percentiles[98] / 1e6, memory / readers / 1024, most)


async def at_full_speed(server: Server | Cluster, crowd: Tally, readers: int, events: int) -> Speed:
    """With so few events on the way that a log holds them."""
    each = [await speed(server, crowd, readers, ON_THE_WAY, burst=BURST) for _ in range(0, events, ON_THE_WAY)]
    return Speed(statistics.harmonic_mean([one.rate for one in each]), statistics.mean([one.cpu for one in each]))


async def one_by_one(server: Server | Cluster, crowd: Tally, readers: int, events: int) -> float:
    """Each event when the one before has reached everybody: nothing comes in one piece with another."""
    before = (await server.tell())["cpu"]
    for _ in range(events):
        await publish(server, crowd, readers, 1)
    return ((await server.tell())["cpu"] - before) / (readers * events) * 1e6


async def costs(server: Cluster) -> Costs:
    """Publish to nobody."""
    before = server.workers.cpu(), server.redis.cpu()
    await server.tell(publish=TO_NOBODY, interval=0.002)  # so that each is read by itself
    await asyncio.sleep(0.2)  # they may still be reading
    after = server.workers.cpu(), server.redis.cpu()
    return Costs(*[(late - early) / TO_NOBODY * 1e6 for early, late in zip(before, after, strict=True)])


async def kill_one(server: Cluster, readers: int) -> Back:
    """Kill the process that has the most readers; they come back, to the others at first."""
    async with gathered(readers, server.port, Returning) as crowd:
        publishing = asyncio.create_task(server.tell(publish=10**6, interval=INTERVAL))
        starts, (its_readers, process) = server.workers.starts, server.busiest()
        began = monotonic()
        process.kill()
        await crowd.back(its_readers)
        back = monotonic() - began
        await server.workers.started(starts + 1)
        replaced = monotonic() - began
        publishing.cancel()
        await asyncio.wait([publishing])
    return Back(its_readers, back, replaced)


class Round(NamedTuple):
    """One server in one round: what could be asked of it."""

    figures: Figures
    costs: Costs | None = None
    back: Back | None = None


async def in_one_process(readers: int, events: int, singles: int) -> Round:
    server = await Server.start("broadcast")
    try:
        return Round(await measure(server, readers, events, singles))
    finally:
        await server.stop()


async def in_processes(count: int, readers: int, events: int, singles: int) -> Round:
    async with cluster(count) as server:
        to_nobody = await costs(server)
        figures = await measure(server, readers, events, singles)
        return Round(figures, to_nobody, await kill_one(server, readers) if count > 1 else None)


def median(values: Iterable[float]) -> float:
    return statistics.median(list(values))


def speeds(results: dict[str, list[Round]]) -> Iterable[str]:
    """The lines of the table of speeds, medians over the rounds."""
    yield (
        "| server | as fast as they go: deliveries/s | CPU s per million | one event at a time: CPU s per million "
        "| delay p50 / p99 ms | KiB each | most readers in one process |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, rounds in results.items():
        each = [one.figures for one in rounds]
        yield (
            f"| {name} | {median(one.fast.rate for one in each):,.0f} | {median(one.fast.cpu for one in each):.1f} "
            f"| {median(one.single for one in each):.1f} "
            f"| {median(one.median for one in each):.1f} / {median(one.p99 for one in each):.1f} "
            f"| {median(one.memory for one in each):.1f} | {median(one.most for one in each):.0f} |"
        )


def events(results: dict[str, list[Round]]) -> Iterable[str]:
    """What an event costs that nobody reads."""
    yield "| server | CPU of its processes per event, µs | CPU of Redis per event, µs |"
    yield "|---|---:|---:|"
    for name, rounds in results.items():
        if found := [each.costs for each in rounds if each.costs]:
            yield f"| {name} | {median(each.workers for each in found):.0f} | {median(e.redis for e in found):.0f} |"


def kills(results: dict[str, list[Round]]) -> Iterable[str]:
    """What follows when a process is killed."""
    yield "| server | readers cut | all have an event again after, s | a new process after, s |"
    yield "|---|---:|---:|---:|"
    for name, rounds in results.items():
        if found := [each.back for each in rounds if each.back]:
            cut, seconds, replaced = (median(column) for column in zip(*found, strict=True))
            yield f"| {name} | {cut:.0f} | {seconds:.2f} | {replaced:.2f} |"


def measured(results: dict[str, list[Round]], counts: Sequence[int]) -> million.Measured:
    """What the paper needs of them: each process's part is the slope from the fewest to the most."""
    few, many = (results[label(count)] for count in (min(counts), max(counts)))
    added = (max(counts) - min(counts)) or 1

    def slope(of: str) -> float:
        late, early = (median(getattr(each.costs, of) for each in rounds) for rounds in (many, few))
        return max(0.0, late - early) / added

    redis = median(each.costs.redis for each in few) - min(counts) * slope("redis")
    returns = [each.back.cut / each.back.seconds for rounds in results.values() for each in rounds if each.back]
    return million.Measured(
        delivery=median(each.figures.single for each in few),
        event=slope("workers"),
        redis=redis,
        redis_process=slope("redis"),
        memory=median(each.figures.memory for each in few),
        returns=median(returns),
    )


def label(count: int) -> str:
    return f"redis_stream, {count} process{'es' if count > 1 else ''}"


async def compare(
    counts: Sequence[int], readers: int, rounds: int, deliveries: int, singles: int
) -> dict[str, list[Round]]:
    """The figures of every round, by server."""
    each = max(deliveries // readers, 1), singles
    results: dict[str, list[Round]] = {"broadcast, 1 process": []} | {label(count): [] for count in counts}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        async with asyncio.timeout(PATIENCE * (1 + len(counts))):
            results["broadcast, 1 process"].append(await in_one_process(readers, *each))
            for count in counts:
                results[label(count)].append(await in_processes(count, readers, *each))
    return results


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_processes", description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4], metavar="N")
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--deliveries", type=int, default=200_000, help="as fast as they go, per round")
    parser.add_argument("--singles", type=int, default=60, help="events, one at a time")
    options = parser.parse_args(arguments)
    open_files.allow(2 * options.readers + 200)
    factory = uvicorn.Config(None, log_level="critical").get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        results = runner.run(
            compare(options.processes, options.readers, options.rounds, options.deliveries, options.singles)
        )
    tables = [speeds(results), events(results), kills(results)]
    if max(options.processes) > 1:
        tables.append(million.table(measured(results, options.processes)))
    print("\n\n".join("\n".join(lines) for lines in tables))


if __name__ == "__main__":
    main()
