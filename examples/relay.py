"""A relay listens to another stream, once for all of its readers, and only while there are any."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["httpx2>=2.16", "python-fasthtml>=0.14"]
# [tool.streamside]
# packages = "apart"  # no other page fetches httpx2
# ///

import re
from asyncio import Event, create_task, get_running_loop, sleep, timeout
from collections import deque
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from itertools import islice
from random import uniform

import uvicorn
from fasthtml.common import FastHTML, Link, Output, P, Response, Script, StreamingResponse, Titled, charset, viewport
from httpx2 import AsyncClient, HTTPError, ServerSentEvent, Timeout

HEARTBEAT = 15  # seconds between two signs of life, which we send and expect
TIMEOUT = Timeout(5, read=3 * HEARTBEAT)  # seconds: for all else, such as to connect; and of silence
LONGEST = 60_000  # milliseconds between two attempts
LIFE = 600  # seconds of one response: then it ends, and who is still there comes back
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}  # keep, change, hold back nothing


async def listen(url: str, last_event_id: str = "") -> AsyncIterator[ServerSentEvent]:
    """A stream's events, over all of its connections, and `lost` when one fails; until an answer is 204.

    Whoever stops earlier closes this: `async with aclosing(listen(url)) as events`.
    """
    retry, failures = 1000, 0  # milliseconds
    async with AsyncClient(timeout=TIMEOUT) as client:
        while True:
            headers = {"Last-Event-ID": last_event_id.encode()} if last_event_id else {}
            try:
                async with client.sse(url, headers=headers) as source:
                    if source.response.status_code == 204:
                        return
                    source.response.raise_for_status()
                    async for event in source:
                        last_event_id = event.id or last_event_id
                        if event.retry is not None:
                            retry = min(max(event.retry, 500), LONGEST)
                        failures = 0
                        if event.data or event.event != "message":  # else it was `id` or `retry` alone
                            yield event
            except HTTPError as error:
                yield ServerSentEvent("lost", type(error).__name__)
                failures = min(failures + 1, 10)
            pause = min(retry * 2**failures, LONGEST) / 1000
            await sleep(pause * uniform(1, 1.5))  # so that not all come back at one moment


def encode(event: ServerSentEvent) -> bytes:
    """The event as it goes on: its parts are lines of a stream, so there is no line break in them but in the data."""
    fields = [f"id: {event.id}\n"] if event.id else []
    fields += [f"event: {event.event}\n"] if event.event != "message" else []
    fields += [f"data: {line}\n" for line in event.data.split("\n")]
    return "".join([*fields, "\n"]).encode()


GAP = encode(ServerSentEvent("gap", "Events are missing here."))


class Relay:
    """One connection to the upstream for all readers: it is made for the first one, and closed with the last."""

    def __init__(self, max_bytes: int = 100_000) -> None:
        self.max_bytes = max_bytes
        self.log: deque[tuple[str, bytes]] = deque()  # the newest events, with their ids
        self.bytes = self.last = self.readers = 0  # `last` is the number of the newest event
        self.last_event_id = ""
        self.news = Event()
        self.over = False  # the upstream has said that there will be no more

    async def read(self, url: str, last_event_id: str = "") -> AsyncIterator[bytes]:
        """What came after that event, as far as the log has it; then what comes."""
        position, end = self.find(last_event_id), get_running_loop().time() + LIFE
        self.enter(url, known=position is not None)
        try:
            if position is None:
                position = self.last
                yield GAP if last_event_id else b":\n\n"  # with the comment, the reader's stream begins at once
            while get_running_loop().time() < end and (position < self.last or not self.task.done()):
                position, piece = await self.after(position)
                yield piece
            if self.task.done():
                self.task.result()  # raises what has ended it, if that was an error
        finally:
            self.leave()

    def find(self, event_id: str) -> int | None:
        """The position behind an event; None if the log does not have it."""
        first = self.last - len(self.log) + 1
        return next((place for place, (its, _) in enumerate(self.log, first) if its == event_id != ""), None)

    def enter(self, url: str, known: bool) -> None:
        self.readers += 1
        if self.readers > 1 or self.over:
            return
        if not known:  # nobody waits for what came since
            self.log.clear()
            self.bytes, self.last_event_id = 0, ""
        self.task = create_task(self.pass_on(url))
        self.task.add_done_callback(lambda _: self.wake())

    def leave(self) -> None:
        self.readers -= 1
        if not self.readers:
            self.task.cancel()

    async def pass_on(self, url: str) -> None:
        async with aclosing(listen(url, self.last_event_id)) as events:
            async for event in events:
                self.last_event_id = event.id or self.last_event_id
                self.append(event.id, encode(event))
        self.over = True

    def append(self, event_id: str, piece: bytes) -> None:
        self.log.append((event_id, piece))
        self.last += 1
        self.bytes += len(piece)
        while self.bytes > self.max_bytes:
            self.bytes -= len(self.log.popleft()[1])
        self.wake()

    def wake(self) -> None:
        self.news.set()
        self.news = Event()

    async def after(self, position: int) -> tuple[int, bytes]:
        """Wait for news: a new position, and all that came between the two; a comment if nothing did."""
        if position == self.last:
            with suppress(TimeoutError):
                async with timeout(HEARTBEAT):
                    await self.news.wait()
        first = self.last - len(self.log)
        pieces = [piece for _, piece in islice(self.log, max(position - first, 0), None)]
        return self.last, b"".join([GAP] * (position < first) + pieces) or b":\n\n"


class Closing(StreamingResponse):
    """A response that closes its stream in the end: if it is cancelled while it sends, Python would do so sometime."""

    async def __call__(self, scope, receive, send) -> None:
        async with aclosing(self.body_iterator):
            await super().__call__(scope, receive, send)


SCRIPT = """
const [number, state] = document.querySelectorAll("output");
const source = new EventSource("events");
const show = text => { if (state.textContent !== text) state.textContent = text; };
source.onmessage = event => {
    number.textContent = event.data;
    show("there");
};
source.addEventListener("lost", event => show(`lost (${event.data})`));
source.addEventListener("gap", event => show(event.data));
"""

app = FastHTML(
    default_hdrs=False,
    canonical=False,
    hdrs=(
        charset,
        viewport,
        Link(rel="stylesheet", href="https://cdn.jsdelivr.net/npm/@picocss/pico@2.1.1/css/pico.classless.min.css"),
    ),
    htmlkw={"lang": "en"},
)
relay = Relay()


@app.get("/")
def index():
    number, state = P("Number: ", Output("none yet")), P("Upstream: ", Output("not heard of yet"))
    return Titled("A relay", number, state, Script(SCRIPT, type="module"))


@app.get("/events")
async def events(request):
    seen = request.headers.get("last-event-id", "").encode("latin-1").decode(errors="replace")  # ids are UTF-8
    if relay.over and relay.find(seen) in (None, relay.last):
        return Response(status_code=204)
    stream = relay.read(upstream(request), seen) if request.method == "GET" else ()
    return Closing(stream, headers=HEADERS, media_type="text/event-stream")


def upstream(request) -> str:
    """The stream to listen to. In your program it is another server's; here it is our own, so that this runs alone."""
    host, port = request.scope["server"]  # the socket's: the header `Host` is whatever a stranger writes
    return f"http://{host}:{port}/numbers"


TURN = 10  # numbers in one response of the upstream


async def numbers(number: int):
    print(f"upstream: somebody listens, from {number + 1} on")
    try:
        yield "retry: 500\n\n"
        for _ in range(TURN):
            number += 1
            yield f"id: {number}\ndata: {number}\n\n"
            await sleep(1)
    finally:
        print(f"upstream: nobody listens any more, after {number}")


@app.get("/numbers")
def number_stream(request):
    seen = request.headers.get("last-event-id", "")
    number = int(seen) if re.fullmatch("[0-9]{1,9}", seen) else 0
    stream = numbers(number) if request.method == "GET" else ()
    return Closing(stream, headers=HEADERS, media_type="text/event-stream")


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
