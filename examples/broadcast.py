"""A hub: what is published to a group reaches everybody who is connected to it, in one order."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14", "starlette>=1.6"]
# ///

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from secrets import token_hex
from signal import SIGINT, SIGTERM, getsignal, signal
from threading import current_thread, main_thread

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
    """A group's events, numbered, of which the newest are kept. A reader is a position in it.

    Each process has its own: with several workers, an event reaches the readers of one. What is published in one go and
    is more than a log holds loses its beginning: the readers get `dropped`.
    """

    def __init__(self, max_events: int = 1000, max_bytes: int = 100_000, heartbeat: float = 15) -> None:
        self.max_events, self.max_bytes = max_events, max_bytes  # nor is more on the way to one reader
        self.heartbeat = heartbeat  # seconds between two comments on a quiet stream
        self.token = token_hex(3)  # an id from before a restart, or from another process, is thus unknown here
        self.events: deque[bytes] = deque()
        self.bytes = self.last = self.readers = 0  # `last` is the number of the newest event
        self.news = asyncio.Event()  # wakes those who have read all
        self.loop: asyncio.AbstractEventLoop | None = None
        self.closed = False

    @property
    def last_id(self) -> str:
        return f"{self.token}-{self.last}"

    def append(self, fields: bytes) -> None:
        self.last += 1
        self.events.append(f"id: {self.last_id}\n".encode() + fields)
        self.bytes += len(self.events[-1])
        while len(self.events) > self.max_events or self.bytes > self.max_bytes:
            self.bytes -= len(self.events.popleft())
        self.wake()

    def wake(self) -> None:
        self.news.set()
        self.news = asyncio.Event()

    async def listen(self, last_event_id: str = "") -> AsyncIterator[bytes]:
        """What came after that event, in one piece; then what comes, until the log is closed."""
        position, piece = self.start(last_event_id)
        if piece:
            yield piece
        while not self.closed:
            if position == self.last:
                await self.news.wait()
            position, piece = self.after(position)
            yield piece or b":\n\n"  # without a piece it was the heartbeat

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
        return self.last, b"".join([self.events[place] for place in range(position - self.last, 0)])

    def publish(self, event: str, data: str) -> None:
        """Send an event to all readers. Safe in any thread. ValueError for one that cannot be sent."""
        if self.loop is None:  # mounted applications, for one, are not started
            raise RuntimeError("the application has not started")
        fields = encode(event, data)
        if len(fields) > self.max_bytes - 32:  # an id takes the rest
            raise ValueError(f"an event of {len(fields)} bytes is too long for a log of {self.max_bytes}")
        if current_thread() is self.thread:
            self.append(fields)
        else:
            self.loop.call_soon_threadsafe(self.append, fields)

    def open(self) -> None:
        self.loop, self.thread, self.closed = asyncio.get_running_loop(), current_thread(), False
        self.beat()

    def beat(self) -> None:
        """Nobody on the way shall take a quiet stream for a dead one."""
        self.timer = self.loop.call_later(self.heartbeat, self.beat)
        self.wake()

    def close(self) -> None:
        """The streams end."""
        self.timer.cancel()
        self.closed = True
        self.wake()


class Reader(Response):
    """A response: what a log has after an event, and what comes. It ends when the log does, or the client leaves."""

    media_type = "text/event-stream"

    def __init__(self, log: Log, last_event_id: str = "") -> None:
        self.log, self.last_event_id, self.background = log, last_event_id, None
        self.taken = 0  # pieces that the client has taken
        self.init_headers({"cache-control": "no-store, no-transform", "x-accel-buffering": "no"})

    async def __call__(self, scope, receive, send) -> None:
        self.log.readers += 1
        try:
            async with asyncio.TaskGroup() as tasks:
                streaming = tasks.create_task(self.stream(scope["method"], send))
                await self.left(receive)  # true of a stream that has ended, too
                streaming.cancel()
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None  # as if there were no group
        finally:
            self.log.readers -= 1

    async def stream(self, method: str, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if method != "HEAD":  # which asks for the headers alone
            async for piece in self.log.listen(self.last_event_id):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                self.taken += 1
        await send({"type": "http.response.body", "body": b""})

    async def left(self, receive) -> None:
        """Return when the client has left, or has taken nothing in two heartbeats."""
        taken = -1
        while self.taken != taken:
            taken = self.taken  # there will be more when we look again: a heartbeat, if nothing else
            with suppress(TimeoutError):
                async with asyncio.timeout(2 * self.log.heartbeat):
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    return


async def lifespan(_app):
    """Open the logs; close them on Ctrl-C: the server tells the application only when the last stream has ended."""
    loop, handlers = asyncio.get_running_loop(), {}

    def close():
        for log in logs.values():
            log.close()

    def stop(number, frame):
        loop.call_soon_threadsafe(close)
        handlers[number](number, frame)

    if current_thread() is main_thread():  # the only one that may
        handlers = {number: handler for number in (SIGINT, SIGTERM) if callable(handler := getsignal(number))}
    for number in handlers:
        signal(number, stop)
    for log in logs.values():
        log.open()
    yield
    close()
    for number, handler in handlers.items():
        signal(number, handler)


CDN = "https://cdn.jsdelivr.net/npm"
GROUPS = "lobby", "tea", "coffee"  # the program's own: a stranger cannot make one that would cost memory
logs = {group: Log() for group in GROUPS}
messages: dict[str, deque[str]] = {group: deque(maxlen=1000) for group in GROUPS}  # in your program, a database's table
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
    lifespan=lifespan,
    sess_cls=None,  # nobody is known here
)
app.max_body_size = 10_000  # bytes: a longer request is refused before it is read
# When a reconnect is refused, htmx opens a new event source: it starts from here too, after the last event it got.
MOVE_ON = """
    const address = this.getAttribute("sse-connect");
    this.setAttribute("sse-connect", address.replace(/[^=]*$/, event.detail.lastEventId));
"""


def log_of(group: str) -> Log:
    if group not in logs:
        raise HTTPException(404, "There is no such group.")
    return logs[group]


@app.get("/")
async def index(group: str = "lobby"):
    form = Form(hx_post="publish", hx_swap="none", hx_on__after_request="this.reset()")(
        Input(type="hidden", name="group", value=group),
        Input(
            name="text", aria_label="Message", placeholder="Message", maxlength=200, required=True, autocomplete="off"
        ),
        Button("Publish"),
    )
    return Titled(f"Group {group}", form, await snapshot(group))


@app.get("/snapshot")
async def snapshot(group: str):
    """The messages, and a stream from their position on. Nothing is published in between: there is no `await`."""
    stream = Div(hx_ext="sse", sse_connect=f"events?group={group}&last_event_id={log_of(group).last_id}")
    load_anew = {"hx_get": f"snapshot?group={group}", "hx_trigger": "sse:reset, sse:dropped", "hx_swap": "outerHTML"}
    return stream(hx_on__sse_message=MOVE_ON, **load_anew)(
        Ul(sse_swap="message", hx_swap="beforeend", aria_live="polite")(*map(Li, messages[group]))
    )


@app.post("/publish")
async def publish(group: str, text: str):
    log_of(group).publish("message", to_xml(Li(text[:200]), indent=False))
    messages[group].append(text[:200])
    return Response(status_code=204)


@app.get("/events")
async def events(group: str = "lobby", last_event_id: str = ""):  # from the query, or the header of that name
    return Reader(log_of(group), last_event_id)


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=0.5)  # seconds for clients that do not even read the end
