"""Event streams, each with what the HTML Standard (9.2, "Server-sent events") reads in it.

`python -m tests.event_streams` writes them into `cases/event-streams.json`, for those who use other languages.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any

from streamside.paths import ROOT

FILE = ROOT / "cases/event-streams.json"
Event = tuple[str, str, str]  # type, data, last event ID


@dataclass(frozen=True)
class Case:
    """A stream, the events in it, and what an event source then knows for its next request."""

    stream: bytes
    events: tuple[Event, ...]
    last_event_id: str
    reconnection_time: int | None  # milliseconds; None: the stream sets none
    also_tested_by: tuple[str, ...]


def message(data: str, last_event_id: str = "") -> Event:
    return "message", data, last_event_id


def case(
    stream: bytes | str, *events: Event, last_event_id: str | None = None, retry: int | None = None, also: str = ""
) -> Case:
    """The last event ID is that of the last event, if none is given. `also` names tests of public suites."""
    of_the_last = events[-1][2] if events else ""
    return Case(
        stream.encode() if isinstance(stream, str) else stream,
        events,
        of_the_last if last_event_id is None else last_event_id,
        retry,
        tuple(also.split()),
    )


LINES = {
    "nothing at all": case(b""),
    "lines end with LF": case(b"data: a\n\n", message("a"), also="launchdarkly:linefeeds"),
    "lines end with CR": case(b"data: a\r\r", message("a"), also="launchdarkly:linefeeds"),
    "lines end with CRLF": case(b"data: a\r\n\r\n", message("a"), also="launchdarkly:linefeeds"),
    "two events with CR": case(b"data: a\rdata: b\r\rdata: c\r\r", message("a\nb"), message("c")),
    "two events with CRLF": case(b"data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", message("a\nb"), message("c")),
    "line ends are mixed": case(b"data: a\r\ndata: b\rdata: c\n\r\n", message("a\nb\nc"), also="wpt:format-newlines"),
    "LF then CR are two line ends": case(b"data: a\n\rdata: b\n\n", message("a"), message("b")),
    "CR CR LF are two line ends": case(b"data: a\r\r\ndata: b\r\r\n", message("a"), message("b")),
    "CR LF LF are two line ends": case(b"data: a\r\n\ndata: b\r\n\n", message("a"), message("b")),
    "CR LF CR are two line ends": case(b"data: a\r\n\rdata: b\r\n\r", message("a"), message("b")),
    "no CRLF is two line ends": case(
        b"event: x\r\nid: 1\r\ndata: a\r\n\r\ndata: b\r\n\r\n",
        ("x", "a", "1"),
        message("b", "1"),
        also="launchdarkly:linefeeds eventsource-parser:parse",
    ),
    "U+2028 is no line end": case("data: a\u2028b\n\n", message("a\u2028b")),
    "U+2029 is no line end": case("data: a\u2029b\n\n", message("a\u2029b")),
    "U+0085 is no line end": case("data: a\u0085b\n\n", message("a\u0085b")),
    "vertical tab and form feed are no line ends": case(b"data: a\vb\fc\n\n", message("a\vb\fc")),
    "control characters that separate are no line ends": case(
        b"data: a\x1cb\x1dc\x1ed\n\n", message("a\x1cb\x1dc\x1ed")
    ),
    "blank lines at the start": case(b"\n\r\n\rdata: a\n\n", message("a")),
    "blank lines between events": case(
        b"data: a\n\n\n\n\ndata: b\n\n", message("a"), message("b"), also="launchdarkly:linefeeds"
    ),
    "a line of one space is not blank": case(b"data: a\n \ndata: b\n\n", message("a\nb")),
    "a line of one tab is not blank": case(b"data: a\n\t\ndata: b\n\n", message("a\nb")),
    "a line of one NUL is not blank": case(b"data: a\n\0\ndata: b\n\n", message("a\nb")),
}
FIELDS = {
    "one space after the colon is removed": case(b"data:a\n\ndata: a\n\n", message("a"), message("a")),
    "no space is needed": case(b"data:a\n\n", message("a"), also="launchdarkly:basic_parsing"),
    "no space is needed in any field": case(
        b"event:x\nid:1\ndata:a\n\n", ("x", "a", "1"), also="launchdarkly:basic_parsing"
    ),
    "of two spaces one stays": case(b"data:  a\n\n", message(" a"), also="launchdarkly:basic_parsing"),
    "space at the end stays": case(b"data: a \n\n", message("a ")),
    "one space is removed, at the start only": case(b"data:  a \n\n", message(" a ")),
    "a tab after the colon stays": case(b"data:\ta\n\n", message("\ta"), also="wpt:format-leading-space"),
    "a tab at the end stays": case(b"data: a\t\n\n", message("a\t")),
    "a no-break space after the colon stays": case("data:\u00a0a\n\n", message("\u00a0a")),
    "a space before the colon is of the name": case(b"data : a\ndata: b\n\n", message("b")),
    "the value may contain colons": case(b"data: a: b:c\n\n", message("a: b:c")),
    "the first colon ends the name": case(b"data: a: b\n\n", message("a: b")),
    "the value may be a colon": case(b"data::\n\n", message(":")),
    "the value may look like a field": case(b"data: data: a\n\n", message("data: a")),
    "a full-width colon is no colon": case("data\uff1aa\ndata: b\n\n", message("b")),
    "an unknown field": case(b"date: 1\ndata: a\nunknown\n\n", message("a"), also="wpt:format-field-unknown"),
    "an unknown field before data": case(b"mood: good\ndata: a\n\n", message("a"), also="launchdarkly:basic_parsing"),
    "names of other things are unknown fields": case(
        b"type: x\nlastEventId: 1\nname: y\nmessage: z\ndata: a\n\n", message("a")
    ),
    "what programs call their own is an unknown field": case(
        b"__proto__: a\nconstructor: b\ntoString: c\n__class__: d\n__dict__: e\ndata: f\n\n", message("f")
    ),
    "field names are in lower case": case(
        b"DATA: a\nData: b\ndata: c\nEVENT: x\nID: 1\n\n", message("c"), also="wpt:event-data wpt:format-field-parsing"
    ),
    "one capital makes another name": case(b"Data: no\ndata: a\n\n", message("a")),
    "a space before the field name": case(b" data: a\ndata: b\n\n", message("b"), also="wpt:format-field-parsing"),
    "a tab before the field name": case(b"\tdata: a\n\n"),
    "a NUL in the field name": case(b"da\0ta: a\ndata: b\n\n", message("b")),
    "a NUL after the field name": case(b"data\0: a\ndata: b\n\n", message("b"), also="wpt:format-field-parsing"),
    "a longer field name": case(b"datas: a\ndata: b\n\n", message("b")),
    "a hyphen or an underscore in the field name": case(
        b"da-ta: a\ndata_1: b\ndata: c\n\n", message("c"), also="wpt:format-field-parsing"
    ),
    "two words are one name": case(b"data data: a\ndata: b\n\n", message("b")),
    "what is not UTF-8 in a field name": case(b"data\xff: a\ndata: b\n\n", message("b")),
}
COMMENTS = {
    "a comment between fields": case(b"data: a\n: data: no\ndata: b\n\n", message("a\nb"), also="wpt:format-comments"),
    "a comment that looks like a field": case(b": data: no\ndata: a\n\n", message("a")),
    "a comment without a space": case(b":data: no\n:id: 1\n:event: x\ndata: a\n\n", message("a")),
    "a colon alone is a comment": case(b":\ndata: a\n:\n\n", message("a"), also="wpt:event-data"),
    "two colons are a comment": case(b"::\ndata: a\n\n", message("a")),
    "a comment does not end an event": case(b"data: a\n:\n"),
    "comments alone": case(b": one\n\n: two\n\n"),
    "comments between events": case(
        b": one\n\ndata: a\n\n: two\n\ndata: b\n\n: three\n\n",
        message("a"),
        message("b"),
        also="eventsource-parser:parse",
    ),
    "a comment ends with CR": case(b"data: a\r:no\rdata: b\r\r", message("a\nb"), also="wpt:format-comments"),
    "a comment with a NUL": case(b":\0\ndata: a\n\n", message("a"), also="wpt:format-comments"),
    "a comment that is not UTF-8": case(b": \xff\xfe\xe2\x82\ndata: a\n\n", message("a")),
    "a space before the colon makes no comment": case(b" : a\ndata: b\n\n", message("b")),
}
DATA = {
    "data lines are joined with LF": case(b"data: a\ndata: b\ndata: c\n\n", message("a\nb\nc"), also="wpt:event-data"),
    "two data lines": case(b"data: a\ndata: b\n\n", message("a\nb"), also="launchdarkly:basic_parsing"),
    "data lines with something between": case(b"data: a\nevent: x\ndata: b\nid: 1\ndata: c\n\n", ("x", "a\nb\nc", "1")),
    "data without a colon is an empty line": case(b"data\n\n", message(""), also="wpt:format-field-data"),
    "data with nothing after the colon": case(b"data:\n\n", message(""), also="wpt:format-field-data"),
    "data of one space": case(b"data: \n\n", message("")),
    "data of two spaces": case(b"data:  \n\n", message(" ")),
    "two empty data lines": case(b"data\ndata:\n\n", message("\n"), also="wpt:format-field-data"),
    "only one LF is removed at the end": case(b"data: a\ndata:\ndata:\n\n", message("a\n\n")),
    "empty data lines at the start": case(b"data:\ndata: a\n\n", message("\na"), also="launchdarkly:linefeeds"),
    "an empty data line in the middle": case(
        b"data: a\ndata\ndata: b\n\n", message("a\n\nb"), also="wpt:format-newlines"
    ),
    "a NUL in data": case(b"data: a\0b\n\n", message("a\0b")),
    "data of one NUL": case(b"data:\0\n\n", message("\0"), also="wpt:format-null-character"),
    "data of zero, null and false": case(
        b"data: 0\n\ndata: null\n\ndata: false\n\n", message("0"), message("null"), message("false")
    ),
    "data that some take for the end": case(b"data: [DONE]\n\ndata: a\n\n", message("[DONE]"), message("a")),
    "JSON stays text": case(b'data: {"a": "b\\n"}\n\n', message('{"a": "b\\n"}')),
    "an event without data is not dispatched": case(b"event: x\n\n"),
    "fields without data dispatch nothing": case(b"event: x\nid: 1\nretry: 1500\n\n", last_event_id="1", retry=1500),
    "several events": case(
        b"data: a\n\ndata: b\n\n\n\ndata: c\n\n",
        message("a"),
        message("b"),
        message("c"),
        also="launchdarkly:basic_parsing",
    ),
    "no data is left for the next event": case(b"data: a\ndata: b\n\ndata\n\n", message("a\nb"), message("")),
}
EVENT_TYPE = {
    "an event type": case(b"event: x\ndata: a\n\n", ("x", "a", ""), also="wpt:format-field-event"),
    "the event type after the data": case(b"data: a\nevent: x\n\n", ("x", "a", ""), also="launchdarkly:basic_parsing"),
    "the last event type counts": case(b"event: x\nevent: y\ndata: a\n\n", ("y", "a", "")),
    "an empty event type is message": case(b"event: x\nevent:\ndata: a\n\n", message("a")),
    "event of one space is message": case(b"event: \ndata: a\n\n", message("a"), also="wpt:format-field-event-empty"),
    "event without a colon is message": case(b"event: x\nevent\ndata: a\n\n", message("a")),
    "the event type is for one event": case(
        b"event: x\ndata: a\n\ndata: b\n\n", ("x", "a", ""), message("b"), also="wpt:format-field-event"
    ),
    "the event type is for one event without text": case(b"event: x\ndata\n\ndata\n\n", ("x", "", ""), message("")),
    "the event type goes with an event without data": case(b"event: x\n\ndata: a\n\n", message("a")),
    "the event type message": case(b"event: message\ndata: a\n\n", message("a")),
    "an event type with spaces": case(
        b"event:  x y \ndata: a\n\n", (" x y ", "a", ""), also="launchdarkly:basic_parsing"
    ),
    "an event type of one space": case(b"event:  \ndata: a\n\n", (" ", "a", "")),
    "capitals of an event type stay": case(b"event: X\ndata: a\n\n", ("X", "a", "")),
    "an event type with a colon": case(b"event: x:y\ndata: a\n\n", ("x:y", "a", "")),
    "an event type with a NUL": case(b"event: x\0y\ndata: a\n\n", ("x\0y", "a", "")),
    "an event type in Greek": case("event: σήμα\ndata: a\n\n", ("σήμα", "a", "")),
    "an event type that is not UTF-8": case(b"event: x\xff\ndata: a\n\n", ("x\ufffd", "a", "")),
    "an event type of open": case(b"event: open\ndata: a\n\n", ("open", "a", "")),
    "an event type of error": case(b"event: error\ndata: a\n\ndata: b\n\n", ("error", "a", ""), message("b")),
    "an event type of __proto__": case(b"event: __proto__\ndata: a\n\n", ("__proto__", "a", "")),
}
LAST_EVENT_ID = {
    "an id": case(b"id: 1\ndata: a\n\n", message("a", "1"), also="wpt:format-field-id"),
    "the id stays": case(
        b"id: 1\ndata: a\n\ndata: b\n\n", message("a", "1"), message("b", "1"), also="wpt:format-field-id-3"
    ),
    "the id stays for data without text": case(b"id: 1\ndata: a\n\ndata\n\n", message("a", "1"), message("", "1")),
    "another id takes its place": case(
        b"id: 1\ndata: a\n\nid: 2\ndata: b\n\ndata: c\n\n",
        message("a", "1"),
        message("b", "2"),
        message("c", "2"),
        also="wpt:format-field-id-3",
    ),
    "the id after the data": case(b"data: a\nid: 1\n\n", message("a", "1"), also="launchdarkly:basic_parsing"),
    "the last id counts": case(b"id: 1\nid: 2\ndata: a\n\n", message("a", "2")),
    "an empty id": case(
        b"id: 1\ndata: a\n\nid:\ndata: b\n\n", message("a", "1"), message("b"), also="wpt:format-field-id-3"
    ),
    "an empty id takes back what came just before": case(b"id: 1\nid\ndata: a\n\n", message("a")),
    "id without a colon": case(
        b"id: 1\ndata: a\n\nid\ndata: b\n\n", message("a", "1"), message("b"), also="wpt:format-field-id-2"
    ),
    "an empty id stays empty": case(
        b"id: 1\ndata: a\n\nid\ndata: b\n\ndata: c\n\n",
        message("a", "1"),
        message("b"),
        message("c"),
        also="wpt:format-field-id-3",
    ),
    "an id with NUL is ignored": case(
        b"id: 1\nid: 2\0\ndata: a\n\n", message("a", "1"), also="eventsource-parser:parse"
    ),
    "an id that is NUL is ignored": case(b"id: 1\nid: \0\ndata: a\n\n", message("a", "1")),
    "an id with NUL in its middle": case(b"id: a\0b\ndata: a\n\n", message("a"), also="launchdarkly:basic_parsing"),
    "an id of two NULs": case(b"id: \0\0\ndata: a\n\n", message("a"), also="wpt:format-field-id-null"),
    "an id with NUL leaves that of the event before": case(
        b"id: 1\ndata: a\n\nid: \0\ndata: b\n\n", message("a", "1"), message("b", "1")
    ),
    "an id without data counts": case(b"id: 1\n\ndata: a\n\n", message("a", "1")),
    "an id without data is for the next request": case(
        b"id: 1\n\n", last_event_id="1", also="eventsource-parser:parse"
    ),
    "an empty id without data forgets": case(
        b"id: 1\ndata: a\n\nid\n\n", message("a", "1"), last_event_id="", also="eventsource-parser:parse"
    ),
    "an id of an event cut short does not count": case(
        b"id: 1\ndata: a\n\nid: 2\ndata: b\n", message("a", "1"), last_event_id="1"
    ),
    "an id without its blank line does not count": case(b"id: 1\n"),
    "an id of zero": case(b"id: 0\ndata: a\n\n", message("a", "0")),
    "an id is text": case(b"id: 007\ndata: a\n\n", message("a", "007")),
    "an id with spaces": case(b"id:  a b \ndata: a\n\n", message("a", " a b ")),
    "an id with colons": case(b"id: 1:2\ndata: a\n\n", message("a", "1:2")),
    "a comment after an event with an id": case(b"id: 1\ndata: a\n\n: b\n\n", message("a", "1")),
    "blank lines after an event with an id": case(b"id: 1\ndata: a\n\n\n\n", message("a", "1")),
    "an id in Greek": case("id: α 1\ndata: a\n\n", message("a", "α 1")),
}
RECONNECTION_TIME = {
    "a reconnection time": case(b"retry: 1500\ndata: a\n\n", message("a"), retry=1500, also="wpt:format-field-retry"),
    "a reconnection time without a space": case(b"retry:1500\ndata: a\n\n", message("a"), retry=1500),
    "a reconnection time without data": case(b"retry: 1500\n\n", retry=1500),
    "a reconnection time needs no blank line": case(b"data: a\n\nretry: 1500\n", message("a"), retry=1500),
    "a reconnection time stays": case(b"retry: 1500\ndata: a\n\ndata: b\n\n", message("a"), message("b"), retry=1500),
    "the last reconnection time counts": case(b"retry: 2000\n\nretry: 1500\ndata: a\n\n", message("a"), retry=1500),
    "a reconnection time with zeros before it": case(b"retry: 001500\ndata: a\n\n", message("a"), retry=1500),
    "a reconnection time of zero": case(b"retry: 0\ndata: a\n\n", message("a"), retry=0),
    "retry cut short": case(b"data: a\n\nretry: 1500", message("a")),
    "retry without a colon": case(b"retry\ndata: a\n\n", message("a"), also="wpt:format-field-retry-empty"),
    "retry with nothing after the colon": case(b"retry:\ndata: a\n\n", message("a"), also="eventsource-parser:parse"),
    "an empty retry changes nothing": case(b"retry: 1500\nretry:\ndata: a\n\n", message("a"), retry=1500),
    "retry with a letter after the digits": case(b"retry: 1500x\ndata: a\n\n", message("a")),
    "retry with a letter changes nothing": case(
        b"retry: 2000\nretry: 1500x\ndata: a\n\n", message("a"), retry=2000, also="wpt:format-field-retry-bogus"
    ),
    "retry with a letter before the digits": case(b"retry: x1500\ndata: a\n\n", message("a")),
    "retry in words": case(b"retry: soon\ndata: a\n\n", message("a")),
    "retry with a minus": case(b"retry: -1\ndata: a\n\n", message("a")),
    "retry with a plus": case(b"retry: +1500\ndata: a\n\n", message("a")),
    "retry with a point": case(b"retry: 1500.5\ndata: a\n\n", message("a")),
    "retry with an exponent": case(b"retry: 15e2\ndata: a\n\n", message("a")),
    "retry with an underscore": case(b"retry: 1_500\ndata: a\n\n", message("a")),
    "retry in hexadecimal": case(b"retry: 0x5dc\ndata: a\n\n", message("a")),
    "retry with a second space": case(b"retry:  1500\ndata: a\n\n", message("a")),
    "retry with a space after the digits": case(b"retry: 1500 \ndata: a\n\n", message("a")),
    "retry with a NUL": case(b"retry: 1500\0\ndata: a\n\n", message("a")),
    "retry in Arabic digits": case("retry: ١٥٠٠\ndata: a\n\n", message("a")),
    "retry with a superscript": case("retry: 150²\ndata: a\n\n", message("a")),
}
END_OF_THE_STREAM = {
    "an event cut short": case(b"data: a\n\ndata: b\n", message("a"), also="wpt:format-data-before-final-empty-line"),
    "an event cut short without its line end": case(b"data: a\n\ndata: b", message("a")),
    "the only event cut short": case(b"data: a\n"),
    "an event type cut short": case(b"data: a\n\nevent: x", message("a")),
    "an empty line that CR begins is whole": case(b"data: a\r\n\r", message("a")),
    "CR and the end of the stream": case(b"data: a\r\r\ndata: b\r", message("a")),
    "a character cut short": case(b"data: a\n\ndata: \xe2\x82", message("a")),
}
UTF_8 = {
    "a byte order mark at the start": case(
        b"\xef\xbb\xbfdata: a\n\n", message("a"), also="wpt:format-bom launchdarkly:bom"
    ),
    "a byte order mark before a comment": case(b"\xef\xbb\xbf:\ndata: a\n\n", message("a"), also="launchdarkly:bom"),
    "a byte order mark before an event type": case(
        b"\xef\xbb\xbfevent: x\ndata: a\n\n", ("x", "a", ""), also="launchdarkly:bom"
    ),
    "a byte order mark alone on its line": case(b"\xef\xbb\xbf\ndata: a\n\n", message("a")),
    "a byte order mark and nothing else": case(b"\xef\xbb\xbf"),
    "of two byte order marks one is removed": case(
        b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", message("b"), also="wpt:format-bom-2"
    ),
    "a byte order mark in the second line": case(b"\n\xef\xbb\xbfdata: a\n\n", also="eventsource-parser:parse"),
    "a byte order mark before the second event": case(
        b"data: a\n\n\xef\xbb\xbfdata: b\n\ndata: c\n\n", message("a"), message("c")
    ),
    "a byte order mark in data": case(b"data: \xef\xbb\xbfa\n\n", message("\ufeffa"), also="launchdarkly:bom"),
    "half a byte order mark": case(b"\xef\xbbdata: a\n\ndata: b\n\n", message("b")),
    "UTF-16 is not read": case(b"\xff\xfed\0a\0t\0a\0:\0a\0\n\0\n\0"),
    "Latin-1 is not read": case("data: é\n\n".encode("latin-1"), message("\ufffd")),
    "two, three and four bytes": case(
        "data: é€😀\n\n", message("é€😀"), also="wpt:format-utf-8 launchdarkly:basic_parsing"
    ),
    "the last of all characters": case("data: \U0010ffff\n\n", message("\U0010ffff")),
    "U+FFFD that was sent": case("data: \ufffd\n\n", message("\ufffd")),
    "noncharacters are characters": case("data: \ufffe\uffff\n\n", message("\ufffe\uffff")),
    "nothing is composed": case("data: e\u0301\n\n", message("e\u0301")),
    "a byte that is never UTF-8": case(b"data: a\xffb\n\n", message("a\ufffdb")),
    "nothing but a byte that is never UTF-8": case(b"data: \xff\n\n", message("\ufffd")),
    "a byte that only continues": case(b"data: a\x80b\n\n", message("a\ufffdb")),
    "a character cut by a line end": case(b"data: \xe2\x82\ndata: \xac\n\n", message("\ufffd\n\ufffd")),
    "a character cut by another": case(b"data: \xe2(\xa1\n\n", message("\ufffd(\ufffd")),
    "four bytes of which one is missing": case(b"data: \xf0\x9f\x98a\n\n", message("\ufffda")),
    "an overlong NUL": case(b"data: \xc0\x80\n\n", message("\ufffd\ufffd")),
    "an overlong slash in three bytes": case(b"data: \xe0\x80\xaf\n\n", message("\ufffd\ufffd\ufffd")),
    "an overlong line end": case(b"data: a\xc0\x8ab\n\n", message("a\ufffd\ufffdb")),
    "a surrogate": case(b"data: \xed\xa0\x80\n\n", message("\ufffd\ufffd\ufffd")),
    "two surrogates": case(b"data: \xed\xa0\xbd\xed\xb8\x80\n\n", message(6 * "\ufffd")),
    "beyond Unicode": case(b"data: \xf4\x90\x80\x80\n\n", message("\ufffd\ufffd\ufffd\ufffd")),
    "five bytes": case(b"data: \xf8\x88\x80\x80\x80\n\n", message(5 * "\ufffd")),
    "an id that is not UTF-8": case(b"id: \xff\ndata: a\n\n", message("a", "\ufffd")),
}
TOGETHER = {
    "everything in one event": case(
        b": hello\nretry: 1500\nid: 7\nevent: tick\ndata: a\ndata: b\nother: c\n\n", ("tick", "a\nb", "7"), retry=1500
    ),
    "retry with or without sense changes no event": case(
        b"retry: soon\nretry\nretry: -1\nretry: 1500\ndata: a\n\n", message("a"), retry=1500
    ),
    "everything with CR, after a byte order mark": case(
        "\ufeff: hi\revent: σ\rid: é\rdata: €\r\rdata\r\r", ("σ", "€", "é"), message("", "é")
    ),
}
GROUPS = {
    "lines": LINES,
    "fields": FIELDS,
    "comments": COMMENTS,
    "data": DATA,
    "event type": EVENT_TYPE,
    "last event ID": LAST_EVENT_ID,
    "reconnection time": RECONNECTION_TIME,
    "end of the stream": END_OF_THE_STREAM,
    "UTF-8": UTF_8,
    "together": TOGETHER,
}
CASES = {name: case for group in GROUPS.values() for name, case in group.items()}


def as_json() -> dict[str, Any]:
    """What is written into the file."""
    return {
        "$schema": "event-streams.schema.json",
        "license": "CC0-1.0",
        "standard": "https://html.spec.whatwg.org/multipage/server-sent-events.html",
        "cases": [
            {
                "name": name,
                "about": about,
                "bytes": base64.b64encode(case.stream).decode(),
                "events": [dict(zip(("type", "data", "lastEventId"), event, strict=True)) for event in case.events],
                "lastEventId": case.last_event_id,
                "reconnectionTime": case.reconnection_time,
                "alsoTestedBy": list(case.also_tested_by),
            }
            for about, group in GROUPS.items()
            for name, case in group.items()
        ],
    }


def text() -> str:
    return json.dumps(as_json(), indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
