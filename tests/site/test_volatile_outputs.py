"""Outputs of two good runs are the same but for times and tokens; nothing else is taken for equal."""

import pytest

from streamside.site.volatile_outputs import same

TRANSCRIPT = "< 200 OK\n<\n0.0 s │ data: {data}\n{time} ■ The client closed the connection."


def output(kind: str, text: str) -> dict:
    return {"output_type": "display_data", "data": {kind: text}}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("text/plain", TRANSCRIPT.replace("{data}", "x")),
        ("text/html", '<span class="time">{time}</span> <span aria-hidden="true">│</span> data: x'),
        ("text/markdown", "| Time | Type |\n| --- | --- |\n| {time} | message |"),
    ],
)
def test_outputs_that_differ_in_shown_times_are_the_same(kind, text):
    assert same(output(kind, text.replace("{time}", "0.5 s")), output(kind, text.replace("{time}", "0.6 s")))
    assert not same(output(kind, text.replace("{time}", "0.5 s")), output(kind, text.replace("{time}", "0.5 s.")))


@pytest.mark.parametrize(
    ("kind", "together", "apart"),
    [
        ("text/plain", "0.5 s │ : x\n      │ data: y", "0.5 s │ : x\n0.6 s │ data: y"),
        (
            "text/html",
            '      <span aria-hidden="true">│</span> data: y',
            '<span class="time">0.6 s</span> <span aria-hidden="true">│</span> data: y',
        ),
        ("text/html", r'[[500, ": x\n\ndata: y\n\n"]]', r'[[500, ": x\n\n"], [600, "data: y\n\n"]]'),
    ],
)
def test_whether_two_lines_share_a_time_is_the_same(kind, together, apart):
    assert same(output(kind, together), output(kind, apart))
    assert not same(output(kind, together), output(kind, apart.replace("y", "z")))


def test_recordings_that_differ_in_times_are_the_same_and_in_data_are_not():
    recorded = '{"chunks": [[500, "data: 12"]], "start": 0, "end": %d}'
    assert same(output("text/html", recorded % 500), output("text/html", recorded % 600))
    assert not same(output("text/html", recorded % 500), output("text/html", (recorded % 500).replace("12", "13")))


def test_times_in_prose_and_data_count():
    assert not same(output("text/plain", "it took 0.5 s"), output("text/plain", "it took 0.6 s"))
