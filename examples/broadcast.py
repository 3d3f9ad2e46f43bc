"""A hub: what is published to a group reaches everybody who is connected to it, in one order."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14"]
# ///

import asyncio
import re
import signal
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import Any
from urllib.parse import urlencode

import uvicorn
from fasthtml.common import (
    H1,
    Button,
    FastHTML,
    Form,
    Hidden,
    Input,
    Label,
    Li,
    Link,
    Main,
    Meta,
    P,
    Response,
    Script,
    Span,
    Title,
    Ul,
    to_xml,
)


def encode(event: str, data: str) -> bytes:
    """An event's last fields, as bytes. A line break in its type would begin one more field: ValueError."""
    if "\n" in event or "\r" in event:
        raise ValueError(f"a line break in the event type {event!r}")
    lines = re.split("\r\n|\r|\n", data)  # not splitlines(), which knows more line ends than the format does
    return "".join([f"event: {event}\n", *(f"data: {line}\n" for line in lines), "\n"]).encode()


class Hub:
    """Groups of event streams, for the clients of one process.

    Each group keeps its last `history` events, for those who reconnect and for those who are slow: no subscriber has
    a queue of its own. Of the groups that nobody listens to, those used last are kept, `groups` in all.
    """

    def __init__(self, history: int = 1000, groups: int = 1000, heartbeat: float = 15) -> None:
        self.history, self.limit, self.heartbeat = history, groups, heartbeat
        self.groups: dict[str, Group] = {}  # the one used longest ago comes first
        self.loop: asyncio.AbstractEventLoop | None = None

    async def lifespan(self, _app: Any) -> AsyncIterator[None]:
        """Open for as long as the application runs. As FastHTML takes it; Starlette wants asynccontextmanager(…)."""
        self.groups.clear()
        self.loop, self.thread, self.closed = asyncio.get_running_loop(), threading.get_ident(), False
        self.beat()
        with on_signal(self.close):
            yield
        self.close()

    def close(self) -> None:
        """End every stream."""
        self.closed = True
        self.timer.cancel()
        for subscriber in self.subscribers():
            subscriber.end()

    def publish(self, group: str, event: str, data: str) -> None:
        """Send an event to everybody in the group. Safe in any thread. ValueError for an impossible event type."""
        if self.loop is None:
            raise RuntimeError("the application has not started")
        fields = encode(event, data)
        if threading.get_ident() == self.thread:
            self.group(group).publish(fields)
        else:
            self.loop.call_soon_threadsafe(lambda: self.group(group).publish(fields))

    def subscribe(self, group: str, last_event_id: str = "") -> "Subscriber":
        """A response: the events of the group, from after `last_event_id` on as far as the history goes back."""
        if self.loop is None:  # mounted applications, for one, are not started
            raise RuntimeError("the application has not started")
        return Subscriber(self, group, last_event_id)

    def subscribers(self) -> list["Subscriber"]:
        return [subscriber for group in self.groups.values() for subscriber in group.subscribers]

    def beat(self) -> None:
        """Send everybody a comment now and then: nobody on the way shall take a quiet stream for a dead one."""
        for subscriber in self.subscribers():
            subscriber.push(b":\n\n")
        self.timer = self.loop.call_later(self.heartbeat, self.beat)

    def group(self, name: str) -> "Group":
        group = self.groups[name] = self.groups.pop(name, None) or Group(self.history)
        if len(self.groups) > self.limit:  # or anybody could fill the memory with names
            idle = (old for old, other in self.groups.items() if other is not group and not other.subscribers)
            self.groups.pop(next(idle, None), None)
        return group


class Group:
    """Numbered events, and those who listen."""

    def __init__(self, history: int) -> None:
        self.token = token_hex(3)  # an id from before a restart, or of another group, is thus unknown here
        self.log: deque[bytes] = deque(maxlen=history)
        self.last = 0  # number of the newest event
        self.subscribers: set[Subscriber] = set()

    @property
    def first(self) -> int:
        return self.last - len(self.log) + 1

    def position(self) -> bytes:
        return f"id: {self.token}-{self.last}\n".encode()

    def publish(self, fields: bytes) -> None:
        self.last += 1
        body = self.position() + fields  # the same bytes for everybody
        self.log.append(body)
        for subscriber in tuple(self.subscribers):
            subscriber.push(body)

    def after(self, event_id: str) -> int | None:
        """The number of the event after this one, or None when some of those since then are not known."""
        match = re.fullmatch(f"{self.token}-([0-9]{{1,18}})", event_id)
        return int(match[1]) + 1 if match and self.first - 1 <= int(match[1]) <= self.last else None


