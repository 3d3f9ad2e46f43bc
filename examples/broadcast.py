"""A hub: what is published to a group reaches everybody who is connected to it, in one order."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14", "starlette>=1.6"]
# ///

import asyncio
import re
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from secrets import token_hex
from signal import SIGINT, SIGTERM, getsignal, signal
from threading import current_thread, main_thread
from time import monotonic
from urllib.parse import urlencode

import uvicorn
from fasthtml.common import Button, Div, FastHTML, Form, Input, Li, Link, Script, Titled, Ul, charset, to_xml, viewport
from starlette.exceptions import HTTPException
from starlette.responses import Response


def encode(event: str, data: str) -> bytes:
    """An event's last fields. A line break in its type would begin one more field: ValueError."""
    if "\n" in event or "\r" in event:
        raise ValueError(f"a line break in the event type {event!r}")
    lines = re.split("\r\n|\r|\n", data)  # not splitlines(), which knows more line ends than the format does
    return "".join([f"event: {event}\n", *(f"data: {line}\n" for line in lines), "\n"]).encode()


class Log:
    """Numbered events, the newest of which are kept. `news` wakes those who have read them all."""

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self.max_events, self.max_bytes = max_events, max_bytes
        self.token = token_hex(3)  # an id from before a restart, or from another process, is thus unknown here
        self.events: deque[bytes] = deque()
        self.bytes = self.last = self.readers = 0  # `last` is the number of the newest event
        self.used = -inf  # when an event came, or a reader left
        self.news = asyncio.Event()

    @property
    def last_id(self) -> str:
        return f"{self.token}-{self.last}"

    def append(self, fields: bytes) -> None:
        self.last += 1
        self.events.append(f"id: {self.last_id}\n".encode() + fields)
        self.bytes += len(self.events[-1])
        while len(self.events) > self.max_events or self.bytes > self.max_bytes:
            self.bytes -= len(self.events.popleft())
        self.used = monotonic()
        self.wake()

    def wake(self) -> None:
        self.news.set()
        self.news = asyncio.Event()

    def start(self, event_id: str) -> tuple[int, bytes]:
        """The position behind that event; or behind the newest, with an event that says so."""
        match = re.fullmatch(f"{self.token}-([0-9]{{1,18}})", event_id)
        if match and self.last - len(self.events) <= int(match[1]) <= self.last:
            return int(match[1]), b""
        fields = encode("reset", "Events may be missing.") if event_id else encode("joined", "")
        return self.last, f"id: {self.last_id}\n".encode() + fields

    def after(self, position: int) -> tuple[int, bytes]:
        """A new position, and all that came between the two."""
        first = self.last - len(self.events)
        if position < first:
            return first, encode("dropped", str(first - position))
        return self.last, b"".join([self.events[number - first] for number in range(position, self.last)])


@dataclass
class Hub:
    """A log for each group, for the clients of one process: with several workers, a message reaches those of one.

    More than a log holds, published in one go, loses its beginning: those who listen get `dropped`.
    """

    max_events: int = 1000  # in a log
    max_bytes: int = 100_000  # in a log, and on the way to one reader
    max_groups: int = 1000  # those with readers, or used in the last minute, do not make room for others
    heartbeat: float = 15  # seconds between two comments on a quiet stream; who takes nothing in two is cut off
    logs: dict[str, Log] = field(default_factory=dict)
    loop: asyncio.AbstractEventLoop | None = None
    closed: bool = False

    async def lifespan(self, _app):
        """Open for as long as the application runs. As FastHTML takes it; Starlette wants asynccontextmanager(…)."""
        self.logs.clear()
        self.loop, self.thread, self.closed = asyncio.get_running_loop(), current_thread(), False
        self.beat()
        with on_signal(self.close):
            yield
        self.close()
        self.timer.cancel()

    def beat(self) -> None:
        """Nobody on the way shall take a quiet stream for a dead one."""
        self.timer = self.loop.call_later(self.heartbeat, self.beat)
        self.wake()

    def close(self) -> None:
        self.closed = True
        self.wake()

    def wake(self) -> None:
        for log in self.logs.values():
            log.wake()

    def publish(self, group: str, event: str, data: str) -> None:
        """Send an event to everybody in the group. Safe in any thread. ValueError for one that cannot be sent."""
        self.check(group)
        fields = encode(event, data)
        if len(fields) > self.max_bytes - 32:  # an id takes the rest
            raise ValueError(f"an event of {len(fields)} bytes is too long for a log of {self.max_bytes}")
        if current_thread() is self.thread:
            self.append(group, fields)
        else:
            self.loop.call_soon_threadsafe(self.append, group, fields)

    def append(self, group: str, fields: bytes) -> None:
        if group in self.logs:  # else nobody has a position in it
            self.logs[group].append(fields)

    def check(self, group: str) -> None:
        if self.loop is None:  # mounted applications, for one, are not started
            raise RuntimeError("the application has not started")
        if len(group) > 100:
            raise HTTPException(400, "The name of a group has at most 100 characters.")

    def log(self, group: str) -> Log:
        """The group's log, for the event loop alone. HTTPException if its name is too long, or there is no room."""
        self.check(group)
        if group not in self.logs:
            if len(self.logs) >= self.max_groups:
                self.make_room()
            self.logs[group] = Log(self.max_events, self.max_bytes)
        return self.logs[group]

    def make_room(self) -> None:
        used, group = min(((log.used, group) for group, log in self.logs.items() if not log.readers), default=(inf, ""))
        if used > monotonic() - 60:
            raise HTTPException(503, "There are too many groups.", {"retry-after": "60"})
        del self.logs[group]


