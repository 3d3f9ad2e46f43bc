"""Event streams, each with the events (type, data, last event ID) that the HTML Standard (9.2.6) reads in it."""

Events = list[tuple[str, str, str]]


def message(data: str, last_event_id: str = "") -> tuple[str, str, str]:
    return "message", data, last_event_id


STREAMS: dict[str, tuple[bytes, Events]] = {
    # Lines
    "nothing at all": (b"", []),
    "lines end with LF": (b"data: a\n\n", [message("a")]),
    "lines end with CR": (b"data: a\r\r", [message("a")]),
    "lines end with CRLF": (b"data: a\r\n\r\n", [message("a")]),
    "line ends are mixed": (b"data: a\r\ndata: b\rdata: c\n\r\n", [message("a\nb\nc")]),
    "LF then CR are two line ends": (b"data: a\n\rdata: b\n\n", [message("a"), message("b")]),
    "CR CR LF are two line ends": (b"data: a\r\r\ndata: b\r\r\n", [message("a"), message("b")]),
    "CR LF LF are two line ends": (b"data: a\r\n\ndata: b\r\n\n", [message("a"), message("b")]),
    "CR LF CR are two line ends": (b"data: a\r\n\rdata: b\r\n\r", [message("a"), message("b")]),
    "other line separators are data": (
        "data: a\u2028b\u2029c\u0085d\ve\ff\x1cg\x1dh\x1ei\n\n".encode(),
        [message("a\u2028b\u2029c\u0085d\ve\ff\x1cg\x1dh\x1ei")],
    ),
    "blank lines at the start": (b"\n\r\n\rdata: a\n\n", [message("a")]),
    "a line of one space is not blank": (b"data: a\n \ndata: b\n\n", [message("a\nb")]),
    # Fields and their values
    "one space after the colon is removed": (b"data:a\n\ndata: a\n\n", [message("a"), message("a")]),
    "of two spaces one stays": (b"data:  a\n\n", [message(" a")]),
    "space at the end stays": (b"data: a \n\n", [message("a ")]),
    "a tab after the colon stays": (b"data:\ta\n\n", [message("\ta")]),
    "a no-break space after the colon stays": ("data:\u00a0a\n\n".encode(), [message("\u00a0a")]),
    "the value may contain colons": (b"data: a: b:c\n\n", [message("a: b:c")]),
    "the value may be a colon": (b"data::\n\n", [message(":")]),
    "an unknown field": (b"date: 1\ndata: a\nunknown\n\n", [message("a")]),
    "field names are in lower case": (b"DATA: a\nData: b\ndata: c\nEVENT: x\nID: 1\n\n", [message("c")]),
    "a space before the field name": (b" data: a\ndata: b\n\n", [message("b")]),
    "a space after the field name": (b"data : a\ndata: b\n\n", [message("b")]),
    "a tab before the field name": (b"\tdata: a\n\n", []),
    "a NUL in the field name": (b"da\0ta: a\ndata: b\n\n", [message("b")]),
    "a longer field name": (b"datas: a\ndata: b\n\n", [message("b")]),
    # Comments
    "a comment between fields": (b"data: a\n: data: no\ndata: b\n\n", [message("a\nb")]),
    "a colon alone is a comment": (b":\ndata: a\n:\n\n", [message("a")]),
    "a comment does not end an event": (b"data: a\n:\n", []),
    "comments alone": (b": one\n\n: two\n\n", []),
    "a comment with a NUL": (b":\0\ndata: a\n\n", [message("a")]),
    # Data
    "data lines are joined with LF": (b"data: a\ndata: b\ndata: c\n\n", [message("a\nb\nc")]),
    "data without a colon is an empty line": (b"data\n\n", [message("")]),
    "data with nothing after the colon": (b"data:\n\n", [message("")]),
    "data of one space": (b"data: \n\n", [message("")]),
    "two empty data lines": (b"data\ndata:\n\n", [message("\n")]),
    "only one LF is removed at the end": (b"data: a\ndata:\ndata:\n\n", [message("a\n\n")]),
    "empty data lines at the start": (b"data:\ndata: a\n\n", [message("\na")]),
    "a NUL in data": (b"data: a\0b\n\n", [message("a\0b")]),
    "an event without data is not dispatched": (b"event: x\n\n", []),
    "several events": (b"data: a\n\ndata: b\n\n\n\ndata: c\n\n", [message("a"), message("b"), message("c")]),
    # Event type
    "an event type": (b"event: x\ndata: a\n\n", [("x", "a", "")]),
    "the event type after the data": (b"data: a\nevent: x\n\n", [("x", "a", "")]),
    "the last event type counts": (b"event: x\nevent: y\ndata: a\n\n", [("y", "a", "")]),
    "an empty event type is message": (b"event: x\nevent:\ndata: a\n\n", [message("a")]),
    "event without a colon is message": (b"event: x\nevent\ndata: a\n\n", [message("a")]),
    "the event type is for one event": (b"event: x\ndata: a\n\ndata: b\n\n", [("x", "a", ""), message("b")]),
    "the event type goes with an event without data": (b"event: x\n\ndata: a\n\n", [message("a")]),
    "the event type message": (b"event: message\ndata: a\n\n", [message("a")]),
    "an event type with spaces": (b"event:  x y \ndata: a\n\n", [(" x y ", "a", "")]),
    "an event type in Greek": ("event: σήμα\ndata: a\n\n".encode(), [("σήμα", "a", "")]),
    "an event type of open": (b"event: open\ndata: a\n\n", [("open", "a", "")]),
    # Last event ID
    "an id": (b"id: 1\ndata: a\n\n", [message("a", "1")]),
    "the id stays": (b"id: 1\ndata: a\n\ndata: b\n\n", [message("a", "1"), message("b", "1")]),
    "the id after the data": (b"data: a\nid: 1\n\n", [message("a", "1")]),
    "the last id counts": (b"id: 1\nid: 2\ndata: a\n\n", [message("a", "2")]),
    "an empty id": (b"id: 1\ndata: a\n\nid:\ndata: b\n\n", [message("a", "1"), message("b")]),
    "id without a colon": (b"id: 1\ndata: a\n\nid\ndata: b\n\n", [message("a", "1"), message("b")]),
    "an id with NUL is ignored": (b"id: 1\nid: 2\0\ndata: a\n\n", [message("a", "1")]),
    "an id that is NUL is ignored": (b"id: 1\nid: \0\ndata: a\n\n", [message("a", "1")]),
    "an id without data counts": (b"id: 1\n\ndata: a\n\n", [message("a", "1")]),
    "an id in Greek": ("id: α 1\ndata: a\n\n".encode(), [message("a", "α 1")]),
    # The end of the stream
    "an event cut short": (b"data: a\n\ndata: b\n", [message("a")]),
    "a line cut short": (b"data: a\n\ndata: b", [message("a")]),
    "an empty line that CR begins is whole": (b"data: a\r\n\r", [message("a")]),
    # UTF-8
    "a byte order mark at the start": (b"\xef\xbb\xbfdata: a\n\n", [message("a")]),
    "a byte order mark before a comment": (b"\xef\xbb\xbf:\ndata: a\n\n", [message("a")]),
    "a byte order mark alone on its line": (b"\xef\xbb\xbf\ndata: a\n\n", [message("a")]),
    "of two byte order marks one is removed": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [message("b")]),
    "a byte order mark in the second line": (b"\n\xef\xbb\xbfdata: a\n\n", []),
    "a byte order mark in data": (b"data: \xef\xbb\xbfa\n\n", [message("\ufeffa")]),
    "half a byte order mark": (b"\xef\xbbdata: a\n\ndata: b\n\n", [message("b")]),
    "UTF-16 is not read": (b"\xff\xfed\0a\0t\0a\0:\0a\0\n\0\n\0", []),
    "two, three and four bytes": ("data: é€😀\n\n".encode(), [message("é€😀")]),
    "a byte that is never UTF-8": (b"data: a\xffb\n\n", [message("a\ufffdb")]),
    "a character cut by a line end": (b"data: \xe2\x82\ndata: \xac\n\n", [message("\ufffd\n\ufffd")]),
    "four bytes of which one is missing": (b"data: \xf0\x9f\x98a\n\n", [message("\ufffda")]),
    "an overlong NUL": (b"data: \xc0\x80\n\n", [message("\ufffd\ufffd")]),
    "an overlong slash in three bytes": (b"data: \xe0\x80\xaf\n\n", [message("\ufffd\ufffd\ufffd")]),
    "a surrogate": (b"data: \xed\xa0\x80\n\n", [message("\ufffd\ufffd\ufffd")]),
    "beyond Unicode": (b"data: \xf4\x90\x80\x80\n\n", [message("\ufffd\ufffd\ufffd\ufffd")]),
    "Latin-1 is not read": ("data: é\n\n".encode("latin-1"), [message("\ufffd")]),
    # All together
    "everything in one event": (
        b": hello\nretry: 1000\nid: 7\nevent: tick\ndata: a\ndata: b\nother: c\n\n",
        [("tick", "a\nb", "7")],
    ),
    "retry with or without sense changes no event": (
        b"retry: soon\nretry\nretry: -1\nretry: 9\ndata: a\n\n",
        [message("a")],
    ),
}
