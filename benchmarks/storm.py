"""A thousand event sources, a restart, and how they come back: `examples/in_service` with and without its jitter.

`python -m benchmarks.storm` prints a table in half a minute. The server is stopped with SIGTERM and started again at
once; the event sources keep the standard's rules (`streamside.crowd`). Both are processes of this machine.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import NamedTuple

import psutil

from benchmarks import open_files
from examples import in_service
from streamside.crowd import Crowd
from streamside.supervised import supervised

RETRY = "RETRY = 1, 5"
WAYS = {"3 s for all": "RETRY = 3, 3", "1 to 5 s, each its own": RETRY}
SLICE = 0.1  # seconds, in which connections are counted


class Storm(NamedTuple):
    """One restart."""

    memory: float  # KiB of each stream
    stopping: float  # seconds from SIGTERM to the process's end
    whole: int  # responses that were ended, and not cut
    peak: int  # connections in the worst slice
    back: float  # seconds from SIGTERM until all have a stream
    cpu: float  # seconds of the new process's, until then


async def storm(way: str, count: int) -> Storm:
    changes = {RETRY: way, "MAX_STREAMS = 1000": f"MAX_STREAMS = {count}", "DRAIN = 5": "DRAIN = 0"}
    with supervised(in_service, changes) as service:
        before = psutil.Process(service.pid).memory_info().rss
        async with Crowd(f"{service.url}/events", count) as crowd:
            await crowd.all_open()
            memory = psutil.Process(service.pid).memory_info().rss - before
            began = monotonic()
            stopping = await asyncio.to_thread(service.stop)
            await crowd.have_ended(count)
            whole = crowd.ended["ended"]
            await asyncio.to_thread(service.start)
            await crowd.all_open()
            back = monotonic() - began
            used = psutil.Process(service.pid).cpu_times()
    slices = Counter(int(pause / SLICE) for pause in crowd.pauses)
    return Storm(memory / count / 1024, stopping, whole, max(slices.values()), back, used.user + used.system)


def table(storms: Iterable[tuple[str, Storm]]) -> Iterable[str]:
    """The lines of a Markdown table."""
    yield (
        "| reconnection time | KiB each | s from SIGTERM to the end | whole responses | most connections in 0.1 s "
        "| s until all are back | CPU s of the new process |"
    )
    yield "|---|---|---|---|---|---|---|"
    for name, each in storms:
        yield (
            f"| {name} | {each.memory:.1f} | {each.stopping:.2f} | {each.whole:,} | {each.peak:,} | {each.back:.1f} "
            f"| {each.cpu:.2f} |"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storm", description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=1000, metavar="N")
    options = parser.parse_args(arguments)
    open_files.allow(options.clients + 200)  # which the server's process inherits
    storms = [(name, asyncio.run(storm(way, options.clients))) for name, way in WAYS.items()]
    print("\n".join(table(storms)))


if __name__ == "__main__":
    main()
