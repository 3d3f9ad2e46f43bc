"""What an engineer would try with a stream: at most five requests, GET and HEAD alone, and what each one got."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from streamside.client import EVENT_SOURCE_HEADERS
from streamside.exchange import Exchange, NoAnswerError, speaks_http2
from streamside.recording import Recording
from streamside.time_limits import SILENCE_SECONDS
from streamside.wire import EventParser

# A page of this origin is nobody's: RFC 2606 keeps the name free.
STRANGER = "https://stranger.example"
BRIEF = 2.0  # seconds for each request after the first; with eight for that one, and 15 for all


@dataclass(frozen=True)
class Answer:
    """One exchange: what was recorded, in which version of HTTP, and when its head came."""

    recording: Recording
    version: str
    answered_at: float

    @property
    def headers(self) -> dict[str, str]:
        """The headers by their names in lower case."""
        return dict(self.recording.headers)

    @property
    def status(self) -> int:
        """The status."""
        return self.recording.status

    @property
    def ids(self) -> list[str]:
        """The last event IDs that the stream itself has set, each once, in order."""
        parser = EventParser()
        events = [event for chunk in self.recording.chunks for event in parser.feed(chunk.data)]
        return list(dict.fromkeys(event.last_event_id for event in events if event.last_event_id))


@dataclass(frozen=True)
class Evidence:
    """What was asked and what came. None: not asked, or no answer (`asked` has the names of what was asked)."""

    url: str
    asked: tuple[str, ...]
    first: Answer
    second: Answer | None = None  # while the first was open; as a page of another origin would
    following: Answer | None = None  # after the server had ended the first
    resumed: Answer | None = None  # with the Last-Event-ID `named`
    named: str = ""
    head: Answer | None = None
    http2: bool = False
    held_back: bool = False  # nothing came while compression was offered: the first is one without


def examine(url: str, headers: Mapping[str, str], seconds: float) -> Evidence:
    """Ask what there is to ask. Raises `UserError` if there is no answer to the first request."""
    own = {**EVENT_SOURCE_HEADERS, **{name.lower(): value for name, value in headers.items()}}
    brief = min(seconds, BRIEF)

    def another(more: Mapping[str, str], *, method: str = "GET", read: bool = True) -> Answer | None:
        try:
            return _ask(url, {**own, **more}, method=method, patience=max(brief, 1), seconds=brief if read else 0)
        except NoAnswerError:
            return None

    offered = {**own, "accept-encoding": "gzip"}  # as browsers do
    try:
        open_one = Exchange(url, offered, patience=SILENCE_SECONDS)
    except NoAnswerError:
        if plain := another({}):
            return Evidence(url, ("compressed", "first"), plain, held_back=True)
        raise
    with ThreadPoolExecutor(1) as meanwhile, open_one:
        if not open_one.recording().is_event_stream:
            return Evidence(url, ("first",), _answer(open_one))
        waiting = meanwhile.submit(another, {"origin": STRANGER}, read=False)
        for _ in open_one.pieces(seconds):
            pass
        first, second = _answer(open_one), waiting.result()
    asked = ["first", "second", "head"]
    following = resumed = None
    named = ""
    if first.recording.ended_by == "server":
        asked.append("following")
        resume = {"last-event-id": _sendable(first.ids[-1])} if first.ids else {}
        following = another(resume)
    if first.ids:
        asked.append("resumed")
        named = first.ids[1 if len(first.ids) > 2 else 0]  # so that both what it names and what comes first are known
        resumed = another({"last-event-id": _sendable(named)})
    head = another({}, method="HEAD", read=False)
    http2 = urlsplit(url).scheme == "https" and speaks_http2(url, BRIEF)
    return Evidence(url, tuple(asked), first, second, following, resumed, named, head, http2)


def _ask(url: str, headers: Mapping[str, str], *, method: str, patience: float, seconds: float) -> Answer:
    """An answer; of a stream what comes in so many seconds, or until an event has an ID."""
    parser = EventParser()
    with Exchange(url, headers, method=method, patience=patience) as exchange:
        for chunk in exchange.pieces(exchange.answered_at + seconds) if seconds else ():
            if any(event.last_event_id for event in parser.feed(chunk.data)):
                break
        return _answer(exchange)


def _answer(exchange: Exchange) -> Answer:
    return Answer(exchange.recording(), exchange.version, exchange.answered_at)


def _sendable(last_event_id: str) -> str:
    """An ID as `http.client` sends its UTF-8: each byte as a character of Latin-1."""
    return last_event_id.encode().decode("latin-1")
