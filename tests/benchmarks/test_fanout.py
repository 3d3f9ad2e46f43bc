import asyncio
import re

import pytest

from benchmarks import fanout
from benchmarks.fanout_servers import CONTESTANTS

RUN = ["--subscribers", "3", "--rounds", "1", "--deliveries", "30", "--seconds", "0.1"]


@pytest.mark.nightly
def test_a_small_run_prints_a_row_for_each_server(capsys):
    fanout.main(RUN)
    header, rule, *rows = capsys.readouterr().out.splitlines()
    assert header.count("|") == rule.count("|") == 11
    assert [row.split(" | ")[1] for row in rows] == list(CONTESTANTS)
    speed = r"[\d,]+ \| 1\.00 \| [\d.]+"
    assert re.fullmatch(rf"\| 3 \| [^|]+ \| {speed} \| {speed} \| [\d.]+ / [\d.]+ \| -?[\d.]+ \|", rows[0])


def test_one_may_ask_for_some_servers_only(capsys):
    names = [list(CONTESTANTS)[number] for number in (0, 2)]
    fanout.main([*RUN, "--servers", *names])
    assert [row.split(" | ")[1] for row in capsys.readouterr().out.splitlines()[2:]] == names


def figures(rate):
    """Bursts go at twice the rate of single events."""
    return fanout.Figures(fanout.Speed(rate, 1.0), fanout.Speed(2 * rate, 2.0), 3.0, 4.0, 5.0)


def test_the_table_takes_ratios_within_a_round_and_medians_over_rounds():
    names = list(CONTESTANTS)
    results = {
        (10, name): [figures(rate) for rate in rates]
        for name, rates in {names[0]: (100, 1000, 50), names[1]: (60, 500, 40)}.items()
    }
    results |= {(5, name): rounds for (_, name), rounds in results.items()}
    *_, limit, other, fewer, _ = fanout.table(results)
    assert limit.split(" | ")[2:8] == ["100", "1.00", "1.0", "200", "1.00", "2.0"]
    assert other.split(" | ")[2:8] == ["60", "0.60", "1.0", "120", "0.60", "2.0"]
    assert [row.split(" | ")[-1] for row in (other, fewer)] == ["5.0 |", "– |"]


def test_deliveries_are_counted_and_timed_however_the_bytes_are_cut():
    tally = fanout.Tally()
    tally.expect(2)
    tally.take(b"data: ~0000000000")
    assert not tally.reached.is_set()
    tally.delays = []
    tally.take(b"0000000001x\n\ndata: ~00000000000000000001x\n\n")
    assert tally.reached.is_set()
    assert len(tally.delays) == 1


def test_a_lost_or_doubled_delivery_is_an_error():
    class Doubles:
        async def tell(self, **command):
            self.tally.take(b"~~~")

    async def scenario():
        server, tally = Doubles(), fanout.Tally()
        server.tally = tally
        await fanout.publish(server, tally, subscribers=2, events=1)

    with pytest.raises(SystemExit, match="3 deliveries instead of 2"):
        asyncio.run(scenario())
