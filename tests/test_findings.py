"""A server that is wrong in each way: each is found, and nothing is found in a right one; what takes long, on paper."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest

from streamside import examination
from streamside.examination import Answer, Evidence, examine
from streamside.findings import CHECKS, Finding, findings
from streamside.paths import ROOT
from streamside.recording import Chunk, Recording
from tests.wrong_streams import RIGHT, WAYS, first, hang, serving, when


@cache
def all_found() -> dict[str, list[Finding]]:
    """What is found in each way, all examined at the same time."""
    with serving() as server, ThreadPoolExecutor(16) as engineers:
        evidence = engineers.map(lambda way: examine(f"{server.url}/{way}", {}, 2), WAYS)
        return {way: findings(each) for way, each in zip(WAYS, evidence, strict=True)}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_be_wrong_is_found(way):
    _, verdict, about, what = WAYS[way]
    found = [finding for finding in all_found()[way] if finding.about == about]
    assert [finding.verdict for finding in found if what in finding.what] == [verdict], found


def test_nothing_is_wrong_with_what_is_right():
    assert [finding.about for finding in all_found()["right"] if finding.verdict != "ok"] == ["HTTP", "heartbeat"]


def test_of_what_is_no_stream_no_more_is_said():
    assert [finding.about for finding in all_found()["missing"]] == ["status"]
    assert [finding.about for finding in all_found()["page"]] == ["status", "type"]


def test_every_finding_has_its_line_and_its_lesson():
    lines = [finding for found in all_found().values() for finding in found]
    assert {finding.about for finding in lines} >= {way[2] for way in WAYS.values()}
    for finding in lines:
        assert "\n" not in str(finding)
        assert (finding.verdict == "ok") == (not finding.why) == (not finding.remedy) == (not finding.lesson)
        if finding.lesson:
            assert (ROOT / finding.lesson).with_suffix(".ipynb").exists()
    assert len(CHECKS) == 17


def evidence(
    *chunks: tuple[float, bytes],
    ended_at: float,
    ended_by: str = "client",
    headers: dict[str, str] | None = None,
    **more: object,
) -> Evidence:
    """As if it had been seen."""
    had = {"content-type": "text/event-stream", **(headers or {})}
    pieces = tuple(Chunk(*chunk) for chunk in chunks)
    recording = Recording("GET", "/", (), 200, tuple(had.items()), pieces, ended_by, ended_at)  # type: ignore[arg-type]
    return Evidence("http://x", ("first",), Answer(recording, "1.1", 0.0), **more)  # type: ignore[arg-type]


def said(about: str, evidence: Evidence) -> list[tuple[str, str]]:
    return [(finding.verdict, finding.what) for finding in findings(evidence) if finding.about == about]


def test_what_a_server_says_does_not_steer_the_terminal():
    assert "⟨ESC⟩[2J" in str(Finding("ok", "type", "\x1b[2J"))


def test_half_a_minute_of_silence_is_wrong_and_comments_are_signs_of_life():
    assert said("heartbeat", evidence((1, b"data\n\n"), ended_at=41)) == [("wrong", "silence of 40 s")]
    beats = [(15.0 * beat, b":\n\n") for beat in range(3)]
    assert said("heartbeat", evidence(*beats, ended_at=40)) == [("ok", "longest silence 15.0 s, with comments")]


def test_a_server_that_offers_http_2_is_told_from_one_that_does_not():
    assert said("HTTP", evidence(ended_at=1, http2=True)) == [("ok", "version 2 for browsers")]


def test_a_second_connection_that_waits_for_the_end_of_the_first_is_one_too_many():
    late = Answer(evidence(ended_at=5).first.recording, "1.1", 4.9)
    waited = evidence((1, b"data\n\n"), ended_at=5, ended_by="server", second=late)
    assert said("second", waited) == [("wrong", "answered only when the first had ended")]


def test_a_backlog_that_comes_at_once_was_not_held_back():
    at_once = evidence((0.1, b"data\n\n" * 9), ended_at=5)
    assert said("pieces", at_once) == [("ok", "9 events in 1 piece, the first after 0.1 s")]
    assert said("pieces", evidence((2.0, b"data\n\n" * 9), ended_at=5))[0][0] == "note"


def test_a_last_line_that_arrives_in_two_pieces_at_once_is_no_stall():
    assert said("pieces", evidence((0.1, b"da"), (0.12, b"ta\n\n"), ended_at=5))[0][0] == "ok"


def test_nginx_keeps_a_header_to_itself():
    [(verdict, what)] = said("buffering", evidence(ended_at=1, headers={"server": "nginx/1.22.1"}))
    assert (verdict, what) == ("note", "nginx/1.22.1 is in between")
    told = {"server": "nginx/1.22.1", "x-accel-buffering": "no"}
    assert said("buffering", evidence(ended_at=1, headers=told)) == [("ok", "X-Accel-Buffering: no")]


def test_what_is_compressed_and_comes_all_the_same_is_right():
    pieces = [(time, b"data\n\n") for time in (0.1, 0.5, 0.9)]
    gzip = {"content-encoding": "gzip"}
    assert said("compression", evidence(*pieces, ended_at=1, headers=gzip))[0][0] == "ok"
    assert said("compression", evidence(*pieces[:2], ended_at=1, headers=gzip)) == [("note", "gzip")]


def test_a_cut_after_a_silence_is_told_from_one_in_the_midst_of_events():
    assert said("end", evidence((0.1, b":\n\n"), ended_at=3.1, ended_by="network")) == [
        ("wrong", "cut after 3.1 s, of which the last 3.0 s were silent")
    ]
    assert said("end", evidence((3.0, b":\n\n"), ended_at=3.1, ended_by="network")) == [("wrong", "cut after 3.1 s")]


def test_what_compression_holds_back_is_told_from_a_server_that_is_away(monkeypatch):
    """As nginx does with `gzip_types text/event-stream`: to whoever does not offer gzip, all is well."""
    monkeypatch.setitem(WAYS, "squeezed", (when(first, hang, RIGHT), "", "", ""))
    monkeypatch.setattr(examination, "SILENCE_SECONDS", 0.3)
    with serving() as server:
        seen = examine(f"{server.url}/squeezed", {}, 1)
    assert (seen.asked, seen.held_back) == (("compressed", "first"), True)
    assert [(each.verdict, each.about) for each in findings(seen) if each.verdict != "ok"] == [("wrong", "compression")]
