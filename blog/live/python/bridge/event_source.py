"""What an event source has heard: what its next request says of it."""

from bridge.messages import Message
from streamside.wire import EventParser, encode


class Source:
    """What the server's side remembers of one `EventSource` of a page.

    Chromium hides `Last-Event-ID` from service workers. The bytes that an event source was given tell its last event
    ID as well; the probe in the page names the event source in its requests, so that a new one starts without.
    """

    def __init__(self) -> None:
        self.connected_before = False
        self.last_event_id = ""
        self.reconnection_time: int | None = None
        self._parser = EventParser()

    def connect(self) -> None:
        """A new stream begins."""
        self.connected_before = True
        self._parser = EventParser()
        if self.last_event_id:
            self._parser.feed(encode(None, id=self.last_event_id))

    def feed(self, chunk: bytes) -> None:
        """These bytes have reached the event source."""
        self._parser.feed(chunk)
        self.last_event_id = self._parser.last_event_id
        if self._parser.reconnection_time is not None:
            self.reconnection_time = self._parser.reconnection_time


class Sources:
    """The event sources of all pages.

    One in a worker or in a `srcdoc` frame, where there is no probe, has no name: by its client and its address, a
    request is taken for the next one of an event source that has lost its stream.
    """

    def __init__(self) -> None:
        self._named: dict[str, Source] = {}
        self._lost: dict[tuple[str, ...], list[Source]] = {}
        self._browser_tells = False

    def named(self, name: str) -> Source | None:
        """One that has asked for a stream before."""
        return self._named.get(name)

    def of(self, request: Message) -> Source | None:
        """Whose a request is; None if it is no event source's, or of one that the browser takes care of itself."""
        self._browser_tells |= any(name == "last-event-id" for name, _ in request["headers"])
        if request["source"]:
            return self._named.setdefault(request["source"], Source())
        if not request.get("client") or self._browser_tells:
            return None
        lost = self._lost.get(_place(request))
        return lost.pop(0) if lost else Source()

    def lose(self, request: Message, source: Source) -> None:
        """The stream of an event source is over, and not by its client: it will ask again."""
        if not request["source"]:
            self._lost.setdefault(_place(request), []).append(source)


def _place(request: Message) -> tuple[str, ...]:
    return tuple(request[key] for key in ("client", "server", "path", "query"))
