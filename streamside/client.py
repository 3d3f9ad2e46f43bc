"""An HTTP client that records what it sees: one connection, or one after another as an event source makes them."""

import socket
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Literal
from urllib.parse import urlsplit

from streamside.recording import Chunk, Recording
from streamside.time_limits import SILENCE_SECONDS
from streamside.wire import EventParser

# Part of every exchange, and no lesson's subject: left out of recordings.
UNREMARKABLE = {"connection", "date", "server", "transfer-encoding"}
# What Chromium and Firefox send; of the two headers against caches, the one of this century.
EVENT_SOURCE_HEADERS = {"accept": "text/event-stream", "cache-control": "no-cache"}
RECONNECTION_TIME = 3000  # milliseconds; the standard leaves the first value to the browser, this is Chromium's


class ListenError(Exception):
    """Nothing could be recorded; the message says why, in one sentence."""


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

    Raises `ListenError` if there is no answer, or if the server is silent for 10 seconds and `seconds` is not given.
    """
    address = urlsplit(url)
    path = (address.path or "/") + (f"?{address.query}" if address.query else "")
    sent = {name.lower(): value for name, value in (headers or {}).items()}
    content = body.encode() if isinstance(body, str) else body
    connection = HTTPConnection(address.netloc, timeout=SILENCE_SECONDS)
    began = time.monotonic()
    try:
        connection.connect()
        wire = connection.sock  # the connection forgets it when the response is the last one
        connection.request(method, path, body=content or None, headers=sent)
        response = connection.getresponse()
        chunks: list[Chunk] = []
        ended_by = _receive(response, wire, chunks, began, events, seconds)
    except (OSError, HTTPException) as error:
        raise ListenError(f"no answer to {method} {path}: {error}") from None
    finally:
        connection.close()
    return Recording(
        method=method,
        path=path,
        request_headers=tuple(sent.items()),
        status=response.status,
        headers=tuple(
            (name.lower(), value) for name, value in response.getheaders() if name.lower() not in UNREMARKABLE
        ),
        chunks=tuple(chunks),
        ended_by=ended_by,
        ended_at=time.monotonic() - began,
        request_body=content,
    )


def _receive(
    response: HTTPResponse,
    wire: socket.socket,
    chunks: list[Chunk],
    began: float,
    events: int | None,
    seconds: float | None,
) -> Literal["server", "client", "network"]:
    """Append what comes to `chunks`; return who ended it."""
    parser, heard = EventParser(), 0
    while events is None or heard < events:
        left = SILENCE_SECONDS if seconds is None else began + seconds - time.monotonic()
        if left <= 0:  # a stream that never pauses would never time out
            return "client"
        wire.settimeout(left)
        try:
            data = response.read1()
        except TimeoutError:
            if seconds is None:
                raise ListenError(
                    f"the stream was silent for {SILENCE_SECONDS:.0f} s: say how many events= or seconds= to listen"
                ) from None
            return "client"
        except (ConnectionError, HTTPException):
            return "network"
        if not data:
            return "network" if response.length else "server"  # the length that is still missing
        arrived = time.monotonic() - began
        if seconds is not None and arrived > seconds:
            return "client"
        chunks.append(Chunk(arrived, data))
        heard += len(parser.feed(data))
    return "client"


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
