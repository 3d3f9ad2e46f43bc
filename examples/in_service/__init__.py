"""A stream in service: it can be watched, it is asked how it is, and it stops within a deploy's patience."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["prometheus-client>=0.26", "starlette>=1.10", "uvicorn"]
# ///

from asyncio import create_task, get_running_loop, sleep
from contextlib import asynccontextmanager
from random import uniform
from signal import SIGINT, SIGTERM, getsignal, signal
from threading import current_thread, main_thread

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from .event_log import Log, Reader
from .page import PAGE
from .prometheus import registry_of

MAX_STREAMS = 1000  # who comes then is told to come later
LATER = 20, 40  # seconds
DRAIN = 5  # seconds from SIGTERM on, in which those who send visitors here learn that they should not
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}  # keep, change, hold back nothing

log = Log()
registry = registry_of(log)


async def index(_):
    return HTMLResponse(PAGE)


async def events(request):
    if request.method == "HEAD":
        return Response(headers=HEADERS, media_type="text/event-stream")
    if log.open >= MAX_STREAMS:
        log.requests["refused"] += 1
        later = f"retry: {1000 * uniform(*LATER):.0f}\n\n"  # a 503 would close an event source for good
        return Response(later, headers=HEADERS, media_type="text/event-stream")
    seen = request.headers.get("last-event-id") or request.query_params.get("last_event_id", "")
    return Reader(log, seen, HEADERS)


async def live(_):
    return Response("The event loop turns.\n", media_type="text/plain")


async def ready(request):
    if request.app.state.draining:
        return Response("No more visitors, please.\n", status_code=503, media_type="text/plain")
    return Response("Send visitors.\n", media_type="text/plain")


async def metrics(_):
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def count():
    """What there is news of, in this example."""
    number = 0
    while True:
        number += 1
        log.append(str(number))
        await sleep(1)


@asynccontextmanager
async def lifespan(app):
    loop, handlers = get_running_loop(), {}
    app.state.draining = False
    log.open_again()
    counting = create_task(count())

    def stop(number, frame):
        wait = DRAIN if number == SIGTERM and not app.state.draining else 0  # Ctrl-C, or a second signal: at once
        app.state.draining = True
        loop.call_soon_threadsafe(loop.call_later, wait, end, number, frame)

    def end(number, frame):
        log.close()
        handlers[number](number, frame)

    if current_thread() is main_thread():  # the only one that may
        handlers = {number: handler for number in (SIGINT, SIGTERM) if callable(handler := getsignal(number))}
    for number in handlers:
        signal(number, stop)
    yield
    log.close()
    counting.cancel()
    for number, handler in handlers.items():
        signal(number, handler)


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/", index),
        Route("/events", events),
        Route("/live", live),
        Route("/ready", ready),
        Route("/metrics", metrics),
    ],
)
