"""A page as a browser has it that runs htmx with its extension, as far as examples need it for a visit without one.

That is `sse-connect`, `sse-swap`, `sse-close`, `hx-trigger` (`load`, `sse:…`, `delay:`, `throttle:`), `hx-get`,
`hx-post`, `hx-target`, `hx-swap`, and the event sources that a script opens: by name, or one for each element
that names it in a `data-…` attribute. Of htmx 4 it is `hx-sse-connect`, `hx-sse-close`, `hx-partial`, and
`hx-trigger="NAME from:#ID"`.
"""

import asyncio
import codecs
import re
from typing import Any, Protocol
from urllib.parse import urlencode, urljoin

from streamside.htmx4_parser import Htmx4Parser
from streamside.markup import Element, parse
from streamside.wire import EventParser

RECONNECTION_TIME = 3000  # milliseconds, as Chromium's
HTMX4_FIRST_PAUSE, HTMX4_LONGEST_PAUSE = (
    500,
    60_000,
)  # milliseconds; by chance up to 30 % more or less, which is left out here
PARTIAL = re.compile(r"(<hx-partial\b[^>]*>)(.*?)</hx-partial>", re.DOTALL)


class Network(Protocol):
    """What a page sends its requests through, and tells what it does."""

    whole: asyncio.Event  # set unless the cable is cut

    def open(self, method: str, path: str, headers: dict[str, str], *, source: "Reader | None" = None) -> "Exchange":
        """Send a request; who reads the stream is told of the answer."""

    async def fetch(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> str:
        """The whole body of an answer."""

    def leave(self, exchange: "Exchange") -> None:
        """Break a request off."""

    def tell(self, kind: str, **said: Any) -> None:
        """Something was seen."""


class Exchange:
    """A request and what has come of its answer."""

    def __init__(self, name: str, method: str, path: str, source: "Reader | None") -> None:
        self.id, self.method, self.path, self.source = name, method, path, source
        self.status = 0
        self.headers: dict[str, str] = {}
        self.text = ""
        self.reader = source.page.reader if source else 1
        self.over = asyncio.Event()
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def take(self, data: bytes) -> str:
        """Bytes to text."""
        text = self._decoder.decode(data)
        self.text += text
        return text


class Source:
    """An event source of a page, as the standard has it."""

    count = 0

    def __init__(self, page: "Page", path: str, element: Element | None) -> None:
        Source.count += 1
        self.name = f"source {Source.count}"
        self.page, self.path, self.element = page, path, element
        self.parser = EventParser()
        self.closed = False
        self._exchange: Exchange | None = None
        self._reconnection_time = RECONNECTION_TIME
        self._later: asyncio.Task[None] = asyncio.ensure_future(self._connect(0))

    async def _connect(self, pause: float) -> None:
        await asyncio.sleep(pause)
        network = self.page.network
        await network.whole.wait()
        self.parser = EventParser(self.parser.last_event_id)
        accepted = {"accept": "text/event-stream", "cache-control": "no-cache"}
        self._exchange = network.open("GET", self.path, accepted, source=self)

    def answered(self, exchange: Exchange) -> None:
        """What is no stream closes it for good."""
        kind = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
        if exchange.status != 200 or kind != "text/event-stream":
            self.closed = True
            self.tell("error", readyState=2)

    def hear(self, data: bytes) -> None:
        """Bytes of the stream: dispatch what they complete."""
        for event in self.parser.feed(data):
            if not self.closed:
                self.page.dispatch(self, event.type, event.data)
        if self.parser.reconnection_time is not None:
            self._reconnection_time = self.parser.reconnection_time

    def lost(self) -> None:
        """The connection has ended: connect again."""
        if not self.closed:
            self.tell("error", readyState=0)
            self._later = asyncio.ensure_future(self._connect(self._reconnection_time / 1000))

    def close(self) -> None:
        """As a page's script does."""
        if self.closed:
            return
        self.closed = True
        self._later.cancel()
        self.tell("close", readyState=2)
        if self._exchange:
            self.page.network.leave(self._exchange)

    def tell(self, what: str, **more: Any) -> None:
        """The browser's part, as the Wire has it."""
        said = {"reader": self.page.reader, "url": self.path, "readyState": 1, **more}
        self.page.network.tell("source", source=self.name, what=what, **said)


class Htmx4Stream:
    """What htmx 4 has in an event source's place: a fetch, and its own way of asking again."""

    name = None  # it tells its last event ID itself

    def __init__(self, page: "Page", path: str, element: Element) -> None:
        self.page, self.path, self.element = page, path, element
        self.parser = Htmx4Parser()
        self.closed = False
        self._exchange: Exchange | None = None
        self._first_pause = HTMX4_FIRST_PAUSE
        self._attempt: int | None = None  # since the last answer that was none; None before the first answer
        self._later: asyncio.Task[None] = asyncio.ensure_future(self._connect(0))

    async def _connect(self, pause: float) -> None:
        await asyncio.sleep(pause)
        network = self.page.network
        await network.whole.wait()
        self.parser = Htmx4Parser(self.parser.last_event_id)
        headers = {"accept": "text/html, text/event-stream", "hx-request": "true"}
        if self.parser.last_event_id:
            headers["last-event-id"] = self.parser.last_event_id
        self._exchange = network.open("GET", self.path, headers, source=self)

    def answered(self, exchange: Exchange) -> None:
        """The first answer has to be a stream; of a later one, only its status counts."""
        if self._attempt is None:
            self.closed = not exchange.headers.get("content-type", "").startswith("text/event-stream")
        if self._attempt is None or exchange.status in range(200, 300):
            self._attempt = 0

    def hear(self, data: bytes) -> None:
        """Bytes of the stream."""
        for message in self.parser.feed(data):
            if self.closed:
                return
            if message.retry is not None:
                self._first_pause = max(0, message.retry)
            if not message.event:
                self.page.swap_message(self.element, message.data)
                continue
            self.page.fire(self.element, message.event)
            if self.element.attributes.get("hx-sse-close") == message.event:
                self.close()

    def lost(self) -> None:
        """The connection has ended: ask again, after each failure later."""
        if self.closed or self._attempt is None:
            return
        self._attempt += 1
        pause = min(self._first_pause * 2 ** (self._attempt - 1), HTMX4_LONGEST_PAUSE)
        self._later = asyncio.ensure_future(self._connect(pause / 1000))

    def close(self) -> None:
        """The stream has said that it is over, or its element has gone."""
        if self.closed:
            return
        self.closed = True
        self._later.cancel()
        if self._exchange:
            self.page.network.leave(self._exchange)


Reader = Source | Htmx4Stream


class Page:
    """A reader's page: its elements, its event sources, and what htmx does with both."""

    def __init__(self, network: Network, path: str, html: str, reader: int = 1) -> None:
        self.network, self.path = network, path
        self.reader = reader
        self.root = parse(html)
        self.all_sources: list[Reader] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._asking: dict[Element, bool] = {}  # elements whose request is under way: whether another is to follow
        self._ready: dict[Element, float] = {}  # when a throttled element may ask again
        self._delayed: dict[Element, asyncio.TimerHandle] = {}
        self._closing_types: set[str] = set()  # on which a script closes its event source

    @property
    def sources(self) -> list[Reader]:
        """Those that are not closed."""
        return [each for each in self.all_sources if not each.closed]

    def begin(self, part: Element) -> None:
        """Elements have come into the page: they connect, ask, run."""
        for element in list(part.with_attribute("sse-connect")):
            self.connect(element.attributes["sse-connect"], element)
        for element in list(part.with_attribute("hx-sse-connect")):
            path = urljoin(self.path, element.attributes["hx-sse-connect"])
            self.all_sources.append(Htmx4Stream(self, path, element))
        for element in list(part.with_attribute("hx-trigger")):
            if element.attributes["hx-trigger"] == "load":
                self._trigger(element)
        for script in (each for each in part if each.tag == "script"):
            for path in re.findall(r'new EventSource\("([^"]+)"\)', script.source()):
                self.connect(path, None)
            for name in re.findall(r"new EventSource\(\w+\.dataset\.(\w+)\)", script.source()):
                for element in part.with_attribute(f"data-{name}"):
                    self.connect(element.attributes[f"data-{name}"], None)
            self._closing_types.update(re.findall(r'\("(\w+)", \(\) => source\.close\(\)\)', script.source()))

    def connect(self, path: str, element: Element | None) -> None:
        """Open an event source."""
        self.all_sources.append(Source(self, urljoin(self.path, path), element))

    def leave(self) -> None:
        """The page goes, or its script lets go."""
        for source in self.sources:
            source.close()

    def dispatch(self, source: Source, kind: str, data: str) -> None:
        """An event has come."""
        around = source.element
        if around is None:
            if kind in self._closing_types:
                source.close()
            return
        # Of those that are not there any more, and of other event sources' elements, none.
        mine = [each for each in around if each.nearest("sse-connect") is around]
        swaps = [each for each in mine if kind in _names(each.attributes.get("sse-swap", ""))]
        triggers = [each for each in mine if _trigger_name(each) == f"sse:{kind}"]
        closes = around.attributes.get("sse-close") == kind
        source.tell("event", type=kind, data=data, unheard=not (swaps or triggers or closes))
        for element in swaps:
            self._swap(element, data)
        for element in triggers:
            self._trigger(element)
        if closes:
            source.close()

    def _trigger(self, element: Element) -> None:
        """An element is to ask, at once or as its `hx-trigger` says."""
        clock = asyncio.get_running_loop()
        said = element.attributes["hx-trigger"]
        if pause := _pause(said, "delay"):
            if element in self._delayed:
                self._delayed[element].cancel()
            self._delayed[element] = clock.call_later(pause, self._start, element)
        elif pause := _pause(said, "throttle"):
            if clock.time() >= self._ready.get(element, 0):
                self._ready[element] = clock.time() + pause
                self._start(element)
        else:
            self._start(element)

    def _start(self, element: Element) -> None:
        task = asyncio.ensure_future(self.ask(element, {}))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def ask(self, element: Element, values: dict[str, str]) -> None:
        """Fetch what an element's `hx-get` or `hx-post` names, and swap it in; of wishes meanwhile, the last."""
        if element in self._asking:
            self._asking[element] = True
            return
        self._asking[element] = False
        method = "POST" if "hx-post" in element.attributes else "GET"
        path = urljoin(self.path, element.attributes[f"hx-{method.lower()}"])
        headers, body = {"hx-request": "true"}, b""
        if method == "POST":
            headers["content-type"], body = "application/x-www-form-urlencoded", urlencode(values).encode()
        elif values:
            path += f"{'&' if '?' in path else '?'}{urlencode(values)}"
        self._swap(element, await self.network.fetch(method, path, headers, body))
        if self._asking.pop(element):
            await self.ask(element, {})

    def _swap(self, element: Element, html: str) -> None:
        self._put(self._target(element), html, element.inherited("hx-swap", "innerHTML"))

    def swap_message(self, element: Element, html: str) -> None:
        """An unnamed message of htmx 4: its parts go to the targets that they name, what is left to the element's."""
        for start, content in PARTIAL.findall(html):
            part = next(parse(start).with_attribute("hx-target"))
            self._put(self._named(part) or element, content, part.attributes.get("hx-swap", "innerHTML"))
        if rest := PARTIAL.sub("", html).strip():
            self._swap(element, rest)

    def fire(self, element: Element, name: str) -> None:
        """A named message of htmx 4: those ask that listen for it at this element."""
        for each in list(self.root.with_attribute("hx-trigger")):
            if each.attributes["hx-trigger"].split()[:2] == [name, f"from:#{element.attributes.get('id')}"]:
                self._trigger(each)

    def _put(self, target: Element, html: str, swap: str) -> None:
        how = swap.split()[0]
        if how == "none":
            return
        new = target.put(html, how)
        for source in self.sources:
            if source.element and source.element.root is not self.root:
                source.close()  # it was swapped away
        for part in new:
            self.begin(part)
        self.show()

    def _target(self, element: Element) -> Element:
        owner = element.nearest("hx-target")
        return (owner and self._named(owner)) or owner or element

    def _named(self, owner: Element) -> Element | None:
        """The element whose id is in an `hx-target`."""
        name = owner.attributes["hx-target"].removeprefix("#")
        return next((each for each in self.root if each.attributes.get("id") == name), None)

    def show(self) -> None:
        """What it has on it now."""
        if self.reader == 1:  # at another's nobody looks
            self.network.tell("app", text=self.root.text)


def _names(said: str) -> set[str]:
    return {name.strip() for name in said.split(",")}


def _trigger_name(element: Element) -> str:
    return element.attributes.get("hx-trigger", "").partition(" ")[0]


def _pause(said: str, word: str) -> float:
    """Seconds of `delay:500ms` or `throttle:1s`; 0 without."""
    found = re.search(rf"{word}:([\d.]+)(ms|s)", said)
    return float(found[1]) / (1000 if found[2] == "ms" else 1) if found else 0
