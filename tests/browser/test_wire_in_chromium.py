"""The parser follows the standard; here a browser's own event source reads the same bytes."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from streamside.wire import EventParser, encode
from tests.browser.test_format_in_browsers import HEAR, TYPES, answering
from tests.event_streams import CASES, Event

# Chromium 156 loses the line after a first line that is a byte order mark and nothing else.
READ = {name: case.stream for name, case in CASES.items() if name != "a byte order mark alone on its line"}
# After a blank line that ends whatever the stream has begun, a probe shows the last event ID.
PROBE = b"\n\nevent: probe\ndata\n\n"

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


def heard(page: Page, url: str, streams: dict[str, bytes]) -> list[list[Event]]:
    page.goto(url)
    return [[tuple(event) for event in events] for events in page.evaluate(HEAR, [list(streams), [*TYPES, "probe"]])]


def parsed(stream: bytes) -> list[Event]:
    return [(event.type, event.data, event.last_event_id) for event in EventParser().feed(stream)]


def test_chromium_and_the_parser_agree_on_what_follows(page: Page, serving: Callable[[Any], str]) -> None:
    streams = {f"/{number}": stream + PROBE for number, stream in enumerate(READ.values())}
    events = heard(page, serving(answering(streams)), streams)
    assert dict(zip(READ, events, strict=True)) == {name: parsed(stream + PROBE) for name, stream in READ.items()}


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
