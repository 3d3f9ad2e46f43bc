"""What there is to see in the messages of a Wire: requests, answers, events, and what was printed and shown.

It runs in the page's Python too, so that nothing is imported but `wire`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from streamside.wire import Event, EventParser

Kind = Literal["request", "answer", "event", "line", "end", "unheard", "closed", "log", "app"]
Message = Mapping[str, Any]  # as the page's Wire has them, and `log` and `app` with a `text`; times in milliseconds
LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Sighting:
    """One thing that was seen."""

    kind: Kind
    time: float  # milliseconds
    name: str = ""  # the request's method and path, the event's type, the answer's path
    text: str = ""  # data, a line, what was printed, what the page shows, an answer's status, why a response ended
    id: str = ""
    number: int = 0  # an event's place in its response, from 1
    connection: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reader: int = 1  # on whose page
    place: int = 0  # among all sightings


def sightings(messages: Iterable[Message]) -> list[Sighting]:
    """What there is to see in the messages of a Wire, in their order."""
    reader = _Reader()
    for message in messages:
        reader.read(message)
    return reader.seen


class _Reader:
    """Reads messages; keeps the streams that are open."""

    def __init__(self) -> None:
        self.seen: list[Sighting] = []
        self._streams: dict[Any, _Stream] = {}
        self._requests: dict[Any, Sighting] = {}
        self._reader = 1

    def read(self, message: Message) -> None:
        kind, time, connection = message["kind"], message.get("time", 0), message.get("connection")
        self._reader = message.get("reader", 1)
        if kind in ("log", "app"):
            self._add(kind, time, text=message["text"])
        elif kind == "request":
            self._request(message)
        elif kind == "response":
            self._response(message)
        elif kind == "chunk" and connection in self._streams:
            self._chunk(self._streams[connection], message)
        elif kind == "end" and self._streams.pop(connection, None):
            self._add("end", time, text=message.get("why", ""), connection=connection)
        elif kind == "source":
            self._source(message)

    def _request(self, message: Message) -> None:
        connection, name = message["connection"], f"{message['method']} {message['path']}"
        headers = {name.lower(): value for name, value in message["headers"]}
        self._add("request", message["time"], name, connection=connection, headers=headers)
        self._requests[connection] = self.seen[-1]

    def _response(self, message: Message) -> None:
        connection = message["connection"]
        asked = self._requests.get(connection, Sighting("request", 0))
        if dict(message["headers"]).get("content-type", "").startswith("text/event-stream"):
            self._streams[connection] = _Stream(asked.headers.get("last-event-id", ""))
        self._add("answer", message["time"], asked.name, str(message["status"]), connection=connection)

    def _chunk(self, stream: "_Stream", message: Message) -> None:
        time, connection = message["time"], message["connection"]
        lines, events = stream.read(message["text"])
        for text in lines:
            self._add("line", time, text=text, connection=connection)
        for each in events:
            stream.count += 1
            self._add("event", time, each.type, each.data, each.last_event_id, stream.count, connection)

    def _source(self, message: Message) -> None:
        if message["what"] == "event" and message.get("unheard"):
            self._add("unheard", message["time"], message.get("type", ""), message.get("data", ""))
        elif message["what"] == "error" and message.get("readyState") == 2:
            self._add("closed", message["time"])

    def _add(
        self,
        kind: Kind,
        time: float,
        name: str = "",
        text: str = "",
        id: str = "",  # noqa: A002  # the field's name
        number: int = 0,
        connection: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        said = (kind, time, name, text, id, number, connection, headers or {}, self._reader)
        self.seen.append(Sighting(*said, place=len(self.seen)))


class _Stream:
    """One response that is a stream: its lines and its events."""

    def __init__(self, last_event_id: str) -> None:
        self.count = 0
        self._parser = EventParser(last_event_id)
        self._begun = ""

    def read(self, text: str) -> tuple[list[str], list[Event]]:
        """What these further characters complete."""
        *lines, self._begun = LINE_END.split(self._begun + text)
        return list(filter(None, lines)), self._parser.feed(text.encode(errors="replace"))
