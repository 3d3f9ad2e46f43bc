"""What was seen on a connection: its events, as a table and as JSON."""

import dataclasses
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamside.recording import TimedEvent
from streamside.wire import Event, encode
from tests.recorded_exchanges import EXCHANGE, Outline, recording


def test_the_text_form_is_the_transcript() -> None:
    assert repr(EXCHANGE) == str(EXCHANGE) == EXCHANGE.transcript()


def test_body_and_events() -> None:
    seen = recording((0.1, b"data: a\n\ndata"), (0.35, b": b\nid: 4\n\ndata: c\n"), (0.4, b"\n"))
    assert seen.body == b"data: a\n\ndata: b\nid: 4\n\ndata: c\n\n"
    assert seen.events == (
        TimedEvent(0.1, Event("message", "a", "")),
        TimedEvent(0.35, Event("message", "b", "4")),
        TimedEvent(0.4, Event("message", "c", "4")),
    )


@pytest.mark.parametrize(
    ("status", "kind", "is_stream"),
    [
        (200, "text/event-stream", True),
        (200, "Text/Event-Stream ; charset=utf-8", True),
        (200, "text/event-stream-of-another-kind", False),
        (200, "text/html", False),
        (503, "text/event-stream", False),
    ],
)
def test_an_event_stream_is_what_an_event_source_would_read(status: int, kind: str, is_stream: bool) -> None:
    seen = recording((0, b"data: a\n\n"), status=status, headers=(("content-type", kind),))
    assert seen.is_event_stream is is_stream


def test_after_a_reconnection_events_bear_the_last_event_id_that_was_sent() -> None:
    resumed = recording((0.0, b"data: a\n\nid: 8\ndata: b\n\n"), request_headers=(("last-event-id", "7"),))
    assert [timed.event.last_event_id for timed in resumed.events] == ["7", "8"]


def test_no_field_can_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        EXCHANGE.status = 204  # type: ignore[misc]


# Times


# The body


# HTML and Markdown


# The table of events

TABLE = recording(
    (0.01, encode("<b>1|2</b>", event="tick", id="`7`")),
    (0.52, encode("")),
    (1.01, encode("a\nb", id="") + b": no\n\n"),
).table()


def test_the_table_as_text() -> None:
    assert repr(TABLE) == (
        "Time   Type     Data        Last event ID\n"
        "0.0 s  tick     <b>1|2</b>  `7`\n"
        "0.5 s  message              `7`\n"
        "1.0 s  message  a⟨LF⟩b"
    )


def test_the_table_as_markdown() -> None:
    assert TABLE._repr_markdown_() == (
        "| Time | Type | Data | Last event ID |\n"
        "| --- | --- | --- | --- |\n"
        "| 0.0 s | ` tick ` | ` <b>1\\|2</b> ` | `` `7` `` |\n"
        "| 0.5 s | ` message ` |  | `` `7` `` |\n"
        "| 1.0 s | ` message ` | ` a⟨LF⟩b ` |  |\n"
    )


def test_the_table_as_html() -> None:
    source = TABLE._repr_html_()
    assert source.startswith('<table class="events">')
    assert re.findall(r'<th scope="col">(.*?)</th>', source) == ["Time", "Type", "Data", "Last event ID"]
    assert re.findall(r"<tr>(<td>.*)</tr>", source) == [
        "<td>0.0 s</td><td><code>tick</code></td><td><code>&lt;b&gt;1|2&lt;/b&gt;</code></td><td><code>`7`</code></td>",
        "<td>0.5 s</td><td><code>message</code></td><td><code></code></td><td><code>`7`</code></td>",
        "<td>1.0 s</td><td><code>message</code></td>"
        '<td><code>a<span class="invisible">⟨LF⟩</span>b</code></td><td><code></code></td>',
    ]
    assert set(Outline(source).tags) == {"table", "thead", "tbody", "tr", "th", "td", "code", "span"}


def test_a_table_without_events_has_its_heads() -> None:
    table = recording().table()
    assert repr(table) == "Time  Type  Data  Last event ID"
    assert "<td>" not in table._repr_html_()


# JSON


def test_as_json() -> None:
    assert EXCHANGE.to_json() == {
        "method": "GET",
        "path": "/sse-stream",
        "requestHeaders": [["accept", "text/event-stream"], ["last-event-id", "0"]],
        "status": 200,
        "headers": [["content-type", "text/event-stream; charset=utf-8"], ["cache-control", "no-cache"]],
        "start": 0,
        "chunks": [
            [0, "event: progress\nid: 1\ndata: <p>one</p>\n\n"],
            [500, ": still here\n\ndata: a\ndata:\ndata: b\n\n"],
        ],
        "end": 10000,
        "endedBy": "server",
    }


def test_as_json_times_count_from_the_pages_beginning() -> None:
    later = EXCHANGE.to_json(start=2000)
    assert [later["start"], *(time for time, _ in later["chunks"]), later["end"]] == [2000, 2000, 2500, 12000]


def test_as_json_bytes_that_are_not_utf8_are_replacement_characters() -> None:
    assert recording((0.0, b"\xff"), (1.0, b"\xe2\x82")).to_json()["chunks"] == [[0, "\ufffd"], [1000, "\ufffd"]]


@given(st.lists(st.tuples(st.floats(0, 3), st.binary(max_size=6))))
def test_as_json_it_carries_the_whole_body(parts: list[tuple[float, bytes]]) -> None:
    times = [sum(gap for gap, _ in parts[: n + 1]) for n in range(len(parts))]
    seen = recording(*((time, data) for time, (_, data) in zip(times, parts, strict=True)))
    chunks = json.loads(json.dumps(seen.to_json()))["chunks"]
    assert "".join(text for _, text in chunks) == seen.body.decode(errors="replace")
    assert [time for time, _ in chunks] == sorted({time for time, _ in chunks})
    assert all(text for _, text in chunks)
