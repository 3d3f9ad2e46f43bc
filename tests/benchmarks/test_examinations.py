"""An examination is timed, as it is and through a proxy, and finds nothing wrong with lesson 10's example."""

import asyncio

import pytest

from benchmarks import examinations
from benchmarks.examinations import Examination


def test_lesson_10s_example_is_right_through_caddy_too():
    direct, proxied = asyncio.run(examinations.examinations("--seconds", "0.2"))
    assert "wrong" not in direct.verdicts + proxied.verdicts
    assert (direct.name, proxied.name) == ("broadcast", "broadcast behind Caddy")


def test_what_takes_too_long_is_said_after_the_table(monkeypatch, capsys):
    async def done():
        return [Examination("one", 11.26, ("ok", "note")), Examination("other", 15.1, ("wrong",))]

    monkeypatch.setattr(examinations, "examinations", done)
    with pytest.raises(SystemExit, match="too slow: other"):
        examinations.main()
    assert capsys.readouterr().out.splitlines()[2:] == ["| one | 11.3 | 0 | 1 |", "| other | 15.1 | 1 | 0 |"]
