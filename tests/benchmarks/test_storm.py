import os
import re

import pytest

from benchmarks import storm


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_a_small_storm_prints_a_row_for_each_way(capsys, monkeypatch):
    monkeypatch.setattr(storm, "WAYS", {"at once": "RETRY = 0.1, 0.1", "in half a second": "RETRY = 0.1, 0.6"})
    storm.main(["--clients", "5"])
    header, rule, *rows = capsys.readouterr().out.splitlines()
    assert header.count("|") == rule.count("|") == 8
    at_once, spread = (
        re.fullmatch(r"\| ([^|]+) \| -?[\d.]+ \| [\d.]+ \| 5 \| (\d) \| [\d.]+ \| [\d.]+ \|", row) for row in rows
    )
    assert (at_once[1], spread[1]) == ("at once", "in half a second")
    assert 1 <= int(spread[2]) <= int(at_once[2]) == 5
