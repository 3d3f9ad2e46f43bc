"""How fast one event reaches many: `examples/broadcast.py` beside the same fan-out written in other ways.

`python -m benchmarks.fanout` prints a table in a few minutes. Each server is a process of its own and this
one is the client of all, one after the other, in rounds; the figures are medians over the rounds. Absolute rates drift
with the machine: compare the ratios, which are taken within a round.
"""

import argparse
import asyncio
import contextlib
import json
import re
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import uvicorn

from benchmarks import open_files
from benchmarks.fanout_servers import CONTESTANTS, MARK

LIMIT = next(iter(CONTESTANTS))
PATIENCE = 60  # seconds that any step may take
STAMP = re.compile(MARK.encode() + rb"(\d{20})")
REQUEST = b"GET /events HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\n\r\n"
AT_ONCE = 100  # connections opened at the same time


BURST = 10  # events published in one go


class Speed(NamedTuple):
    """How fast one way of publishing goes."""

    rate: float  # deliveries per second
    cpu: float  # seconds of the server's per million deliveries


class Figures(NamedTuple):
    """One server in one round."""

    single: Speed  # one event at a time
    bursts: Speed
    median: float  # delay in milliseconds
    p99: float
    memory: float  # KiB per subscriber


class Tally:
    """What all connections received together."""

    def __init__(self) -> None:
        self.count = self.target = 0
        self.delays: list[int] | None = None  # in nanoseconds, when they are wanted
        self.reached = asyncio.Event()

    def expect(self, count: int) -> None:
        self.count, self.target = 0, count
        self.reached.clear()

    def take(self, data: bytes) -> None:
        self.count += data.count(MARK.encode())
        if self.delays is not None:
            now = time.monotonic_ns()  # one clock for all processes of a machine
            self.delays.extend(now - int(sent) for sent in STAMP.findall(data))
        if self.count >= self.target:
            self.reached.set()


class Listener(asyncio.Protocol):
    def __init__(self, tally: Tally) -> None:
        self.data_received = tally.take

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(REQUEST)


class Server:
    """A server's process."""

    def __init__(self, process: Process, port: int) -> None:
        self.process, self.port = process, port

    @classmethod
    async def start(cls, name: str) -> "Server":
        command = [sys.executable, "-m", "benchmarks.fanout_servers", name]
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        return cls(process, json.loads(await process.stdout.readline())["port"])

    async def tell(self, **command: float) -> dict[str, float]:
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        return json.loads(await self.process.stdout.readline())

    async def subscribers(self, count: int) -> dict[str, float]:
        """Its state as soon as so many are subscribed."""
        while (await self.tell())["subscribers"] != count:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.02)
        return await self.tell(memory=True)

    async def stop(self) -> None:
        self.process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


