"""Lines that no event source reads are found, with the reason; what it reads is not among them."""

import pytest

from streamside.stray_lines import is_inside_an_event, is_utf_8, reconnection_times, unread


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"Data: a\n", "'Data: a' (no field of that name)"),
        (b" data: a\n", "' data: a' (no field of that name)"),
        (b'{"a": 1}\n', "'{\"a\": 1}' (no field of that name)"),
        (b"\n\xef\xbb\xbfdata: a\n", "'\\ufeffdata: a' (no field of that name)"),
        (b"retry: 1.5\n", "'retry: 1.5' (digits alone count)"),
        ("retry: ١\n".encode(), "'retry: ١' (digits alone count)"),
        (b"id: a\0\n", "'id: a\\x00' (an id with NUL is ignored)"),
        (b"event: x\r\n\r\n", "'event: x' (an event without data is not dispatched)"),
    ],
)
def test_what_is_not_read_is_said_with_the_reason(stream, reason):
    assert unread(stream) == [reason]


def test_what_is_read_is_not_said():
    stream = (
        b"\xef\xbb\xbf: hi\r\n:\r\ndata\r\rdata: a\nevent: x\nid: 1\nretry: 10\n\nid\n\nevent: x\ndata:\n\nunfinish"
    )
    assert unread(stream) == []


def test_reconnection_times_in_their_order():
    assert reconnection_times(b"retry: 1000\n\nretry: no\nretry:0\nretry: 5") == [1000, 0]


def test_utf_8_is_judged_by_whole_lines():
    assert is_utf_8("data: é\n\ndata: é".encode()[:-1])
    assert not is_utf_8(b"data: \xe9\n")


@pytest.mark.parametrize(
    ("stream", "inside"),
    [
        (b"data: a\n", True),
        (b"data: a\n\ndata: ", True),
        (b"data: a\n\n", False),
        (b"id: 1\n: hi\n", False),
        (b"database: a\n", False),
        (b"data", True),
        (b"data: a\n\ndatabase", False),
        (b"", False),
    ],
)
def test_an_event_is_open_until_its_empty_line(stream, inside):
    assert is_inside_an_event(stream) == inside
