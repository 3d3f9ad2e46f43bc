"""The parser follows the standard; here a browser's own event source reads the same bytes."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from streamside.wire import EventParser, encode
from tests.event_streams import STREAMS, Events

# Chromium 156 loses the line after a first line that is a byte order mark and nothing else.
READ = {name: stream for name, stream in STREAMS.items() if name != "a byte order mark alone on its line"}
# After a blank line that ends whatever the stream has begun, a probe shows the last event ID.
PROBE = b"\n\nevent: probe\ndata\n\n"

LISTEN = """
([paths, types]) => Promise.all(paths.map((path) => new Promise((resolve) => {
    const source = new EventSource(path);
    const events = [];
    for (const type of types) {
        source.addEventListener(type, (event) => {
            if (event instanceof MessageEvent) events.push([event.type, event.data, event.lastEventId]);
        });
    }
    source.onerror = () => {  // the end of the stream
        source.close();
        resolve(events);
    };
})))
"""

RECONNECT = """
() => new Promise((resolve) => {
    const source = new EventSource("/stream");
    const events = [];
    source.onmessage = (event) => events.push([event.type, event.data, event.lastEventId]);
    source.onerror = () => {
        if (source.readyState === EventSource.CLOSED) resolve(events);
    };
})
"""


def answering(streams: dict[str, bytes]) -> Any:
    """An application that answers with these streams, and everywhere else with an empty page."""

    async def app(scope: dict[str, Any], receive: Callable, send: Callable) -> None:
        if scope["type"] != "http":
            return
        body = streams.get(scope["path"])
        kind = b"text/html" if body is None else b"text/event-stream"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": body or b""})

    return app


def heard(page: Page, url: str, streams: dict[str, bytes]) -> list[Events]:
    page.goto(url)
    types = sorted({"message", "probe", *(kind for _, events in STREAMS.values() for kind, _, _ in events)})
    return [[tuple(event) for event in events] for events in page.evaluate(LISTEN, [list(streams), types])]


def parsed(stream: bytes) -> Events:
    return [(event.type, event.data, event.last_event_id) for event in EventParser().feed(stream)]


def test_chromium_reads_the_streams_as_the_standard_says(page: Page, serving: Callable[[Any], str]) -> None:
    streams = {f"/{number}": stream for number, (stream, _) in enumerate(READ.values())}
    events = heard(page, serving(answering(streams)), streams)
    assert dict(zip(READ, events, strict=True)) == {name: events for name, (_, events) in READ.items()}


def test_chromium_and_the_parser_agree_on_what_follows(page: Page, serving: Callable[[Any], str]) -> None:
    streams = {f"/{number}": stream + PROBE for number, (stream, _) in enumerate(READ.values())}
    events = heard(page, serving(answering(streams)), streams)
    assert dict(zip(READ, events, strict=True)) == {name: parsed(stream + PROBE) for name, (stream, _) in READ.items()}


def test_chromium_reads_what_is_encoded(page: Page, serving: Callable[[Any], str]) -> None:
    texts = ["", " ", "\n", "a\n", "\n\na", ": a", "data: a", "\u2028\u2029\u0085\v\f\x1c\0", "\ufeff", "é€😀"]
    stream = b"".join(encode(text, event="x", id=str(number)) for number, text in enumerate(texts))
    [events] = heard(page, serving(answering({"/stream": stream})), {"/stream": stream})
    assert events == [("x", text, str(number)) for number, text in enumerate(texts)]


def test_chromium_reads_every_line_end_in_data_as_lf(page: Page, serving: Callable[[Any], str]) -> None:
    stream = encode("a\r\nb\rc\n") + encode("\r")
    [events] = heard(page, serving(answering({"/stream": stream})), {"/stream": stream})
    assert events == [("message", "a\nb\nc\n", ""), ("message", "\n", "")]


def test_in_chromium_the_last_event_id_lasts_over_reconnections(page: Page, serving: Callable[[Any], str]) -> None:
    streams = [encode("a", id="é7", retry=1), encode("b"), encode("c")]
    sent = []

    async def app(scope: dict[str, Any], receive: Callable, send: Callable) -> None:
        if scope["type"] != "http":
            return
        is_stream = scope["path"] == "/stream"
        if is_stream:
            sent.append(dict(scope["headers"]).get(b"last-event-id", b"").decode())
        kind = b"text/event-stream" if is_stream else b"text/html"
        status = 204 if is_stream and not streams else 200
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": streams.pop(0) if is_stream and streams else b""})

    page.goto(serving(app))
    assert page.evaluate(RECONNECT) == [["message", "a", "é7"], ["message", "b", "é7"], ["message", "c", "é7"]]
    assert sent == ["", "é7", "é7", "é7"], "as UTF-8; whoever reads headers as Latin-1 reads something else"
