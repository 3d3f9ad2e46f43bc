"""Tables of `redis_stream` in several processes, beside lesson 10's log; what a million readers would take."""

import re

import pytest

from benchmarks import many_processes, million
from benchmarks.fanout import Speed
from benchmarks.many_processes import Back, Costs, Figures, Round


@pytest.mark.nightly
def test_a_small_run_prints_all_tables(capsys, monkeypatch):
    monkeypatch.setattr(many_processes, "TO_NOBODY", 50)
    many_processes.main(["--processes", "2", "--readers", "3", "--rounds", "1", "--deliveries", "30", "--singles", "2"])
    speeds, events, kills, paper = capsys.readouterr().out.strip().split("\n\n")
    assert [row.split(" | ")[0] for row in speeds.splitlines()[2:]] == [
        "| broadcast, 1 process",
        "| redis_stream, 2 processes",
    ]
    assert re.fullmatch(r"\| redis_stream, 2 processes \| \d+ \| \d+ \|", events.splitlines()[-1])
    assert re.fullmatch(r"\| redis_stream, 2 processes \| [0-3] \| [\d.]+ \| [\d.]+ \|", kills.splitlines()[-1])
    assert paper.startswith("| 1,000,000 readers |")


def of(count: int) -> list[Round]:
    """A server whose processes take 100 µs each for an event, and for which Redis takes 50 and 10 more for each."""
    figures = Figures(Speed(1000, 1), 20.0, 1, 2, 25, 500)
    back = Back(cut=500, seconds=0.5, replaced=1) if count > 1 else None
    return [Round(figures, Costs(30 + 100 * count, 50 + 10 * count), back)] * 3


def test_what_one_more_process_costs_is_the_slope():
    results = {many_processes.label(count): of(count) for count in (1, 2, 4)}
    assert many_processes.measured(results, [1, 2, 4]) == million.Measured(
        delivery=20.0, event=100.0, redis=50.0, redis_process=10.0, memory=25, returns=1000.0
    )


def test_a_million_on_paper():
    measured = million.Measured(delivery=20, event=200, redis=100, redis_process=20, memory=25, returns=1000)
    need = million.need(1, measured)
    assert (need.deliveries, need.processes, need.reads) == (1e6, 50, 50)
    assert need.cores == 20 + 50 * 0.0002
    assert need.redis == (100 + 50 * 20) / 1e6
    assert million.need(10, measured).processes == 402  # half a core each, less what it takes to read
    rows = list(million.table(measured))
    assert len({row.count("|") for row in rows}) == 1
    assert "| addresses that a proxy needs for them | 36 | 36 | 36 |" in rows
