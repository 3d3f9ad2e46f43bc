"""What an event source has heard: what its next request says of it."""

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
