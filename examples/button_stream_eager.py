"""A button meant to start a stream, the obvious wrong way: the stream starts when the page loads."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14"]
# ///

from asyncio import sleep

import uvicorn
from fasthtml.common import Button, Div, EventStream, FastHTML, Link, P, Script, Titled, charset, sse_message, viewport

CDN = "https://cdn.jsdelivr.net/npm"

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
    start = Button(
        "Start",
        hx_ext="sse",
        sse_connect="sse-stream",
        sse_swap="progress",
        hx_target="#messages",
        hx_swap="beforeend show:bottom",
    )
    return Titled("A button, the wrong way", start, Div(id="messages"))


async def progress():
    for number in range(10):
        yield sse_message(P(f"message number {number}"), event="progress")
        await sleep(0.5)
    yield sse_message(P("DONE"), event="progress")


@app.get("/sse-stream")
def sse_stream():
    return EventStream(progress())


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
