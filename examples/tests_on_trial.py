"""Tests on trial: each is run on a stream that is right, and on one that is broken."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14", "starlette>=1.6"]
# ///

import re
from asyncio import Event, Queue, create_task, sleep, timeout
from contextlib import aclosing, asynccontextmanager

import uvicorn
from fasthtml.common import FastHTML, Li, Link, Script, Titled, Ul, charset, sse_message, viewport
from starlette.responses import StreamingResponse

CDN = "https://cdn.jsdelivr.net/npm"
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}  # keep, change, hold back nothing


class Counter:
    """What is tested: numbers without end, ten a second, that go on after the last event ID."""

    def __init__(self):
        self.readers = 0

    async def numbers(self, last_event_id: str):
        number = int(last_event_id) if re.fullmatch("[0-9]{1,9}", last_event_id) else 0
        while True:
            number += 1
            yield f"id: {number}\ndata: {number}\n\n"
            await sleep(0.1)

    async def __call__(self, scope, receive, send):
        last_event_id = dict(scope["headers"]).get(b"last-event-id", b"").decode("latin-1")
        self.readers += 1
        try:
            async with aclosing(self.numbers(last_event_id)) as numbers:
                await StreamingResponse(numbers, headers=HEADERS, media_type="text/event-stream")(scope, receive, send)
        finally:
            self.readers -= 1


class HeldBack(Counter):
    """Broken: ten events come at once, as behind a proxy that keeps them."""

    async def numbers(self, last_event_id: str):
        async with aclosing(super().numbers(last_event_id)) as numbers:
            kept = []
            async for event in numbers:
                kept.append(event)
                if len(kept) == 10:
                    yield "".join(kept)
                    kept.clear()


class Forgetful(Counter):
    """Broken: whoever comes back begins anew."""

    def numbers(self, _last_event_id: str):
        return super().numbers("")


class Overcounted(Counter):
    """Broken: whoever has left is still counted."""

    async def __call__(self, scope, receive, send):
        self.readers += 1
        await super().__call__(scope, receive, send)


PATIENCE = 5  # seconds that a test waits for an event


class Reader:
    """A request without a network: what an application sends is read here, event by event, in the same event loop."""

    def __init__(self, app, last_event_id: str):
        self.sent, self.left, self.text = Queue(1), Event(), ""  # a queue of one: who does not read holds `send` up
        headers = [(b"last-event-id", last_event_id.encode())] if last_event_id else []
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
        self.task = create_task(app(scope, self.receive, self.sent.put))

    async def receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def event(self) -> str:
        async with timeout(PATIENCE):
            while "\n\n" not in self.text:
                self.text += (await self.sent.get()).get("body", b"").decode()
        event, _, self.text = self.text.partition("\n\n")
        return event


@asynccontextmanager
async def reading(app, last_event_id: str = ""):
    """A reader, who leaves in the end; then the application has to end, too."""
    reader = Reader(app, last_event_id)
    try:
        yield reader
        reader.left.set()
        async with timeout(PATIENCE):
            await reader.task
    finally:
        reader.task.cancel()  # of a test that has failed; else it is done


async def test_resume(counter):
    """Whoever comes back goes on."""
    async with reading(counter, last_event_id="2") as reader:
        assert "data: " in await reader.event()


async def test_leave(counter):
    """Whoever has left is not counted."""
    async with reading(counter) as reader:
        await reader.event()
    assert reader.task.done()


async def test_pace(counter):
    """Every number comes by itself."""
    async with reading(counter) as reader:
        for number in (1, 2, 3):
            assert await reader.event() == f"id: {number}\ndata: {number}"


BROKEN = {test_resume: Forgetful, test_leave: Overcounted, test_pace: HeldBack}


async def verdict(test, counter) -> str:
    try:
        await test(counter)
    except (AssertionError, TimeoutError):
        return "fails"
    except Exception as error:  # as pytest does: whatever goes wrong in a test fails it
        return f"fails with {error!r}"
    return "passes"


async def trials():
    for test, broken in BROKEN.items():
        right, wrong = await verdict(test, Counter()), await verdict(test, broken())
        text = f"{test.__name__}: {right} on Counter, {wrong} on {broken.__name__}"
        yield sse_message(Li(text), event=test.__name__)
    yield sse_message("that is all", event="done")


app = FastHTML(
    default_hdrs=False,
    canonical=False,
    hdrs=(
        charset,
        viewport,
        Link(rel="stylesheet", href=f"{CDN}/@picocss/pico@2.1.1/css/pico.classless.min.css"),
        Script(src=f"{CDN}/htmx.org@2.0.7/dist/htmx.min.js"),
        Script(src=f"{CDN}/htmx-ext-sse@2.2.4/dist/sse.min.js"),
    ),
    htmlkw={"lang": "en"},
)


@app.get("/")
def index():
    tests = ",".join(test.__name__ for test in BROKEN)
    verdicts = Ul(hx_ext="sse", sse_connect="trials", sse_swap=tests, sse_close="done", hx_swap="beforeend")
    return Titled("Tests on trial", verdicts(aria_live="polite"))


@app.get("/trials")
def sse_stream(request):
    stream = trials() if request.method == "GET" else ()  # HEAD asks for the headers alone
    return StreamingResponse(stream, headers=HEADERS, media_type="text/event-stream")


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
