"""One event and no loop, and yet it never stops: the browser connects again and again."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14"]
# ///

import uvicorn
from fasthtml.common import Div, EventStream, FastHTML, Link, P, Script, Titled, charset, sse_message, viewport

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
    lines = Div(hx_ext="sse", sse_connect="sse-stream", sse_swap="line", hx_swap="beforeend show:bottom")
    return Titled("No loop, and no end", lines)


async def line():
    yield sse_message(P("one more line"), event="line")


@app.get("/sse-stream")
def sse_stream():
    return EventStream(line())


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
