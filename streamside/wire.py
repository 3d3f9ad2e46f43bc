"""Bytes to events and back, as the HTML Living Standard has it (section 9.2, "Server-sent events")."""

import contextlib
import re
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\r|\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Event:
    """A message event: its `type`, its `data`, and the last event ID at the time when it was dispatched."""

    type: str
    data: str
    last_event_id: str


def encode(
    data: str | None,
    *,
    event: str | None = None,
    id: str | None = None,  # noqa: A002  # the field's name
    retry: int | None = None,
    comment: str | None = None,
) -> bytes:
    """Return one event as UTF-8, ended by its blank line.

    `event` is the event type, `id` the last event ID from here on, `retry` the reconnection time in milliseconds;
    what is None is left out. Without data the other fields count, but no event is dispatched; data that is the empty
    string is dispatched. CR, LF and CRLF all end a line, of data and of a comment, and each line is sent as a field of
    its own: an event source reads data's line ends as LF.

    Raise ValueError where a field cannot carry the value, so that nothing else is lost or changed on the way.
    """
    lines = []
    if comment is not None:
        lines += [_line("", line) for line in _LINE_END.split(_text("comment", comment))]
    if event is not None:
        if event == "":
            raise ValueError("event cannot be empty: an event source would take the event's type for “message”")
        lines.append(_line("event", _one_line("event", event)))
    if id is not None:
        if "\0" in _one_line("id", id):
            raise ValueError("id cannot contain NUL: an event source would ignore the field")
        lines.append(_line("id", id))
    if retry is not None:
        if not isinstance(retry, int) or isinstance(retry, bool) or retry < 0:
            raise ValueError(f"retry must be a whole number of milliseconds, 0 or more, not {retry!r}")
        lines.append(_line("retry", str(retry)))
    if data is not None:
        lines += [_line("data", line) for line in _LINE_END.split(_text("data", data))]
    return "".join([*lines, "\n"]).encode()


def _line(field: str, value: str) -> str:
    # An event source takes one space after the colon away; where there is no value, none is needed.
    return f"{field}: {value}\n" if value else f"{field}:\n"


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{field} must be a string, not {type(value).__name__}")
    if re.search("[\ud800-\udfff]", value):
        raise ValueError(f"{field} cannot contain a lone surrogate: UTF-8 has no bytes for it")
    return value


def _one_line(field: str, value: object) -> str:
    text = _text(field, value)
    if _LINE_END.search(text):
        raise ValueError(f"{field} cannot contain CR or LF: what follows would be read as another field")
    return text


class EventParser:
    """One event stream, read as section 9.2.6, "Interpreting an event stream", says: bytes in, events out.

    `last_event_id` is what an event source would send as `Last-Event-ID` if it reconnected now; `reconnection_time`,
    in milliseconds, is the last one that the stream has set. An event that the stream's end cuts short is never
    dispatched, so the end needs no telling.

    After a reconnection, give the next stream's parser the last event ID that the stream before left: browsers keep it
    until another is set (Chromium 156), where the standard's letter would empty it at the first event.
    """

    def __init__(self, last_event_id: str = "") -> None:
        self.last_event_id = last_event_id
        self.reconnection_time: int | None = None
        self._line = bytearray()  # the line that has begun
        self._first_line = True
        self._after_cr = False
        self._data: list[str] = []  # the data buffer, not yet joined: appending to a string is not linear
        self._event_type = ""
        self._last_event_id_buffer = last_event_id

    def feed(self, chunk: bytes) -> list[Event]:
        """Take the next bytes, cut anywhere; return the events that they complete."""
        if not chunk:
            return []
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")  # the second half of a CRLF
        self._after_cr = chunk.endswith(b"\r")
        events = []
        for part in chunk.splitlines(keepends=True):  # of bytes: at CR, LF and CRLF, nowhere else
            self._line += part
            if part.endswith((b"\r", b"\n")):
                event = self._end_line()
                if event is not None:
                    events.append(event)
        return events

    def _end_line(self) -> Event | None:
        raw = bytes(self._line).rstrip(b"\r\n")
        self._line.clear()
        if self._first_line:
            self._first_line = False
            raw = raw.removeprefix(_BYTE_ORDER_MARK)
        # CR and LF are never part of a longer UTF-8 sequence, so that decoding by lines is decoding the stream.
        line = raw.decode(errors="replace")
        if not line:
            return self._dispatch()
        field, _, value = line.partition(":")  # of a comment, the field is empty: one of those that are ignored
        self._process(field, value.removeprefix(" "))
        return None

    def _process(self, field: str, value: str) -> None:
        match field:
            case "event":
                self._event_type = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self._last_event_id_buffer = value
            case "retry" if value.isascii() and value.isdigit():
                self._set_reconnection_time(value.lstrip("0") or "0")

    def _set_reconnection_time(self, digits: str) -> None:
        # More digits than Python converts (4,300) are ignored: the standard leaves such limits to us.
        with contextlib.suppress(ValueError):
            self.reconnection_time = int(digits)

    def _dispatch(self) -> Event | None:
        self.last_event_id = self._last_event_id_buffer  # also when there is no data
        data, self._data = self._data, []
        event_type, self._event_type = self._event_type, ""
        if not data:
            return None
        return Event(event_type or "message", "\n".join(data), self.last_event_id)
