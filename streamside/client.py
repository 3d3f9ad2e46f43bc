"""An HTTP client that records what it sees: one connection, or one after another as an event source makes them."""

import time
from collections.abc import Mapping
from dataclasses import replace

from streamside.errors import UserError
from streamside.exchange import Exchange, SilenceError
from streamside.recording import Recording
from streamside.time_limits import SILENCE_SECONDS
from streamside.wire import EventParser

# Part of every exchange, and no lesson's subject: left out of recordings.
UNREMARKABLE = {"connection", "date", "server", "transfer-encoding"}
# What Chromium and Firefox send; of the two headers against caches, the one of this century.
EVENT_SOURCE_HEADERS = {"accept": "text/event-stream", "cache-control": "no-cache"}
RECONNECTION_TIME = 3000  # milliseconds; the standard leaves the first value to the browser, this is Chromium's


def record(
    url: str,
    *,
    events: int | None = None,
    seconds: float | None = None,
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
    body: bytes | str = b"",
) -> Recording:
    """Ask for `url` and record what comes: until the server ends it, `events` were dispatched, or `seconds` are over.

    Raises `UserError` if there is no answer, or if the server is silent for 10 seconds and `seconds` is not given.
    """
    content = body.encode() if isinstance(body, str) else body
    parser, heard = EventParser(), 0
    with Exchange(url, headers or {}, method=method, body=content, patience=SILENCE_SECONDS) as exchange:
        try:
            for piece in exchange.pieces(seconds, silence=SILENCE_SECONDS):
                heard += len(parser.feed(piece.data))
                if events is not None and heard >= events:
                    break
        except SilenceError:
            silent = f"the stream was silent for {SILENCE_SECONDS:.0f} s"
            raise UserError(url, silent, "say how many events= or seconds= to listen") from None
        seen = exchange.recording()
    return replace(seen, headers=tuple(header for header in seen.headers if header[0] not in UNREMARKABLE))


def follow(url: str, *, connections: int, headers: Mapping[str, str] | None = None) -> list[Recording]:
    """Record what an event source would: after each end of the stream wait the reconnection time and connect again.

    Ends after that many connections, or with the first answer for which the standard fails the connection for good: any
    status but 200, or another content type (https://html.spec.whatwg.org/multipage/server-sent-events.html).
    """
    parser = EventParser()
    recordings: list[Recording] = []
    while len(recordings) < connections:
        if recordings:
            time.sleep((RECONNECTION_TIME if parser.reconnection_time is None else parser.reconnection_time) / 1000)
        resume = {"last-event-id": parser.last_event_id} if parser.last_event_id else {}
        recordings.append(record(url, headers={**EVENT_SOURCE_HEADERS, **resume, **(headers or {})}))
        if not recordings[-1].is_event_stream:
            break
        parser = _after(parser, recordings[-1])
    return recordings


def _after(parser: EventParser, recording: Recording) -> EventParser:
    """A parser for the next connection: an event source keeps its last event ID and its reconnection time."""
    parser.feed(recording.body)
    following = EventParser(parser.last_event_id)
    following.reconnection_time = parser.reconnection_time
    return following
