"""`streamside listen URL`: the wire as the lessons show it, as it happens; if asked to, reconnecting as a browser."""

import codecs
import math
import sys
import time
from collections.abc import Iterator, Mapping

from streamside.client import EVENT_SOURCE_HEADERS, RECONNECTION_TIME
from streamside.exchange import Exchange, NoAnswerError
from streamside.recording import Chunk
from streamside.time_limits import SILENCE_SECONDS
from streamside.transcript import Line, body_lines, head_lines
from streamside.wire import EventParser

WIDTH = len("9999.9 s")  # the room for a time: how long it will be nobody knows yet


def run(url: str, headers: Mapping[str, str], seconds: float | None, *, follow: bool) -> int:
    """Listen and print, until the stream ends or so many seconds are over; always 0. Raises `UserError`.

    With `follow` it connects again after each end and after each failure, until an answer for which the standard fails
    the connection for good; at the first request somebody has to be there.
    """
    deadline = math.inf if seconds is None else time.monotonic() + seconds
    parser, first = EventParser(), True
    while True:
        try:
            after = _connect(url, headers, deadline, parser)
        except NoAnswerError as error:
            if first or not follow:
                raise
            print(f"streamside: {error}", file=sys.stderr, flush=True)
            after = parser
        if after is None or not follow:
            return 0
        parser, first = after, False
        pause = (RECONNECTION_TIME if parser.reconnection_time is None else parser.reconnection_time) / 1000
        if time.monotonic() + pause >= deadline:
            return 0
        time.sleep(pause)


def _connect(url: str, headers: Mapping[str, str], deadline: float, before: EventParser) -> EventParser | None:
    """One connection, shown; what an event source knows after it, or None where it would give up."""
    resume = {"last-event-id": before.last_event_id.encode().decode("latin-1")} if before.last_event_id else {}
    own = {name.lower(): value for name, value in headers.items()}
    parser = EventParser(before.last_event_id)
    parser.reconnection_time = before.reconnection_time
    with Exchange(url, {**EVENT_SOURCE_HEADERS, **resume, **own}, patience=SILENCE_SECONDS) as exchange:
        for line in head_lines("GET", exchange.path, exchange.sent, "", exchange.status, exchange.headers):
            _show(line)
        is_stream = exchange.recording().is_event_stream
        left = None if deadline == math.inf else exchange.elapsed + deadline - time.monotonic()
        texts = _texts(_heard(exchange, left, parser))
        for line in body_lines(texts, is_stream, "server", 0):
            if line.kind != "end":  # who has ended it, and when, is known only now
                _show(line)
        last = [(0, chunk.data.decode(errors="replace")) for chunk in exchange.chunks]
        *_, end = body_lines(last, is_stream, exchange.ended_by, _tenths(exchange.ended_at))
        _show(end)
    return parser if is_stream else None


def _heard(exchange: Exchange, seconds: float | None, parser: EventParser) -> Iterator[Chunk]:
    for chunk in exchange.pieces(seconds):
        del exchange.chunks[:-1]  # a stream that does not end must not fill the memory
        parser.feed(chunk.data)
        yield chunk


def _texts(chunks: Iterator[Chunk]) -> Iterator[tuple[int, str]]:
    """Chunks as text; a character that a cut would break stands whole in the later one."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for chunk in chunks:
        if text := decoder.decode(chunk.data):
            yield _tenths(chunk.time), text


def _tenths(seconds: float) -> int:
    return int(seconds * 10 + 0.5)


def _show(line: Line) -> None:
    print(line.plain(WIDTH), flush=True)