class Subscriber(Response):
    """One client's stream: ends when it leaves, or with the hub.

    `send` is called by whoever publishes, which costs a fraction of waking a task. There is a task only while a send
    has to wait: the events that come meanwhile wait in the group's history. When that has moved on without the client,
    it gets an event `dropped`, whose data says how many it missed.
    """

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, group: str, last_event_id: str) -> None:
        self.hub, self.name, self.last_event_id = hub, group, last_event_id
        self.task: asyncio.Task | None = None
        self.error: Exception | None = None
        self.background = None
        self.init_headers({"cache-control": "no-cache", "x-accel-buffering": "no"})

    async def __call__(self, scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if scope["method"] == "HEAD" or self.hub.closed:
            return await send({"type": "http.response.body", "body": b""})
        self.send, self.group = send, self.hub.group(self.name)
        with suppress(TimeoutError):  # which is how the hub ends the stay
            async with asyncio.timeout(None) as self.stay:
                self.group.subscribers.add(self)
                try:
                    self.begin()
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    return None
                finally:
                    self.group.subscribers.discard(self)
                    if self.task:
                        self.task.cancel()
        if self.error:
            raise self.error
        return await send({"type": "http.response.body", "body": b""})

    def begin(self) -> None:
        """Resume, or tell the page that it has to get what went before by other means."""
        number = self.group.after(self.last_event_id)
        if number is None:
            fields = encode("reset", "Events may be missing.") if self.last_event_id else encode("joined", "")
            self.push(self.group.position() + fields)
        else:
            self.next = number
            self.task = asyncio.create_task(self.catch_up())

    def push(self, body: bytes) -> None:
        """Send to a client that has everything up to here. One that still waits will find this in the history."""
        if self.task:
            return
        self.next = self.group.last + 1
        try:
            steps = self.send(part(body)).__await__()
            for waits_for in steps:
                self.task = asyncio.create_task(self.catch_up(Rest(steps, waits_for)))
                break
        except Exception as error:  # this connection's trouble, neither the publisher's nor the others'
            self.end(error)

    async def catch_up(self, sending: Awaitable[None] | None = None) -> None:
        group = self.group
        try:
            if sending:
                await sending
            while self.next <= group.last:
                if self.next < group.first:
                    lost, self.next = group.first - self.next, group.first
                    await self.send(part(encode("dropped", str(lost))))
                else:
                    body, self.next = group.log[self.next - group.first], self.next + 1
                    await self.send(part(body))
            self.task = None
        except Exception as error:
            self.end(error)

    def end(self, error: Exception | None = None) -> None:
        if self in self.group.subscribers:
            self.group.subscribers.remove(self)
            self.error = error
            self.stay.reschedule(0)


class Rest:
    """What is left to await of a coroutine whose first step was run by hand."""

    def __init__(self, steps: Any, waits_for: Any) -> None:
        self.steps, self.first, self.throw = steps, [waits_for], steps.throw

    def __await__(self) -> "Rest":
        return self

    def __next__(self) -> Any:
        return self.first.pop() if self.first else next(self.steps)


def part(body: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": True}


@contextmanager
def on_signal(callback: Callable[[], None]) -> Iterator[None]:
    """Call back on Ctrl-C: a server lets the application know only when the last stream has ended."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    loop = asyncio.get_running_loop()

    def handle(number: int, frame: Any) -> None:
        loop.call_soon_threadsafe(callback)
        before[number](number, frame)

    main = threading.current_thread() is threading.main_thread()  # the only one that may
    ours = [number for number, handler in before.items() if main and callable(handler)]
    for number in ours:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])


CDN = "https://cdn.jsdelivr.net/npm"
hub = Hub()
app = FastHTML(
    canonical=False,
    default_hdrs=False,
    hdrs=(
        Meta(charset="utf-8"),
        Meta(name="viewport", content="width=device-width"),
        Link(rel="stylesheet", href=f"{CDN}/@picocss/pico@2.1.1/css/pico.classless.min.css"),
        Script(src=f"{CDN}/htmx.org@2.0.7/dist/htmx.min.js"),
        Script(src=f"{CDN}/htmx-ext-sse@2.2.4/dist/sse.min.js"),
    ),
    htmlkw={"lang": "en"},
    sess_cls=None,  # a session would wrap every `send`, and each wrapping costs every delivery
    lifespan=hub.lifespan,
)


@app.get("/")
def index(group: str = "lobby"):
    form = Form(hx_post="publish", hx_swap="none", hx_on__after_request="this.reset()")(
        Hidden(group, name="group"),
        Label("Message", Input(name="text", maxlength=200, required=True, autocomplete="off")),
        Button("Publish"),
    )
    stream = Main(hx_ext="sse", sse_connect=f"events?{urlencode({'group': group})}")
    return Title(f"Group {group}"), stream(
        H1(f"Group {group}"),
        form,
        Ul(sse_swap="message", hx_swap="beforeend", aria_live="polite"),
        P("Missed by this page because it was slow: ", Span(0, sse_swap="dropped")),
        P(sse_swap="reset", role="status"),
    )


@app.post("/publish")
async def publish(group: str, text: str):
    hub.publish(group, "message", to_xml(Li(text[:200]), indent=False))
    return Response(status_code=204)


@app.get("/events")
async def events(group: str = "lobby", last_event_id: str = ""):  # from the query, or the header of that name
    return hub.subscribe(group, last_event_id)


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
