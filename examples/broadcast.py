"""A hub: what is published to a group reaches everybody who is connected to it, in one order."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14", "starlette>=1.6"]
# ///

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from secrets import token_hex
from signal import SIGINT, SIGTERM, getsignal, signal
from threading import current_thread, main_thread
from typing import Any
from urllib.parse import urlencode

import uvicorn
from fasthtml.common import (
    Button,
    FastHTML,
    Form,
    Input,
    Label,
    Li,
    Link,
    P,
    Script,
    Section,
    Titled,
    Ul,
    charset,
    to_xml,
    viewport,
)
from starlette.exceptions import HTTPException
from starlette.responses import Response


def encode(event: str, data: str) -> bytes:
    """An event's last fields, as bytes. A line break in its type would begin one more field: ValueError."""
    if "\n" in event or "\r" in event:
        raise ValueError(f"a line break in the event type {event!r}")
    lines = re.split("\r\n|\r|\n", data)  # not splitlines(), which knows more line ends than the format does
    return "".join([f"event: {event}\n", *(f"data: {line}\n" for line in lines), "\n"]).encode()


def check(group: str) -> None:
    """Names come from outside. HTTPException 400 for a long one."""
    if len(group) > 100:
        raise HTTPException(400, "The name of a group has at most 100 characters.")


class Group:
    """A log: numbered events, the newest of which are kept. `news` wakes those who have read them all."""

    def __init__(self) -> None:
        self.token = token_hex(3)  # an id from before a restart, or from another process, is thus unknown here
        self.log: deque[bytes] = deque()
        self.size = self.last = 0  # bytes in the log; the number of the newest event
        self.piece = -1, b""  # what comes after a position, joined once for all who are there
        self.news = asyncio.Event()
        self.subscribers: set[Subscriber] = set()
        self.used = -inf  # when an event came, or a subscriber left

    @property
    def position(self) -> str:
        return f"{self.token}-{self.last}"

    def append(self, fields: bytes, history: int, size: int) -> None:
        self.last += 1
        self.log.append(f"id: {self.position}\n".encode() + fields)
        self.size += len(self.log[-1])
        while len(self.log) > history or self.size > size:
            self.size -= len(self.log.popleft())
        self.piece = -1, b""
        self.wake()

    def wake(self) -> None:
        self.news.set()
        self.news = asyncio.Event()

    def start(self, event_id: str) -> tuple[int, bytes]:
        """A subscriber's position, and what it must be told when that is not the one it asked for."""
        match = re.fullmatch(f"{self.token}-([0-9]{{1,18}})", event_id)
        if match and self.last - len(self.log) <= int(match[1]) <= self.last:
            return int(match[1]), b""
        fields = encode("reset", "Events may be missing.") if event_id else encode("joined", "")
        return self.last, f"id: {self.position}\n".encode() + fields

    def after(self, position: int) -> tuple[int, bytes]:
        """Where all that came after a position leads to, and that, in one piece."""
        forgotten = self.last - len(self.log)
        if position < forgotten:
            return forgotten, encode("dropped", str(forgotten - position))
        if position != self.piece[0]:
            self.piece = position, b"".join([self.log[number - forgotten] for number in range(position, self.last)])
        return self.last, self.piece[1]


