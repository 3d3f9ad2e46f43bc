import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamside.wire import Event, EventParser, encode
from tests.event_streams import CASES
from tests.event_streams import Event as StreamEvent


def read(*chunks: bytes) -> list[StreamEvent]:
    parser = EventParser()
    return [(event.type, event.data, event.last_event_id) for chunk in chunks for event in parser.feed(chunk)]


def read_case(*chunks: bytes) -> tuple[tuple[StreamEvent, ...], str, int | None]:
    """The events, and what is known for the next request."""
    parser = EventParser()
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    told = tuple((event.type, event.data, event.last_event_id) for event in events)
    return told, parser.last_event_id, parser.reconnection_time


def one_by_one(stream: bytes) -> list[bytes]:
    return [stream[i : i + 1] for i in range(len(stream))]


# Reading


READINGS = {name: (case.events, case.last_event_id, case.reconnection_time) for name, case in CASES.items()}


def test_the_standards_rules() -> None:
    assert {name: read_case(case.stream) for name, case in CASES.items()} == READINGS


def test_every_cut_in_two_and_every_byte_alone() -> None:
    for name, case in CASES.items():
        for cut in range(len(case.stream) + 1):
            assert read_case(case.stream[:cut], b"", case.stream[cut:]) == READINGS[name], (name, cut)
        assert read_case(*one_by_one(case.stream)) == READINGS[name], name


PIECES = [b"data", b"event", b"id", b"retry", b":", b" ", b"\r", b"\n", b"\r\n", b"\n\n", b"\0", b"7", b"\xef\xbb\xbf"]
BROKEN = [b"\xc3", b"\xa9", b"\xff", b"\xe2\x82", b"\xf0\x9f\x98\x80", b"\xed\xa0"]
streams = st.lists(st.sampled_from(PIECES + BROKEN) | st.binary(max_size=4)).map(b"".join)


