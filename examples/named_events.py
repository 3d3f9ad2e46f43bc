"""Many event types over one connection: each element takes the types that it names."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14"]
# ///

from asyncio import sleep

import uvicorn
from fasthtml.common import H2, Div, EventStream, FastHTML, Link, P, Script, Titled, charset, sse_message, viewport

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
    stream = Div(
        H2("Temperature"),
        Div("waiting", sse_swap="temperature"),
        H2("Humidity"),
        Div("waiting", sse_swap="humidity"),
        H2("Notices"),
        Div("waiting", sse_swap="message", aria_live="polite"),
        H2("Both"),
        Div(sse_swap="temperature,humidity", hx_swap="beforeend"),
        hx_ext="sse",
        sse_connect="sse-stream",
        sse_close="done",
    )
    return Titled("Many events, one connection", stream)


async def readings():
    yield sse_message(P("the window is open"))  # its type is "message"
    for step in range(3):
        yield sse_message(P(f"{20 + step} °C"), event="temperature")
        await sleep(0.5)
        yield sse_message(P(f"{60 - step} %"), event="humidity")
        yield sse_message(P("1013 hPa"), event="pressure")  # nobody listens to these
        await sleep(0.5)
    yield sse_message("no more", event="done")


@app.get("/sse-stream")
def sse_stream():
    return EventStream(readings())


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