async def measure(server: Server, subscribers: int, events: int, seconds: float) -> Figures:
    """Connect the subscribers; publish as many events as fast as they go, singly and in bursts, then 20 a second."""
    loop, tally = asyncio.get_running_loop(), Tally()
    before = await server.subscribers(0)
    transports = []
    for start in range(0, subscribers, AT_ONCE):
        opening = [
            loop.create_connection(lambda: Listener(tally), "127.0.0.1", server.port)
            for _ in range(start, min(start + AT_ONCE, subscribers))
        ]
        transports += [transport for transport, _ in await asyncio.gather(*opening)]
    full = await server.subscribers(subscribers)
    try:
        single = await speed(server, tally, subscribers, events, burst=1)
        bursts = await speed(server, tally, subscribers, -(-events // BURST) * BURST, burst=BURST)
        tally.delays = []
        await publish(server, tally, subscribers, int(20 * seconds), interval=0.05)
    finally:
        for transport in transports:
            transport.abort()
    percentiles = statistics.quantiles(tally.delays, n=100)
    return Figures(
        single=single,
        bursts=bursts,
        median=percentiles[49] / 1e6,
        p99=percentiles[98] / 1e6,
        memory=(full["memory"] - before["memory"]) / subscribers / 1024,
    )


async def speed(server: Server, tally: Tally, subscribers: int, events: int, burst: int) -> Speed:
    """Have events published as fast as they go, `burst` of them in one go."""
    before, began = await server.tell(), time.monotonic()
    await publish(server, tally, subscribers, events, burst=burst)
    elapsed, after = time.monotonic() - began, await server.tell()
    deliveries = subscribers * events
    return Speed(rate=deliveries / elapsed, cpu=(after["cpu"] - before["cpu"]) / deliveries * 1e6)


async def publish(
    server: Server, tally: Tally, subscribers: int, events: int, *, burst: int = 1, interval: float = 0
) -> None:
    """Have events published, with a pause after each burst; return as soon as every subscriber has all of them."""
    tally.expect(subscribers * events)
    await server.tell(publish=events, burst=burst, interval=interval)
    await tally.reached.wait()
    if tally.count != tally.target:
        raise SystemExit(f"{tally.count} deliveries instead of {tally.target}")


async def compare(
    names: Sequence[str], sizes: Sequence[int], rounds: int, deliveries: int, seconds: float
) -> dict[tuple, list[Figures]]:
    """The figures of every round, by number of subscribers and server."""
    results: dict[tuple, list[Figures]] = {(size, name): [] for size in sizes for name in names}
    async with contextlib.AsyncExitStack() as stack:
        servers = {}
        for name in names:
            servers[name] = await Server.start(name)
            stack.push_async_callback(servers[name].stop)
        for number in range(rounds):
            order = list(servers)[:: -1 if number % 2 else 1]  # so that a slow drift of the machine favours nobody
            for size in sizes:
                for name in order:
                    print(f"round {number + 1} of {rounds}: {size} subscribers, {name}", file=sys.stderr)
                    async with asyncio.timeout(PATIENCE):
                        figures = await measure(servers[name], size, max(deliveries // size, 1), seconds)
                    results[size, name].append(figures)
    return results


def table(results: dict[tuple, list[Figures]]) -> Iterable[str]:
    """The lines of a Markdown table. A process keeps its memory: only its first subscribers show theirs."""
    yield (
        "| subscribers | server | one at a time: deliveries/s | of the limit | CPU s per million "
        f"| bursts of {BURST}: deliveries/s | of the limit | CPU s per million | delay p50 / p99 ms | KiB each |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    first_size, _ = next(iter(results))
    for (size, name), rounds in results.items():
        limits = results[size, LIMIT]
        single = speed_cells([each.single for each in rounds], [each.single for each in limits])
        bursts = speed_cells([each.bursts for each in rounds], [each.bursts for each in limits])
        median, p99 = (statistics.median(column) for column in zip(*[(r.median, r.p99) for r in rounds], strict=True))
        memory = f"{rounds[0].memory:.1f}" if size == first_size else "–"
        yield f"| {size} | {name} | {' | '.join([*single, *bursts, f'{median:.1f} / {p99:.1f}', memory])} |"


def speed_cells(speeds: Sequence[Speed], limits: Sequence[Speed]) -> tuple[str, str, str]:
    """The medians over the rounds: rate, its ratio to the limit's, CPU."""
    rate, cpu = (statistics.median(column) for column in zip(*speeds, strict=True))
    ratio = statistics.median(mine.rate / best.rate for mine, best in zip(speeds, limits, strict=True))
    return f"{rate:,.0f}", f"{ratio:.2f}", f"{cpu:.1f}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fanout", description=__doc__.splitlines()[0])
    parser.add_argument("--subscribers", type=int, nargs="+", default=[1000, 100], metavar="N")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--deliveries", type=int, default=300_000, help="at full speed, per server and round")
    parser.add_argument("--seconds", type=float, default=1.0, help="of 20 events a second, for the delays")
    parser.add_argument("--servers", nargs="+", default=list(CONTESTANTS), metavar="NAME", help="some, the limit first")
    options = parser.parse_args(arguments)
    open_files.allow(max(options.subscribers) + 200)
    factory = uvicorn.Config(None, log_level="critical").get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        results = runner.run(
            compare(options.servers, options.subscribers, options.rounds, options.deliveries, options.seconds)
        )
    print("\n".join(table(results)))


if __name__ == "__main__":
    main()
