"""What was seen on one connection: a request, the chunks that came back, each with its time, and the events in them."""

import codecs
import html
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from streamside.transcript import (
    Headers,
    Line,
    body_lines,
    code_span,
    fenced,
    head_lines,
    html_of,
    seconds,
    visible,
)
from streamside.wire import Event, EventParser


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

    Header names are in lower case; those that differ from run to run, `date` and `server`, are left out (see `client`).
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
    request_body: bytes = b""

    @property
    def body(self) -> bytes:
        """All bytes of the response's body."""
        return b"".join(chunk.data for chunk in self.chunks)

    @property
    def is_event_stream(self) -> bool:
        """Whether an event source would read it: status 200, and the content type `text/event-stream`."""
        kind = dict(self.headers).get("content-type", "").partition(";")[0].strip().lower()
        return self.status == 200 and kind == "text/event-stream"

    @property
    def events(self) -> tuple[TimedEvent, ...]:
        """The events that an event source would dispatch, in order."""
        return tuple(TimedEvent(self.chunks[index].time, event) for index, event in self._dispatched())

    def table(self) -> "EventTable":
        """The events, one row for each: time, type, data, last event ID."""
        rows = ((seconds(self._tenths[index]), e.type, e.data, e.last_event_id) for index, e in self._dispatched())
        return EventTable(tuple(rows))

    def transcript(self) -> str:
        """The whole exchange as plain text: what was sent after `>`, what was received after `<`, then the timed body.

        A time stands where it differs from the one above. `↳` is before the rest of a line that an earlier chunk began.
        Invisible characters are named, as in ⟨CR⟩ or ⟨BOM⟩; a line end that is not named is LF.
        """
        return "\n".join(line.plain(self._time_width) for line in self._lines())

    def to_json(self, start: int = 0) -> dict[str, Any]:
        """The recording as a page plays it: times in milliseconds, of which `start` is the request's."""
        asked = {"requestBody": self._asked} if self.request_body else {}
        return {
            "method": self.method,
            "path": self.path,
            "requestHeaders": [list(header) for header in self.request_headers],
            **asked,
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
        return fenced(self.transcript(), "text")

    def _repr_html_(self) -> str:
        label = html.escape(f"Recording of {self.method} {self.path}")
        lines = "\n".join(line.html(self._time_width) for line in self._lines())
        # A long line scrolls: tabindex lets the keyboard reach it.
        return f'<figure class="recording" aria-label="{label}"><pre tabindex="0">{lines}</pre></figure>'

    @property
    def _asked(self) -> str:
        return self.request_body.decode(errors="replace")

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
        return len(seconds(self._tenths[-1]))

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

    def _lines(self) -> Iterator[Line]:
        yield from head_lines(self.method, self.path, self.request_headers, self._asked, self.status, self.headers)
        yield from body_lines(self._texts(), self.is_event_stream, self.ended_by, self._tenths[-1])


@dataclass(frozen=True, repr=False)
class EventTable:
    """Events in rows of four texts: time, type, data, last event ID."""

    rows: tuple[tuple[str, str, str, str], ...]

    HEADS = ("Time", "Type", "Data", "Last event ID")

    def __repr__(self) -> str:
        rows = [self.HEADS, *(tuple(map(visible, row)) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)

    def _repr_markdown_(self) -> str:
        rows = [self.HEADS, ("---",) * 4, *((time, *map(code_span, texts)) for time, *texts in self.rows)]
        return "".join(f"| {' | '.join(row)} |\n" for row in rows)

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{head}</th>' for head in self.HEADS)
        rows = "".join(
            f"<tr><td>{time}</td>{''.join(f'<td><code>{html_of(text)}</code></td>' for text in texts)}</tr>\n"
            for time, *texts in self.rows
        )
        return f'<table class="events">\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>'