@dataclass
class Hub:
    """Groups of event streams for the clients of one process: with several workers, a message reaches those of one.

    It keeps at most `limit` logs of `size` bytes, and of each the piece joined last. More than a log holds, published
    in one go, loses its beginning: those who listen get `dropped`.
    """

    history: int = 1000  # events in a group's log, at most
    size: int = 100_000  # bytes in it, at most
    limit: int = 1000  # groups; those with subscribers, or used in the last minute, do not make room for others
    heartbeat: float = 15  # seconds between two comments on a quiet stream
    patience: float = 30  # seconds after which a client that does not read is cut off, at the next heartbeat
    groups: dict[str, Group] = field(default_factory=dict)
    inbox: deque[tuple[str, bytes]] = field(default_factory=deque)  # published, and not yet in a log
    loop: asyncio.AbstractEventLoop | None = None

    async def lifespan(self, _app: Any) -> AsyncIterator[None]:
        """Open for as long as the application runs. As FastHTML takes it; Starlette wants asynccontextmanager(…)."""
        self.groups.clear()
        self.loop, self.thread = asyncio.get_running_loop(), current_thread()
        self.closed = self.called = False
        self.beat()
        with on_signal(self.close):
            yield
        self.close()
        self.timer.cancel()

    def close(self) -> None:
        """End every stream; whoever has not taken the end in half a second is cut off."""
        self.closed = True
        self.timer.cancel()
        self.timer = self.loop.call_later(0.5, self.wake, 0)
        self.wake(self.patience)

    def beat(self) -> None:
        """Nobody on the way shall take a quiet stream for a dead one."""
        self.wake(self.patience)
        self.timer = self.loop.call_later(self.heartbeat, self.beat)

    def wake(self, patience: float) -> None:
        for group in self.groups.values():
            for subscriber in group.subscribers:
                if self.loop.time() - subscriber.sending_since >= patience:
                    subscriber.task.cancel()
            group.wake()

    def publish(self, group: str, event: str, data: str) -> None:
        """Send an event to everybody in the group. Safe in any thread. ValueError for one that cannot be sent."""
        if self.loop is None:
            raise RuntimeError("the application has not started")
        check(group)
        fields = encode(event, data)
        if len(fields) > self.size - 32:  # an id takes the rest
            raise ValueError(f"an event of {len(fields)} bytes is too long for a log of {self.size}")
        self.inbox.append((group, fields))
        if current_thread() is self.thread:
            self.deliver()
        elif not self.called:  # once for all that is published until then
            self.called = True
            self.loop.call_soon_threadsafe(self.deliver)

    def deliver(self) -> None:
        self.called = False
        while self.inbox:
            name, fields = self.inbox.popleft()
            if group := self.groups.get(name):  # else nobody has a position in it
                group.used = self.loop.time()
                group.append(fields, self.history, self.size)

    def position(self, group: str) -> str:
        """The id of the group's newest event: who shows all that was up to here subscribes from here on."""
        return self.group(group).position

    def subscribe(self, group: str, last_event_id: str = "") -> "Subscriber":
        """A response: the events of the group, from after `last_event_id` on as far as the log goes back."""
        if self.loop is None:  # mounted applications, for one, are not started
            raise RuntimeError("the application has not started")
        return Subscriber(self, group, last_event_id)

    def subscribers(self) -> list["Subscriber"]:
        return [subscriber for group in self.groups.values() for subscriber in group.subscribers]

    def group(self, name: str) -> Group:
        """For the event loop alone. HTTPException if the name is too long, or if there is no room for a group more."""
        check(name)
        if name not in self.groups:
            if len(self.groups) >= self.limit:
                self.forget(before=asyncio.get_running_loop().time() - 60)
            self.groups[name] = Group()
        return self.groups[name]

    def forget(self, before: float) -> None:
        idle = [(group.used, name) for name, group in self.groups.items() if not group.subscribers]
        used, name = min(idle, default=(inf, ""))
        if used > before:
            raise HTTPException(503, "There are too many groups.", {"retry-after": "60"})
        del self.groups[name]


