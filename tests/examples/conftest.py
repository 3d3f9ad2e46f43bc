"""What the tests of the examples share: requests counted, streams read line by line, time that the test decides."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.patience import PATIENCE


@dataclass(frozen=True)
class Request:
    """One request as the application saw it; header names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]


@dataclass
class Watched:
    """A served application and the requests that reached it."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def to(self, path: str) -> list[Request]:
        """The requests to a path, so far."""
        return [request for request in self.requests if request.path == path]

    def wait_for(self, path: str, count: int) -> list[Request]:
        """The requests to a path, as soon as there are `count`."""
        with self.news:
            arrived = self.news.wait_for(lambda: len(self.to(path)) >= count, PATIENCE)
        assert arrived, f"{len(self.to(path))} instead of {count} requests to {path}"
        return self.to(path)

    def watch(self, app: Any) -> Any:
        """The application, with every request noted."""

        async def watching(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
                with self.news:
                    query = scope["query_string"].decode()
                    self.requests.append(Request(scope["method"], scope["path"], query, headers))
                    self.news.notify_all()
            await app(scope, receive, send)

        return watching


@pytest.fixture
def watching(serving: Callable[[Any], str]) -> Callable[[Any], Watched]:
    """`watched = watching(app)` serves an application (or an example's) until the test ends, and notes its requests."""

    def start(app: Any) -> Watched:
        watched = Watched()
        watched.url = serving(watched.watch(app.app if isinstance(app, ModuleType) else app))
        return watched

    return start


@dataclass
class Stream:
    """A response that is read as it comes."""

    connection: HTTPConnection
    response: HTTPResponse

    @property
    def status(self) -> int:
        return self.response.status

    def header(self, name: str) -> str | None:
        return self.response.getheader(name)

    def event(self) -> list[str]:
        """The lines up to the next empty one; an empty list at the end of the stream."""
        lines = []
        while line := self.response.readline():
            if line == b"\n":
                return lines
            lines.append(line.decode().removesuffix("\n"))
        assert not lines, f"the stream ended inside an event: {lines}"
        return []

    def rest(self) -> list[list[str]]:
        """All events until the server ends the stream."""
        return list(iter(self.event, []))

    def leave(self) -> None:
        """Close the connection, as a browser does with a page that goes away."""
        self.response.close()
        self.connection.close()


@pytest.fixture
def ask() -> Iterator[Callable[..., Stream]]:
    """`ask(url, path)` sends a request and returns once the headers have come; the test's end closes the connection."""
    streams: list[Stream] = []

    def send(
        url: str, path: str, method: str = "GET", headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> Stream:
        connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
        connection.request(method, path, body=body, headers=headers or {})
        streams.append(Stream(connection, connection.getresponse()))
        return streams[-1]

    yield send
    for stream in streams:
        stream.leave()


@dataclass
class Clock:
    """Stands in for an example's `sleep`: it notes what was asked for, and time passes when the test says so."""

    asked: list[float] = field(default_factory=list)
    sleepers: int = 0
    ticks: float = 0

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.sleepers += 1
        try:
            while self.ticks < 1:  # noqa: ASYNC110  # an event of asyncio's cannot be set from the test's thread
                await asyncio.sleep(0.005)
            self.ticks -= 1
        finally:
            self.sleepers -= 1

    def tick(self, asked: int = 1) -> None:
        """Let the one stream that sleeps go on, once `asked` sleeps were asked for in all.

        A stream that was left, and does not know it yet, is waited for.
        """
        deadline = time.monotonic() + PATIENCE
        while self.sleepers != 1 or self.ticks or len(self.asked) < asked:
            assert time.monotonic() < deadline, f"{self.sleepers} streams asleep, {len(self.asked)} sleeps asked for"
            time.sleep(0.005)
        self.ticks += 1

    def run(self) -> None:
        """Let every sleep end at once from now on."""
        self.ticks = float("inf")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Clock:
    """The time of the example under test, which the test's module names as `example`; it stands still at first."""
    stopped = Clock()
    monkeypatch.setattr(request.module.example, "sleep", stopped.sleep)
    return stopped


@pytest.fixture
def event_sources(page: Any) -> Callable[[], list[dict[str, Any]]]:
    """`event_sources()`: the event sources that the page has made, with their URL and readyState."""
    page.add_init_script(
        """
        window.eventSources = [];
        window.EventSource = class extends EventSource {
            constructor(...args) { super(...args); window.eventSources.push(this); }
        };
        """
    )
    return lambda: page.evaluate("eventSources.map(({url, readyState}) => ({url, readyState}))")
