"""What a million readers would take: on paper, from what a thousand took here, and where it would break."""

import math
from collections.abc import Iterable
from typing import NamedTuple

READERS = 1_000_000
RATES = {"one a minute": 1 / 60, "one a second": 1.0, "ten a second": 10.0}  # events
BUSY = 0.5  # of a core: what a process may be at most, so that it can catch up after a pause
EVENT_BYTES = 110  # on the wire, with its chunk's head
PACKET_BYTES = 66  # Ethernet's, IP's and TCP's heads, around each event
ENTRY_BYTES = 200  # of an entry in an answer of Redis
CONNECTIONS = 20_000  # of one process: its open files, and what comes back at once when it is killed
PORTS = 28_232  # from one address of a proxy's to one address of a server's, as Linux gives them out


class Measured(NamedTuple):
    """One machine's figures."""

    delivery: float  # microseconds of CPU, one event at a time
    event: float  # microseconds that a process takes for an event besides
    redis: float  # microseconds that Redis takes for an event
    redis_process: float  # and for each process that reads it
    memory: float  # KiB per reader
    returns: float  # readers per second that came back when a process was killed


class Need(NamedTuple):
    """At so many events a second."""

    deliveries: float  # per second
    processes: int
    cores: float
    redis: float  # share of its one core
    reads: float  # per second that Redis answers
    redis_bytes: float  # per second that it sends
    bytes: float  # per second that readers get


def need(rate: float, measured: Measured) -> Need:
    """As few processes as keep within their half of a core, and within their connections."""
    deliveries = rate * READERS
    for_readers = deliveries * measured.delivery / 1e6
    own = rate * measured.event / 1e6  # cores, of each process
    by_time = math.ceil(for_readers / (BUSY - own)) if own < BUSY else 0
    processes = max(by_time, math.ceil(READERS / CONNECTIONS))
    return Need(
        deliveries=deliveries,
        processes=processes,
        cores=for_readers + processes * own,
        redis=rate * (measured.redis + processes * measured.redis_process) / 1e6,
        reads=rate * processes,
        redis_bytes=rate * processes * ENTRY_BYTES,
        bytes=deliveries * (EVENT_BYTES + PACKET_BYTES),
    )


def table(measured: Measured) -> Iterable[str]:
    """The lines of a Markdown table."""
    needs = [need(rate, measured) for rate in RATES.values()]

    def row(name: str, form: str, *values: float) -> str:
        return f"| {name} | " + " | ".join(form.format(value) for value in values) + " |"

    yield f"| {READERS:,} readers | {' | '.join(f'{name}' for name in RATES)} |"
    yield f"|---|{'---:|' * len(RATES)}"
    yield row("deliveries per second", "{:,.0f}", *[each.deliveries for each in needs])
    yield row(f"processes, of {CONNECTIONS:,} readers at most", "{:,}", *[each.processes for each in needs])
    yield row("cores that they keep busy", "{:,.1f}", *[each.cores for each in needs])
    yield row("connections to Redis that wait for entries", "{:,}", *[each.processes for each in needs])
    yield row("answers of Redis per second", "{:,.0f}", *[each.reads for each in needs])
    yield row("Redis sends, MB per second", "{:,.2f}", *[each.redis_bytes / 1e6 for each in needs])
    yield row("of its one core", "{:.1%}", *[each.redis for each in needs])
    yield row("readers get, Gbit per second", "{:,.2f}", *[each.bytes * 8 / 1e9 for each in needs])
    yield row("memory of the processes, GB", "{:,.0f}", *[measured.memory * 1024 * READERS / 1e9 for _ in needs])
    yield row(
        "seconds until all are back after a restart of all",
        "{:,.0f}",
        *[READERS / each.processes / measured.returns for each in needs],
    )
    yield row("addresses that a proxy needs for them", "{:,}", *[math.ceil(READERS / PORTS) for _ in needs])