class Subscriber(Response):
    """One client's stream: a task with a position in the group's log. Ends when the client leaves, or with the hub."""

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, group: str, last_event_id: str) -> None:
        self.hub, self.name, self.last_event_id = hub, group, last_event_id
        self.background, self.sending_since = None, inf
        self.init_headers({"cache-control": "no-store, no-transform", "x-accel-buffering": "no"})

    async def __call__(self, scope, receive, send) -> None:
        group = self.hub.group(self.name)
        self.task = asyncio.create_task(self.stream(group, scope["method"], send))
        both = self.task, asyncio.create_task(left(receive))
        group.subscribers.add(self)
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            group.subscribers.remove(self)
            group.used = self.hub.loop.time()
            for task in both:
                task.cancel()
            await asyncio.wait(both)
        for task in both:
            if not task.cancelled():
                task.result()  # raises what went wrong, if anything did

    async def stream(self, group: Group, method: str, send) -> None:
        async def put(kind: str, **fields: Any) -> None:
            self.sending_since = self.hub.loop.time()
            await send({"type": f"http.response.{kind}", **fields})
            self.sending_since = inf

        await put("start", status=200, headers=self.raw_headers)
        position, piece = group.start(self.last_event_id)
        while not self.hub.closed and method != "HEAD":
            if piece:
                await put("body", body=piece, more_body=True)
            if position == group.last and not self.hub.closed:
                await group.news.wait()
            position, piece = group.after(position)
            piece = piece or b":\n\n"  # woken by the heartbeat
        await put("body", body=b"")


async def left(receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@contextmanager
def on_signal(callback: Callable[[], None]) -> Iterator[None]:
    """Call back on Ctrl-C: a server lets the application know only when the last stream has ended."""
    loop, handlers = asyncio.get_running_loop(), {}

    def handle(number: int, frame: Any) -> None:
        loop.call_soon_threadsafe(callback)
        handlers[number](number, frame)

    if current_thread() is main_thread():  # the only one that may
        handlers = {number: handler for number in (SIGINT, SIGTERM) if callable(handler := getsignal(number))}
    for number in handlers:
        signal(number, handle)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal(number, handler)


CDN = "https://cdn.jsdelivr.net/npm"
hub = Hub()
messages: deque[tuple[str, str]] = deque(maxlen=1000)  # group and text; in your program, a table of the database
app = FastHTML(
    canonical=False,
    default_hdrs=False,
    hdrs=(
        charset,
        viewport,
        Link(rel="stylesheet", href=f"{CDN}/@picocss/pico@2.1.1/css/pico.classless.min.css"),
        Script(src=f"{CDN}/htmx.org@2.0.7/dist/htmx.min.js"),
        Script(src=f"{CDN}/htmx-ext-sse@2.2.4/dist/sse.min.js"),
    ),
    htmlkw={"lang": "en"},
    lifespan=hub.lifespan,
)
app.max_body_size = 10_000  # bytes: a longer request is refused before it is read
# When a reconnect is refused, htmx opens a new event source: it starts from here too, after the last event it got.
MOVE_ON = """
    const address = this.getAttribute("sse-connect");
    this.setAttribute("sse-connect", address.replace(/[^=]*$/, event.detail.lastEventId));
"""


@app.get("/")
async def index(group: str = "lobby"):
    form = Form(hx_post="publish", hx_swap="none", hx_on__after_request="this.reset()")(
        Input(type="hidden", name="group", value=group),
        Label("Message", Input(name="text", maxlength=200, required=True, autocomplete="off")),
        Button("Publish"),
    )
    return Titled(f"Group {group}", form, await room(group))


@app.get("/room")
async def room(group: str):
    """The messages, and a stream from their position on. Nothing is published in between: there is no `await`."""
    here = urlencode({"group": group})
    stream = Section(hx_ext="sse", sse_connect=f"events?{here}&last_event_id={hub.position(group)}")
    load_anew = {"hx_get": f"room?{here}", "hx_trigger": "sse:reset, sse:dropped", "hx_swap": "outerHTML"}
    return stream(hx_on__sse_message=MOVE_ON, **load_anew)(
        Ul(sse_swap="message", hx_swap="beforeend", aria_live="polite")(
            *(Li(text) for name, text in messages if name == group)
        ),
        P(sse_swap="reset", hx_swap="innerHTML", role="status"),
    )


@app.post("/publish")
async def publish(group: str, text: str):
    hub.publish(group, "message", to_xml(Li(text[:200]), indent=False))
    messages.append((group, text[:200]))
    return Response(status_code=204)


@app.get("/events")
async def events(group: str = "lobby", last_event_id: str = ""):  # from the query, or the header of that name
    return hub.subscribe(group, last_event_id)


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=0.5)  # seconds for clients that do not even read the end
