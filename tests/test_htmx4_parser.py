"""What htmx 4.0.1 reads beside what the standard says; `test_htmx4_two_readers.py` of the examples asks htmx itself."""

import pytest

from streamside.htmx4_parser import Htmx4Parser
from streamside.wire import EventParser


def read(*chunks: bytes) -> list[tuple[str, str, int | None]]:
    parser = Htmx4Parser()
    return [(each.event, each.data, each.retry) for chunk in chunks for each in parser.feed(chunk)]


def test_what_most_streams_say_both_read_alike():
    stream = "\ufeff: hello\nevent: a\nid: 7\ndata: é\ndata:  two\n\ndata\n\nother: x\r\ndata: 3\r\r".encode()
    theirs, ours = Htmx4Parser(), EventParser()
    for byte in stream:
        pieces = [each for parser in (theirs, ours) for each in parser.feed(bytes([byte]))]
        assert len(pieces) in (0, 2)
        assert len({each.data for each in pieces}) <= 1
    assert theirs.last_event_id == ours.last_event_id == "7"


@pytest.mark.parametrize(
    ("chunks", "messages"),
    [
        ([b"retry: 9\n\ndata: a\n\n"], [("", "a", None)]),  # alone it is forgotten
        ([b"retry: 2s\ndata: a\n\n"], [("", "a", 2)]),
        ([b"retry: -1\ndata: a\n\n"], [("", "a", -1)]),
        ([b"retry: s\ndata: a\n\n"], [("", "a", None)]),
        ([b"event: n\r", b"\ndata: a\r\n\r\n"], [("n", "", None), ("", "a", None)]),
        ([b"event: n\n\n"], [("n", "", None)]),  # without data
        ([b"data: a\n"], []),
    ],
)
def test_where_it_reads_otherwise(chunks: list[bytes], messages: list[tuple[str, str, int | None]]):
    assert read(*chunks) == messages
