"""What the tests of the examples share: requests counted, streams read line by line, time that the test decides."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

from streamside import assets
from tests.patience import PATIENCE
from tests.streams import conftest as streams


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


class Server(streams.Server):
    """Lesson 21's server; sse-starlette's first stream begins a task for all that follow."""

    async def shutdown(self, sockets: Any = None) -> None:
        self.its_own |= {task for task in asyncio.all_tasks() if task.get_coro().__qualname__ == "_shutdown_watcher"}
        await super().shutdown(sockets)


@pytest.fixture
def serving() -> Iterator[Callable[[Any], str]]:
    """`serving(app)` serves it, CDN links answered from `node_modules`, until the test ends, and returns its URL."""
    with ExitStack() as servers:
        yield lambda app: servers.enter_context(closing(Server(assets.local(app)))).url


@pytest.fixture
def watching(serving: Callable[[Any], str]) -> Callable[[Any], Watched]:
    """`watched = watching(app)` serves an application (or an example's) until the test ends, and notes its requests."""

    def start(app: Any) -> Watched:
        watched = Watched()
        watched.url = serving(watched.watch(app.app if isinstance(app, ModuleType) else app))
        return watched

    return start


class Stream(streams.Stream):
    """A response that is read as it comes."""

    def rest(self) -> list[list[str]]:
        """All events until the server ends the stream."""
        return list(iter(self.event, []))

    def leave(self) -> None:
        """Close the connection, as a browser does with a page that goes away."""
        self.close()


@pytest.fixture
def ask() -> Iterator[Callable[..., Stream]]:
    """`ask(url, path)` sends a request and returns once the headers have come; the test's end closes the connection."""
    with ExitStack() as asked:
        yield lambda *request, **more: asked.enter_context(closing(Stream(*request, **more)))


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