class Reader(Response):
    """A response: the events of a group, from after `last_event_id` on as far as its log goes back."""

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, group: str, last_event_id: str = "") -> None:
        self.hub, self.group, self.last_event_id = hub, group, last_event_id
        self.background, self.taken = None, 0  # pieces that the client has taken
        self.init_headers({"cache-control": "no-store, no-transform", "x-accel-buffering": "no"})

    async def __call__(self, scope, receive, send) -> None:
        log = self.hub.log(self.group)
        tasks = asyncio.create_task(self.stream(log, scope["method"], send)), asyncio.create_task(left(receive))
        log.readers += 1
        try:
            taken = -1
            while self.taken != taken and not any(task.done() for task in tasks):
                taken = self.taken  # there will be more when we look again: a heartbeat, if nothing else
                await asyncio.wait(tasks, timeout=2 * self.hub.heartbeat, return_when=asyncio.FIRST_COMPLETED)
        finally:
            log.readers -= 1
            log.used = monotonic()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()  # raises what went wrong, if anything did

    async def stream(self, log: Log, method: str, send) -> None:
        async def put(piece: bytes, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": piece, "more_body": more})
            self.taken += 1

        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        position, greeting = log.start(self.last_event_id)
        if greeting:
            await put(greeting)
        while not self.hub.closed and method != "HEAD":
            if position == log.last:
                await log.news.wait()
            position, piece = log.after(position)
            await put(piece or b":\n\n")  # without a piece it was the heartbeat
        await put(b"", more=False)


async def left(receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@contextmanager
def on_signal(callback):
    """Call back on Ctrl-C: a server lets the application know only when the last stream has ended."""
    loop, handlers = asyncio.get_running_loop(), {}

    def handle(number, frame):
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
        Input(
            name="text", aria_label="Message", placeholder="Message", maxlength=200, required=True, autocomplete="off"
        ),
        Button("Publish"),
    )
    return Titled(f"Group {group}", form, await room(group))


@app.get("/room")
async def room(group: str):
    """The messages, and a stream from their position on. Nothing is published in between: there is no `await`."""
    here = urlencode({"group": group})
    stream = Div(hx_ext="sse", sse_connect=f"events?{here}&last_event_id={hub.log(group).last_id}")
    load_anew = {"hx_get": f"room?{here}", "hx_trigger": "sse:reset, sse:dropped", "hx_swap": "outerHTML"}
    return stream(hx_on__sse_message=MOVE_ON, **load_anew)(
        Ul(sse_swap="message", hx_swap="beforeend", aria_live="polite")(
            *(Li(text) for name, text in messages if name == group)
        )
    )


@app.post("/publish")
async def publish(group: str, text: str):
    hub.publish(group, "message", to_xml(Li(text[:200]), indent=False))
    messages.append((group, text[:200]))
    return Response(status_code=204)


@app.get("/events")
async def events(group: str = "lobby", last_event_id: str = ""):  # from the query, or the header of that name
    return Reader(hub, group, last_event_id)


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=0.5)  # seconds for clients that do not even read the end
