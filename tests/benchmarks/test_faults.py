"""Whatever breaks, a client that resumes by id gets every event once; and the measurement sees it when it does not."""

import asyncio
from collections import Counter
from types import SimpleNamespace

import pytest

from benchmarks import faults
from benchmarks.publishing import Publisher
from benchmarks.resuming import Resuming

# Each kind of fault, the dear ones once.
KINDS = ["cut", "stalled reader", "worker killed", "proxy reloaded", "Redis killed", "cut", "proxy killed", "cut"]


def test_faults_of_each_kind_lose_nothing_and_double_nothing():
    happening = [faults.Fault(kind, 0.2, number) for number, kind in enumerate(KINDS)]
    outcome = asyncio.run(faults.run("redis_stream", happening, readers=4, settings=""))
    assert {kind: len(seconds) for kind, seconds in outcome.faults.items()} == dict(Counter(KINDS))
    assert set(KINDS) == set(faults.SHARES)
    assert outcome.answered >= faults.UNREAD[0]
    assert outcome.connections > 4
    assert outcome.deliveries >= 4 * outcome.answered
    assert (outcome.lost, outcome.doubled, outcome.told, outcome.orders, outcome.tracebacks) == (0, 0, 0, 1, 0)


def test_a_seed_repeats_the_faults():
    assert faults.drawn(9, faults.WITHOUT_REDIS, 5) == faults.drawn(9, faults.WITHOUT_REDIS, 5)
    assert faults.drawn(9, faults.WITHOUT_REDIS, 5) != faults.drawn(9, faults.WITHOUT_REDIS, 6)


def reader(*numbers: int, told: tuple[str, ...] = ()) -> Resuming:
    made = Resuming("")
    for number in numbers:
        made.take("message", f"<li>~{number}~</li>")
    for kind in told:
        made.take(kind, "")
    return made


@pytest.mark.parametrize(
    ("readers", "lost", "doubled", "told", "orders"),
    [
        ([reader(1, 2, 3), reader(1, 2, 3)], 0, 0, 0, 1),
        ([reader(1, 2, 3), reader(1, 3)], 1, 0, 0, 2),
        ([reader(1, 3), reader(1, 3)], 2, 0, 0, 1),  # 2 was answered for, and reached nobody
        ([reader(1, 2, 3, 4), reader(1, 2, 3)], 1, 0, 0, 2),  # 4 was not, but has reached somebody
        ([reader(1, 2, 2, 3), reader(1, 2, 3)], 0, 1, 0, 2),
        ([reader(1, 2, 3), reader(2, 1, 3)], 0, 0, 0, 2),
        ([reader(1, 2, 3), reader(1, told=("reset", "dropped"))], 2, 0, 2, 2),
    ],
)
def test_what_is_lost_doubled_or_out_of_order_is_counted(readers, lost, doubled, told, orders):
    publisher = Publisher("")
    publisher.answered = [1, 2, 3]
    printed = [b"INFO:     a start\n", b"Traceback (most recent call last):\n"]
    stage = SimpleNamespace(readers=readers, publisher=publisher, workers=SimpleNamespace(printed=printed))
    outcome = faults.outcome_of(stage, {"worker killed": [1.0], "cut": [0.5, 1.5]})
    assert (outcome.lost, outcome.doubled, outcome.told, outcome.orders) == (lost, doubled, told, orders)
    assert outcome.tracebacks == 1
    lines = list(faults.table(outcome))
    assert lines[2:4] == ["| cut | 2 | 1.00 / 1.50 |", "| worker killed | 1 | 1.00 / 1.00 |"]
    assert f"| lost | {lost} |" in lines
    assert f"| doubled | {doubled} |" in lines


@pytest.mark.nightly
def test_a_client_that_does_not_resume_is_found_out(monkeypatch, capsys):
    """It is the id that saves them: without it the same faults lose something."""
    monkeypatch.setattr(Resuming, "resume", lambda self: {})
    monkeypatch.setattr(faults, "PATIENCE", 1)
    assert faults.main(["--example", "broadcast", "--faults", "6", "--seed", "3", "--readers", "2"]) == 1
    assert "broadcast, seed 3" in capsys.readouterr().out
