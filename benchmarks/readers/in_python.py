"""Reads streams with a reader written in Python: pieces of streams come in, as JSON, and what was read goes out.

It runs in the readers' own environment, which has nothing of this project: `python in_python.py READER < STREAMS`.
Each reader is used as its documentation says. Where it hands out an event's own `id` field, its caller keeps the
last one, and takes an event without a type for a message.
"""

import asyncio
import base64
import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from importlib.metadata import version
from typing import Any

Pieces = list[bytes]
Event = tuple[str, str, str]
Read = tuple[list[Event], str, int | None]  # events; for the next request: the last event ID, the reconnection time
URL = "http://stream.test/"
HEADERS = {"content-type": "text/event-stream"}


class EndedError(Exception):
    """The stream is over, and the reader is about to ask for another."""


def streamside(pieces: Pieces) -> Read:
    from streamside.wire import EventParser

    parser = EventParser()
    events = [(event.type, event.data, event.last_event_id) for piece in pieces for event in parser.feed(piece)]
    return events, parser.last_event_id, parser.reconnection_time


def httpx_sse(pieces: Pieces) -> Read:
    import httpx
    from httpx_sse import connect_sse

    class Body(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return iter(pieces)

    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=HEADERS, stream=Body()))
    with httpx.Client(transport=transport) as client, connect_sse(client, "GET", URL) as source:
        return collected((sse.event or "message", sse.data, sse.id, sse.retry) for sse in source.iter_sse())


def openai(pieces: Pieces) -> Read:
    from openai._streaming import SSEDecoder

    events = SSEDecoder().iter_bytes(iter(pieces))
    return collected((sse.event or "message", sse.data, sse.id, sse.retry) for sse in events)


def sseclient_py(pieces: Pieces) -> Read:
    from sseclient import SSEClient

    return collected((sse.event, sse.data, sse.id, None) for sse in SSEClient(iter(pieces)).events())


def collected(told: Iterator[tuple[str, str, str | None, int | None]]) -> Read:
    """Of readers that leave it to their caller to connect again: what a caller then knows."""
    events: list[Event] = []
    last, time_told = "", None
    for kind, data, own, retry in told:
        last = last if own is None else own
        time_told = time_told if retry is None else retry
        events.append((kind, data, last))
    return events, last, time_told


def requests_sse(pieces: Pieces) -> Read:
    import requests
    from requests_sse import EventSource

    class Body:
        """As urllib3 has it of an answer in chunks: piece by piece."""

        def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
            return iter(pieces)

        def close(self) -> None: ...

        release_conn = close

    asked: list[str] = []

    class Once(requests.adapters.BaseAdapter):
        def send(self, request: Any, **_: Any) -> requests.Response:
            asked.append(request.headers.get("Last-Event-Id", ""))
            if len(asked) == 2:
                raise EndedError
            response = requests.Response()
            response.status_code, response.url, response.raw = 200, URL, Body()
            response.headers.update(HEADERS)
            return response

        def close(self) -> None: ...

    session, waited = requests.Session(), []
    session.mount(URL, Once())
    slept, time.sleep = time.sleep, waited.append
    events = []
    try:
        with EventSource(URL, session=session) as source:
            for event in source:
                events.append((event.type or "message", event.data, event.last_event_id))  # noqa: PERF401
    except EndedError:
        pass
    finally:
        time.sleep = slept
    return events, asked[-1], milliseconds(waited, default=5)


def aiohttp_sse_client2(pieces: Pieces) -> Read:
    return asyncio.run(_aiohttp_sse_client2(pieces))


async def _aiohttp_sse_client2(pieces: Pieces) -> Read:
    import aiohttp
    import yarl
    from aiohttp.base_protocol import BaseProtocol
    from aiohttp_sse_client2.client import EventSource

    loop = asyncio.get_running_loop()
    asked: list[str] = []

    class Connected(BaseProtocol):
        connected = True

    class Answer:
        status, content_type, headers, real_url = 200, HEADERS["content-type"], HEADERS, yarl.URL(URL)
        content = aiohttp.StreamReader(Connected(loop), 2**16, loop=loop)

        def close(self) -> None: ...

    class Session:
        async def request(self, *_: Any, headers: Any, **__: Any) -> Answer:
            asked.append(headers.get("Last-Event-Id", ""))
            if len(asked) == 2:
                raise EndedError
            return Answer()

    waited: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        waited.append(seconds)

    async def arrive() -> None:
        for piece in pieces:
            Answer.content.feed_data(piece)
            await sleep(0)
        Answer.content.feed_eof()

    arriving = asyncio.create_task(arrive())
    asyncio.sleep = note
    events = []
    try:
        async with EventSource(URL, session=Session()) as source:
            async for event in source:
                events.append((event.type or "message", event.data, event.last_event_id))  # noqa: PERF401  # likewise
    except EndedError:
        pass
    finally:
        asyncio.sleep = sleep
        await arriving
    return events, asked[-1], milliseconds(waited, default=5)


def milliseconds(waited: list[float], default: float) -> int | None:
    """The reconnection time of those who wait twice as long, the first time already; None: nothing has set it."""
    seconds = waited[0] / 2
    return None if seconds == default else round(1000 * seconds)


READERS: dict[str, Callable[[Pieces], Read | Awaitable[Read]]] = {
    "streamside": streamside,
    "httpx-sse": httpx_sse,
    "sseclient-py": sseclient_py,
    "requests-sse": requests_sse,
    "aiohttp-sse-client2": aiohttp_sse_client2,
    "openai": openai,
}


def main(name: str) -> None:
    """What the reader of that name reads in each stream; an error is read, too."""
    logging.disable()  # they warn of what the cases are about
    readings = []
    for stream in json.load(sys.stdin):
        try:
            events, last, retry = READERS[name]([base64.b64decode(piece) for piece in stream])
            readings.append({"events": events, "lastEventId": last, "reconnectionTime": retry})
        except Exception as error:
            readings.append({"error": type(error).__name__})
    print(json.dumps({"version": None if name == "streamside" else version(name), "readings": readings}))


if __name__ == "__main__":
    main(sys.argv[1])
