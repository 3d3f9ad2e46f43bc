"""What was seen on one connection: a request, the chunks that came back, each with its time, and the events in them."""

import codecs
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any, Literal

from streamside.wire import Event, EventParser

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that arrived together, `time` seconds after the request."""

    time: float
    data: bytes


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """An event, dispatched `time` seconds after the request."""

    time: float
    event: Event


@dataclass(frozen=True, repr=False)
class Recording:
    """One request and what came back.

    Header names are in lower case; `date` and `server`, which differ from run to run, are left out by whoever records.
    `ended_by` says who ended the connection, `ended_at` when, in seconds after the request. The times that are shown
    are the same from run to run: every gap is rounded to tenths of a second, and the rounded gaps are added up.
    """

    method: str
    path: str
    request_headers: Headers
    status: int
    headers: Headers
    chunks: tuple[Chunk, ...]
    ended_by: Literal["server", "client", "network"]
    ended_at: float

    @property
    def body(self) -> bytes:
        """All bytes of the response's body."""
        return b"".join(chunk.data for chunk in self.chunks)

    @property
    def events(self) -> tuple[TimedEvent, ...]:
        """The events that an event source would dispatch, in order."""
        return tuple(TimedEvent(self.chunks[index].time, event) for index, event in self._dispatched())

    def table(self) -> "EventTable":
        """The events, one row for each: time, type, data, last event ID."""
        rows = ((_seconds(self._tenths[index]), e.type, e.data, e.last_event_id) for index, e in self._dispatched())
        return EventTable(tuple(rows))

    def transcript(self) -> str:
        """The whole exchange as plain text: what was sent after `>`, what was received after `<`, then the timed body.

        A time stands where it differs from the one above. `↳` is before the rest of a line that an earlier chunk began.
        Invisible characters are named, as in ⟨CR⟩ or ⟨BOM⟩; a line end that is not named is LF.
        """
        return "\n".join(line.plain(self._time_width) for line in self._lines())

    def to_json(self, start: int = 0) -> dict[str, Any]:
        """The recording as a page plays it: times in milliseconds, of which `start` is the request's."""
        return {
            "method": self.method,
            "path": self.path,
            "requestHeaders": [list(header) for header in self.request_headers],
            "status": self.status,
            "headers": [list(header) for header in self.headers],
            "start": start,
            "chunks": [[start + tenths * 100, text] for tenths, text in self._texts()],
            "end": start + self._tenths[-1] * 100,
            "endedBy": self.ended_by,
        }

    def __repr__(self) -> str:
        return self.transcript()

    def _repr_markdown_(self) -> str:
        return _fenced(self.transcript())

    def _repr_html_(self) -> str:
        label = html.escape(f"Recording of {self.method} {self.path}")
        lines = "\n".join(line.html(self._time_width) for line in self._lines())
        # A long line scrolls: tabindex lets the keyboard reach it.
        return f'<figure class="recording" aria-label="{label}"><pre tabindex="0">{lines}</pre></figure>'

    @cached_property
    def _tenths(self) -> tuple[int, ...]:
        """The shown time of every chunk and, last, of the end, in tenths of a second."""
        shown = [0]
        before = 0.0
        for time in (*(chunk.time for chunk in self.chunks), self.ended_at):
            shown.append(shown[-1] + max(0, int((time - before) * 10 + 0.5)))
            before = time
        return tuple(shown[1:])

    @property
    def _time_width(self) -> int:
        return len(_seconds(self._tenths[-1]))

    def _dispatched(self) -> Iterator[tuple[int, Event]]:
        # An event source that sends a last event ID goes on with it until the stream sets another.
        parser = EventParser(dict(self.request_headers).get("last-event-id", ""))
        for index, chunk in enumerate(self.chunks):
            for event in parser.feed(chunk.data):
                yield index, event

    def _texts(self) -> list[tuple[int, str]]:
        """The body as text, cut where the shown time changes: where else the network cut it is chance.

        A character that a cut would break stands whole in the later text.
        """
        pieces: dict[int, list[bytes]] = {}
        for tenths, chunk in zip(self._tenths, self.chunks, strict=False):  # the last time is that of the end
            pieces.setdefault(tenths, []).append(chunk.data)
        last = max(pieces, default=0)
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        texts = [(tenths, decoder.decode(b"".join(data), final=tenths == last)) for tenths, data in pieces.items()]
        return [(tenths, text) for tenths, text in texts if text]

    def _lines(self) -> Iterator["_Line"]:
        yield _Line("sent", f"{self.method} {self.path}")
        yield from (_Line("sent", f"{name}: {value}") for name, value in self.request_headers)
        yield _Line("sent", "")
        yield _Line("received", f"{self.status} {_reason(self.status)}".rstrip())
        yield from (_Line("received", f"{name}: {value}") for name, value in self.headers)
        yield _Line("received", "")
        yield from self._body_lines()

    def _body_lines(self) -> Iterator["_Line"]:
        is_stream = dict(self.headers).get("content-type", "").startswith("text/event-stream")
        kind = "stream" if is_stream else "body"
        previous = "\n"
        for tenths, text in self._texts():
            time = _seconds(tenths)
            for part in _PARTS.findall(text):
                goes_on = not previous.endswith(("\r", "\n")) or (previous.endswith("\r") and part == "\n")
                shown = part if part.endswith("\r\n") or (goes_on and part == "\n") else part.removesuffix("\n")
                yield _Line("rest" if goes_on else kind, shown, time)
                previous, time = part, ""
        cut = ", in the middle of a line" if is_stream and not previous.endswith(("\r", "\n")) else ""
        yield _Line("end", f"{_ENDINGS[self.ended_by]}{cut}.", _seconds(self._tenths[-1]))