@given(streams, st.lists(st.integers(0, 100)))
def test_any_split_gives_the_same_events(stream: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    assert read(*(stream[a:b] for a, b in pairwise(places))) == read(stream)


@given(streams)
def test_reading_lines_is_reading_the_decoded_stream(stream: bytes) -> None:
    """The standard decodes first and then finds lines; the parser does it the other way round."""
    decoded = stream.decode("utf-8-sig", errors="replace")
    assert read(stream) == read(b"\n" + decoded.encode())  # after a line, a byte order mark is no longer special


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_an_event_is_dispatched_by_the_first_byte_of_the_blank_lines_end(end: bytes) -> None:
    parser = EventParser()
    assert parser.feed(b"data: a" + end) == []
    assert parser.feed(end[:1]) == [Event("message", "a", "")]
    assert parser.feed(end[1:] + b"data: b" + end + end) == [Event("message", "b", "")]


def test_a_blank_line_after_cr_at_the_end_of_a_chunk_is_not_invented() -> None:
    assert read(b"data: a\r", b"", b"\ndata: b\r", b"\n", b"\r", b"\n") == [("message", "a\nb", "")]


def test_the_last_event_id_is_set_when_an_event_is_dispatched_and_not_before() -> None:
    parser = EventParser()
    assert parser.last_event_id == ""
    parser.feed(b"id: 1\ndata: a\n")
    assert parser.last_event_id == ""
    parser.feed(b"\n")
    assert parser.last_event_id == "1"


def test_the_last_event_id_is_set_even_if_there_is_no_data() -> None:
    parser = EventParser()
    assert parser.feed(b"id: 1\n\n") == []
    assert parser.last_event_id == "1"


def test_an_empty_id_makes_the_event_source_forget() -> None:
    parser = EventParser()
    parser.feed(b"id: 1\ndata: a\n\nid\n\n")
    assert parser.last_event_id == ""


def test_the_last_event_id_lasts_over_a_reconnection() -> None:
    parser = EventParser(last_event_id="1")
    assert parser.last_event_id == "1"
    assert parser.feed(b"data: a\n\nid: 2\ndata: b\n\n") == [Event("message", "a", "1"), Event("message", "b", "2")]


@pytest.mark.parametrize(
    ("value", "time"),
    [
        (b": 0", 0),
        (b":5000", 5000),
        (b": 0010", 10),
        (b": " + b"0" * 5000 + b"1", 1),
        (b": 9007199254740993", 9007199254740993),
        (b"", None),
        (b":", None),
        (b": -1", None),
        (b": +1", None),
        (b": 1.5", None),
        (b": 1e3", None),
        (b": 1_000", None),
        (b": 0x10", None),
        (b":  1", None),
        (b": 1 ", None),
        (b": soon", None),
        (": ٣".encode(), None),
        (": 1²".encode(), None),
        (b": " + b"9" * 5000, None),
    ],
)
def test_retry_is_ascii_digits_or_ignored(value: bytes, time: int | None) -> None:
    parser = EventParser()
    parser.feed(b"retry" + value + b"\n")
    assert parser.reconnection_time == time
    parser.feed(b"retry: 42\nretry" + value + b"\n")
    assert parser.reconnection_time == (42 if time is None else time)


def test_the_reconnection_time_counts_at_once_and_without_an_event() -> None:
    parser = EventParser()
    assert parser.feed(b"retry: 7\n") == []
    assert parser.reconnection_time == 7


def assert_linear(feed: Callable[[int], object]) -> None:
    """Of 32 times the bytes each takes as long; not if those before it are read or copied again."""

    def seconds(size: int) -> float:
        start = time.thread_time()
        feed(size)
        return time.thread_time() - start

    few = min(seconds(2**13) for _ in range(3))
    assert seconds(2**18) < 80 * few


def test_a_long_line_in_chunks_of_one_byte() -> None:
    def feed(size: int) -> None:
        parser = EventParser()
        parser.feed(b"data: ")
        for _ in range(size):
            parser.feed(b"x")
        assert [len(event.data) for event in parser.feed(b"\n\n")] == [size]

    assert_linear(feed)


@pytest.mark.parametrize("line", [b"data\n", b"data\r", b":\n", b"id: 1\r\n", b"x" * 100 + b"\n"])
def test_many_lines_in_one_chunk(line: bytes) -> None:
    def feed(size: int) -> None:
        assert read(line * (size // len(line)) + b"\n\ndata: end\n\n")[-1][1] == "end"

    assert_linear(feed)


def test_many_events_in_one_chunk() -> None:
    def feed(size: int) -> None:
        assert len(read(b"data\n\n" * (size // 6))) == size // 6

    assert_linear(feed)


# Writing


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (encode("a"), b"data: a\n\n"),
        (encode(""), b"data:\n\n"),
        (encode(" a"), b"data:  a\n\n"),
        (encode("a\n\nb\n"), b"data: a\ndata:\ndata: b\ndata:\n\n"),
        (encode("a\r\nb\rc\n\rd\r"), b"data: a\ndata: b\ndata: c\ndata:\ndata: d\ndata:\n\n"),
        (encode("é\u2028"), "data: é\u2028\n\n".encode()),
        (encode("a", event="x", id="1", retry=2, comment="c"), b": c\nevent: x\nid: 1\nretry: 2\ndata: a\n\n"),
        (encode(None, id=""), b"id:\n\n"),
        (encode(None, retry=0), b"retry: 0\n\n"),
        (encode(None, comment=""), b":\n\n"),
        (encode(None, comment="a\nb\r\nc\r"), b": a\n: b\n: c\n:\n\n"),
        (encode(None), b"\n"),
    ],
)
def test_what_is_written(written: bytes, expected: bytes) -> None:
    assert written == expected


CARRIED = st.text(st.characters(exclude_categories=["Cs"]))


def with_lf(text: str) -> str:
    """The text as the format carries it: it has no CR."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


ONE_LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"))


@given(
    data=CARRIED | st.none(),
    event=ONE_LINE.filter(bool) | st.none(),
    id=ONE_LINE.filter(lambda text: "\0" not in text) | st.none(),
    retry=st.integers(min_value=0) | st.none(),
    comment=st.text(st.characters(exclude_categories=["Cs"])) | st.none(),
)
@example(data="\ufeff", event="\ufeff", id="\ufeff", retry=0, comment="\ufeff")
@example(data="typed\r\ninto a textarea\r\n", event=None, id=None, retry=None, comment=None)
@example(data=": \n: ", event=":", id=": ", retry=None, comment="\n\r\n")
@example(data="\u2028\u0085\v\f\x1c", event="\u2029", id="\u0085", retry=None, comment=None)
def test_what_is_written_is_what_is_read(
    data: str | None,
    event: str | None,
    id: str | None,  # noqa: A002
    retry: int | None,
    comment: str | None,
) -> None:
    parser = EventParser(last_event_id="before")
    read_back = parser.feed(encode(data, event=event, id=id, retry=retry, comment=comment))
    last_event_id = "before" if id is None else id
    assert read_back == ([] if data is None else [Event(event or "message", with_lf(data), last_event_id)])
    assert (parser.last_event_id, parser.reconnection_time) == (last_event_id, retry)
    assert parser.feed(b"data: next\n\n") == [Event("message", "next", last_event_id)]  # nothing spills over


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"data": "\ud800"}, "data cannot contain a lone surrogate"),
        ({"data": 5}, "data must be a string, not int"),
        ({"data": b"a"}, "data must be a string, not bytes"),
        ({"event": ""}, "event cannot be empty"),
        ({"event": "a\nb"}, "event cannot contain CR or LF"),
        ({"event": "a\rb"}, "event cannot contain CR or LF"),
        ({"event": "a\r\n"}, "event cannot contain CR or LF"),
        ({"event": "\udfff"}, "event cannot contain a lone surrogate"),
        ({"event": 1}, "event must be a string, not int"),
        ({"id": "a\nb"}, "id cannot contain CR or LF"),
        ({"id": "a\rb"}, "id cannot contain CR or LF"),
        ({"id": "a\0b"}, "id cannot contain NUL"),
        ({"id": "\udc00"}, "id cannot contain a lone surrogate"),
        ({"id": 1}, "id must be a string, not int"),
        ({"retry": -1}, "retry must be a whole number of milliseconds, 0 or more, not -1"),
        ({"retry": 1.5}, "retry must be a whole number .* not 1.5"),
        ({"retry": "1"}, "retry must be a whole number .* not '1'"),
        ({"retry": True}, "retry must be a whole number .* not True"),
        ({"comment": "\ud800"}, "comment cannot contain a lone surrogate"),
        ({"comment": 1}, "comment must be a string, not int"),
    ],
)
def test_what_cannot_be_carried_is_refused_in_one_sentence(values: dict, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}") as refused:
        encode(values.pop("data", "a"), **values)
    assert "\n" not in str(refused.value)


@given(st.text(), st.text(), st.text(), st.integers())
@example("", "x\ndata: injected", "1", 0)
@example("", "x", "1\n\ndata: injected", 0)
@example("\r\n\r\nevent: injected\rid: 0\n", "x", "1", 0)
def test_a_value_is_carried_or_refused_and_only_line_ends_change(data: str, event: str, id: str, retry: int) -> None:  # noqa: A002
    parser = EventParser()
    try:
        written = encode(data, event=event, id=id, retry=retry)
    except ValueError:
        return
    assert parser.feed(written) == [Event(event, with_lf(data), id)]
    assert parser.reconnection_time == retry
