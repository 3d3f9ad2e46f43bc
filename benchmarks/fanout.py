"""How fast one event reaches many: `examples/broadcast.py` beside the same fan-out written in other ways.

`python -m benchmarks.fanout` prints a table in less than three minutes. Each server is a process of its own and this
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


class Figures(NamedTuple):
    """One server in one round."""

    rate: float  # deliveries per second
    cpu: float  # seconds of the server's per million deliveries
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
        while (state := await self.tell())["subscribers"] != count:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.02)
        return state

    async def stop(self) -> None:
        self.process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


async def measure(server: Server, subscribers: int, events: int, seconds: float) -> Figures:
    """Connect the subscribers; publish that many events as fast as they go, then 20 a second; disconnect."""
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
        began = await publish(server, tally, subscribers, events, interval=0)
        elapsed = time.monotonic() - began
        after = await server.tell()
        tally.delays = []
        await publish(server, tally, subscribers, int(20 * seconds), interval=0.05)
    finally:
        for transport in transports:
            transport.abort()
    percentiles = statistics.quantiles(tally.delays, n=100)
    return Figures(
        rate=subscribers * events / elapsed,
        cpu=(after["cpu"] - full["cpu"]) / (subscribers * events) * 1e6,
        median=percentiles[49] / 1e6,
        p99=percentiles[98] / 1e6,
        memory=(full["memory"] - before["memory"]) / subscribers / 1024,
    )


async def publish(server: Server, tally: Tally, subscribers: int, events: int, interval: float) -> float:
    """Have events published; return the time when that began, as soon as every subscriber has every one of them."""
    tally.expect(subscribers * events)
    began = time.monotonic()
    await server.tell(publish=events, interval=interval)
    await tally.reached.wait()
    if tally.count != tally.target:
        raise SystemExit(f"{tally.count} deliveries instead of {tally.target}")
    return began


async def compare(sizes: Sequence[int], rounds: int, deliveries: int, seconds: float) -> dict[tuple, list[Figures]]:
    """The figures of every round, by number of subscribers and server."""
    results: dict[tuple, list[Figures]] = {(size, name): [] for size in sizes for name in CONTESTANTS}
    async with contextlib.AsyncExitStack() as stack:
        servers = {}
        for name in CONTESTANTS:
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
    yield "| subscribers | server | deliveries/s | of the limit | CPU s per million | delay p50 / p99 ms | KiB each |"
    yield "|---|---|---|---|---|---|---|"
    first_size, _ = next(iter(results))
    for (size, name), rounds in results.items():
        rate, cpu, median, p99, _ = (statistics.median(column) for column in zip(*rounds, strict=True))
        limits = results[size, LIMIT]
        ratio = statistics.median(mine.rate / best.rate for mine, best in zip(rounds, limits, strict=True))
        memory = f"{rounds[0].memory:.1f}" if size == first_size else "–"
        cells = f"{rate:,.0f}", f"{ratio:.2f}", f"{cpu:.1f}", f"{median:.1f} / {p99:.1f}", memory
        yield f"| {size} | {name} | {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fanout", description=__doc__.splitlines()[0])
    parser.add_argument("--subscribers", type=int, nargs="+", default=[1000, 100], metavar="N")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--deliveries", type=int, default=60_000, help="at full speed, per server and round")
    parser.add_argument("--seconds", type=float, default=1.0, help="of 20 events a second, for the delays")
    options = parser.parse_args(arguments)
    open_files.allow(max(options.subscribers) + 200)
    factory = uvicorn.Config(None, log_level="critical").get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        results = runner.run(compare(options.subscribers, options.rounds, options.deliveries, options.seconds))
    print("\n".join(table(results)))


if __name__ == "__main__":
    main()
