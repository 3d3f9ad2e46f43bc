"""Recordings for tests: `recording(…)` of chunks with their times, and one exchange that has a bit of everything."""

from html.parser import HTMLParser
from typing import Any

from streamside.recording import Chunk, Recording
from streamside.wire import encode

STREAM = (("content-type", "text/event-stream; charset=utf-8"),)


def recording(*chunks: tuple[float, bytes], **fields: Any) -> Recording:
    whole = {
        "method": "GET",
        "path": "/sse-stream",
        "request_headers": (),
        "status": 200,
        "headers": STREAM,
        "chunks": tuple(Chunk(time, data) for time, data in chunks),
        "ended_by": "server",
        "ended_at": chunks[-1][0] if chunks else 0.0,
    }
    return Recording(**whole | fields)


EXCHANGE = recording(
    (0.013, encode("<p>one</p>", event="progress", id="1")),
    (0.516, b": still here\n\n" + encode("a\n\nb")),
    request_headers=(("accept", "text/event-stream"), ("last-event-id", "0")),
    headers=(*STREAM, ("cache-control", "no-cache")),
    ended_at=10.02,
)


class Outline(HTMLParser):
    """What a page shows of some HTML, and which classes its elements have."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.marked: list[tuple[str, str]] = []
        self._classes: list[str] = []
        self.feed(source)
        self.close()
        assert not self._classes, "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._classes.append(dict(attrs).get("class") or "")

    def handle_endtag(self, tag: str) -> None:
        self._classes.pop()

    def handle_data(self, data: str) -> None:
        self.text += data
        self.marked.append((self._classes[-1] if self._classes else "", data))