_PARTS = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # the lines of a text, each with its line end
_FIELD = re.compile(r"^(?:data|event|id|retry)(?=:|$)")  # the fields that the standard knows
_MARKS = {"sent": ">", "received": "<", "body": "│", "stream": "│", "rest": "↳", "end": "■"}
_ENDINGS = {
    "server": "The server ended the response",
    "client": "The client closed the connection",
    "network": "The connection was lost",
}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a transcript: `kind` is a key of _MARKS, `time` is empty where it is that of the line above."""

    kind: str
    text: str
    time: str = ""

    def plain(self, width: int) -> str:
        return f"{self._margin(width)}{_MARKS[self.kind]}{self._spaced(_visible(self.text))}"

    def html(self, width: int) -> str:
        margin, mark, content = self._margin(width), html.escape(_MARKS[self.kind]), _html(self.text)
        if self.time:
            margin = f'<span class="time">{margin[:-1]}</span> '
        if self.kind in ("sent", "received", "end"):
            return f'{margin}<span class="{self.kind}">{mark}{self._spaced(content)}</span>'
        if self.kind == "stream":
            content = _FIELD.sub(r'<span class="field">\g<0></span>', content)
            content = f'<span class="comment">{content}</span>' if self.text.startswith(":") else content
        # A screen reader need not say the rule between times and text.
        return f'{margin}<span aria-hidden="true">{mark}</span>{self._spaced(content)}'

    def _spaced(self, content: str) -> str:
        return f" {content}" if content else ""

    def _margin(self, width: int) -> str:
        return "" if self.kind in ("sent", "received") else f"{self.time.rjust(width)} "


@dataclass(frozen=True, repr=False)
class EventTable:
    """Events in rows of four texts: time, type, data, last event ID."""

    rows: tuple[tuple[str, str, str, str], ...]

    HEADS = ("Time", "Type", "Data", "Last event ID")

    def __repr__(self) -> str:
        rows = [self.HEADS, *(tuple(map(_visible, row)) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)

    def _repr_markdown_(self) -> str:
        rows = [self.HEADS, ("---",) * 4, *((time, *map(_code_span, texts)) for time, *texts in self.rows)]
        return "".join(f"| {' | '.join(row)} |\n" for row in rows)

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{head}</th>' for head in self.HEADS)
        rows = "".join(
            f"<tr><td>{time}</td>{''.join(f'<td><code>{_html(text)}</code></td>' for text in texts)}</tr>\n"
            for time, *texts in self.rows
        )
        return f'<table class="events">\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>'


def _seconds(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10} s"


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""


_NAMES = {"\r\n": "CRLF", "\r": "CR", "\n": "LF", "\t": "TAB", "\0": "NUL", "\x1b": "ESC", "\ufeff": "BOM"}
# Controls, line separators, and what steers the direction of text; the joiners of letters and emoji may pass.
_INVISIBLE = re.compile(
    "\r\n|[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def _name(match: re.Match[str]) -> str:
    character = match[0]
    return f"⟨{_NAMES.get(character) or f'U+{ord(character):04X}'}⟩"


def _visible(text: str) -> str:
    return _INVISIBLE.sub(_name, text)


def _html(text: str) -> str:
    return _INVISIBLE.sub(lambda match: f'<span class="invisible">{_name(match)}</span>', html.escape(text))


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _fenced(text: str) -> str:
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}text\n{text}\n{fence}\n"


def _code_span(text: str) -> str:
    ticks = "`" * (_longest_run(text) + 1)
    return f"{ticks} {_visible(text)} {ticks}".replace("|", "\\|") if text else ""
