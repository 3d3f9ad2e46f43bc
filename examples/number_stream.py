"""A stream without end: it stops when its reader leaves, and when the server shuts down."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14"]
# ///

from asyncio import Event, get_running_loop, timeout
from contextlib import suppress
from signal import SIGINT, SIGTERM, getsignal, signal
from threading import current_thread, main_thread

import uvicorn
from fasthtml.common import Div, FastHTML, Link, P, Script, StreamingResponse, Titled, charset, sse_message, viewport

CDN = "https://cdn.jsdelivr.net/npm"
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


async def lifespan(app):
    """Hear the signal: the server waits until all responses have ended, and only then ends this."""
    app.state.stopping = Event()
    loop = get_running_loop()
    handlers = {}

    def stop(number, frame):
        loop.call_soon_threadsafe(app.state.stopping.set)
        handlers[number](number, frame)

    if current_thread() is main_thread():  # signals are for this one; elsewhere others see to the end
        handlers = {number: handler for number in (SIGINT, SIGTERM) if callable(handler := getsignal(number))}
    for number in handlers:
        signal(number, stop)
    yield
    for number, handler in handlers.items():
        signal(number, handler)


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
    lifespan=lifespan,
)


@app.get("/")
def index():
    return Titled("A loop that stops", Div(hx_ext="sse", sse_connect="sse-stream", sse_swap="number"))


async def numbers(stopping):
    number = 0
    try:
        while not stopping.is_set():
            number += 1
            yield sse_message(P(number), event="number")
            with suppress(TimeoutError):
                async with timeout(1):
                    await stopping.wait()
    finally:
        print(f"stopped at {number}")  # also when the reader has left: then the wait is cancelled


@app.get("/sse-stream")
def sse_stream(request):
    stream = numbers(app.state.stopping) if request.method == "GET" else ()  # HEAD asks for the headers alone
    return StreamingResponse(stream, headers=HEADERS, media_type="text/event-stream")


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
