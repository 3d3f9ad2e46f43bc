"""A program that visits examples without a browser and without waiting; `exercise_trial` starts it.

From stdin a JSON list of visits, to stdout a list of what each has seen, in the form of the messages of a page's Wire.
The application gets its requests from the page's own bridge; `htmx_page` does with the answers what a browser would.
The time is not the real one: where everything waits, it jumps to what is waited for. So a visit takes hardly any, and
all its times are always the same.
"""

import asyncio
import json
import os
import selectors
import sys
import sysconfig
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode, urljoin

from streamside.htmx_page import Exchange, Page, Reader
from streamside.markup import Element
from streamside.paths import ROOT
from streamside.wire import EventParser

sys.path.insert(0, str(ROOT / "blog/live/python"))

import bridge  # type: ignore[import-not-found]  # of the page, where it is a module like any other
from bridge.output import Printer  # type: ignore[import-not-found]

NAME = "server-1"
TRANSIT = 0.001  # seconds that each message is under way
LIMIT = 3000  # messages, after which nobody looks on any more
PACKAGES = sysconfig.get_path("purelib")
LAST_TASKS = 5  # turns of the loop for what is cancelled in the end
WHERE = {"server": NAME, "credentials": "include", "scheme": "http", "host": "localhost", "port": 80}


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time does not pass, but jumps to the next timer's where everything waits."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Seconds since the visit began."""
        return self._now

    def jump(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds


class _Jumping(selectors.SelectSelector):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout:
            self._clock.jump(timeout)
        return ready


class Visit:
    """One visit: the server, the page that is shown, and what was seen of both."""

    def __init__(self, example: str, files: dict[str, str]) -> None:
        self.messages: list[dict[str, Any]] = []
        self.bridge = bridge.Bridge(self._post)
        self.example, self.files = example, files
        self.page = Page(self, "/", "")
        self.others: list[Page] = []  # of further readers, who have the first one's cookies
        self.whole = asyncio.Event()
        self.whole.set()
        self._requests: dict[str, Exchange] = {}
        self._enough = asyncio.Event()
        self._count = 0
        self._posted: Exchange | None = None  # the last one that a script has read
        self._under_way: deque[dict[str, Any]] = deque()

    @property
    def now(self) -> float:
        """Milliseconds since it began."""
        return 1000 * asyncio.get_running_loop().time()

    def tell(self, kind: str, **said: Any) -> None:
        """Something was seen."""
        if len(self.messages) < LIMIT:
            self.messages.append({"kind": kind, "time": self.now, **said})
        else:
            self._enough.set()

    def _tell(self, exchange: Exchange, kind: str, **said: Any) -> None:
        self.tell(kind, connection=exchange.id, reader=exchange.reader, **said)

    async def run(self, do: list[str], seconds: float) -> None:
        """Start the server, do what the reader would, look on. Raises `bridge.ExampleError`."""
        await self.bridge.start(NAME, self.example, self.files)
        looking = [asyncio.ensure_future(self._look_on(do, seconds)), asyncio.ensure_future(self._enough.wait())]
        done, _ = await asyncio.wait(looking, return_when=asyncio.FIRST_COMPLETED)
        for each in looking:
            each.cancel()
        done.pop().result()

    async def _look_on(self, do: list[str], seconds: float) -> None:
        await self.go("/")
        for step in do:
            verb, _, rest = step.partition(" ")
            await getattr(self, verb)(rest)
        await asyncio.sleep(max(0, seconds - self.now / 1000))

    # ---- What the reader does ----

    async def go(self, path: str) -> None:
        """Open a page, and leave the one before."""
        self.page.leave()
        path = urljoin(self.page.path, path)
        self.page = Page(self, path, await self.fetch("GET", path))
        self.page.begin(self.page.root)
        self.page.show()

    async def add(self, _: str) -> None:
        """Add a reader: the app once more."""
        page = Page(self, "/", await self.fetch("GET", "/"), reader=len(self.others) + 2)
        page.begin(page.root)
        self.others.append(page)

    async def wait(self, seconds: str) -> None:
        """Look on for a while."""
        await asyncio.sleep(float(seconds))

    async def submit(self, values: str) -> None:
        """Send the page's first form, filled with `name=value` and so on, separated by commas."""
        form = next(each for each in self.page.root if each.tag == "form")
        filled = dict(each.split("=", 1) for each in values.split(","))
        if "action" in form.attributes:
            await self._post_form(form, filled)
        else:
            await self.page.ask(form, filled)

    async def _post_form(self, form: Element, filled: dict[str, str]) -> None:
        """As a browser does without htmx: with what is hidden in the form, and it goes where the answer says."""
        hidden = {
            each.attributes["name"]: each.attributes["value"]
            for each in form.with_attribute("type")
            if each.attributes["type"] == "hidden"
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        path, body = urljoin(self.page.path, form.attributes["action"]), urlencode(hidden | filled).encode()
        answer = self.open("POST", path, headers, body)
        await answer.over.wait()
        if "location" in answer.headers:
            await self.go(answer.headers["location"])

    async def listen(self, path: str) -> None:
        """What a page's button does whose script opens an event source; `{id}` is the last event ID."""
        last = next((each.parser.last_event_id for each in reversed(self.page.all_sources)), "")
        self.page.connect(path.format(id=last), None)

    async def close(self, _: str) -> None:
        """What a page's button does whose script closes its event sources."""
        self.page.leave()

    async def post(self, said: str) -> None:
        """What a page's script does that posts JSON and reads a stream: `path {"headers": …, "body": …}`.

        `{id}` is the last event ID of the post before; a header without a value is left out.
        """
        path, _, request = said.partition(" ")
        parser = EventParser()
        parser.feed(self._posted.text.encode() if self._posted else b"")
        asked = json.loads(request.replace("{id}", parser.last_event_id))
        headers = {name.lower(): value for name, value in asked["headers"].items() if value}
        body = json.dumps(asked["body"]).encode()
        self._posted = self.open(
            "POST", urljoin(self.page.path, path), {"content-type": "application/json", **headers}, body
        )

    async def cable(self, what: str) -> None:
        """`cut` or `mend` the cable."""
        if what == "mend":
            self.whole.set()
            return
        self.whole.clear()
        for exchange in list(self._requests.values()):
            self._end(exchange, "network", "The cable was cut.")
            self.bridge.receive({"kind": "cancel", "id": exchange.id})

    async def restart(self, _: str) -> None:
        """Restart the server."""
        await self.bridge.restart(NAME, self.example, self.files)

    # ---- Requests ----

    async def fetch(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> str:
        """The whole body of an answer."""
        exchange = self.open(method, path, headers or {}, body)
        await exchange.over.wait()
        return exchange.text

    def open(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes = b"",
        source: Reader | None = None,
    ) -> Exchange:
        """Send a request."""
        self._count += 1
        exchange = Exchange(f"visit {self._count}", method, path, source)
        self._requests[exchange.id] = exchange
        where, _, query = path.partition("?")
        sent = {"id": exchange.id, "method": method, "path": where, "query": query, "headers": list(headers.items())}
        self.bridge.receive(
            {"kind": "request", **WHERE, **sent, "body": body or None, "source": source.name if source else None}
        )
        return exchange

    def leave(self, exchange: Exchange) -> None:
        """Break a request off."""
        if exchange.id in self._requests:
            self._end(exchange, "client", "The page closed the connection.")
            self.bridge.receive({"kind": "cancel", "id": exchange.id})

    def _post(self, message: dict[str, Any]) -> None:
        self._under_way.append(message)
        asyncio.get_running_loop().call_later(TRANSIT, self._hear)

    def _hear(self) -> None:
        message = self._under_way.popleft()  # timers of one moment come in any order, messages must not
        exchange = self._requests.get(message["id"])
        if not exchange:
            return
        if message["kind"] == "request":
            headers = [list(header) for header in message["headers"]]
            self._tell(exchange, "request", method=exchange.method, path=exchange.path, headers=headers)
        elif message["kind"] == "response":
            exchange.status = message["status"]
            exchange.headers = dict(message["headers"])
            headers = [list(header) for header in message["headers"]]
            self._tell(exchange, "response", status=exchange.status, headers=headers)
            if exchange.source:
                exchange.source.answered(exchange)
        elif message["kind"] == "chunk":
            text = exchange.take(message["body"])
            self._tell(exchange, "chunk", text=text)
            self.bridge.receive({"kind": "pulled", "id": exchange.id, "size": len(message["body"])})
            if exchange.source:
                exchange.source.hear(message["body"])
        else:
            self._end(exchange, "server", message["error"] or "The server ended the response.")

    def _end(self, exchange: Exchange, by: str, why: str) -> None:
        del self._requests[exchange.id]
        self._tell(exchange, "end", by=by, why=why)
        exchange.over.set()
        if exchange.source and by != "client":
            exchange.source.lost()


async def look(example: str, files: dict[str, str], do: list[str], seconds: float) -> dict[str, Any]:
    """One visit: its messages and its end in milliseconds, or the error, and its place, that kept it from beginning."""
    visit = Visit(example, files)
    clock = asyncio.get_running_loop().time
    sys.stdout = sys.stderr = printer = Printer(lambda _server, text, _late: visit.tell("log", text=text), clock)
    try:
        await visit.run(do, seconds)
        printer.send_all()
        seen = {"messages": list(visit.messages), "now": visit.now}
    except bridge.ExampleError as error:
        return {"error": str(error), "file": error.file, "line": error.line}
    await visit.bridge.stop(NAME)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    for _ in range(LAST_TASKS):
        await asyncio.sleep(0)
    return seen


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Set them for a while."""
    before = dict(os.environ)
    os.environ.update(variables)
    yield
    os.environ.clear()
    os.environ.update(before)


@contextmanager
def packages_of_its_own(example: str, files: dict[str, str]) -> Iterator[None]:
    """What a folder's program imports is imported anew for the next: a framework can be set up only once."""
    before = set(sys.modules)
    yield
    if f"{example}.py" not in files:
        for name in [name for name, module in sys.modules.items() if name not in before and _is_installed(module)]:
            del sys.modules[name]


def _is_installed(module: ModuleType) -> bool:
    return str(getattr(module, "__file__", None)).startswith(PACKAGES)


def main() -> None:
    """All visits that stdin asks for, one after the other."""
    out = sys.stdout
    bridge.adapt()
    results = []
    for asked in json.load(sys.stdin):
        with environment(asked.pop("environment")), packages_of_its_own(asked["example"], asked["files"]):
            results.append(Clock().run_until_complete(look(**asked)))
    json.dump(results, out)
    out.flush()
    os._exit(0)  # whatever a program has left behind


if __name__ == "__main__":
    sys.path.insert(0, str(Path(ROOT)))
    main()
