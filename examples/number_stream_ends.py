"""One number and no loop, and yet it never stops: the browser connects again and again."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14"]
# ///

from itertools import count

import uvicorn
from fasthtml.common import Div, EventStream, FastHTML, Link, Meta, P, Script, Titled, sse_message

CDN = "https://cdn.jsdelivr.net/npm"

app = FastHTML(
    default_hdrs=False,
    canonical=False,
    hdrs=(
        Meta(charset="utf-8"),
        Meta(name="viewport", content="width=device-width"),
        Link(rel="stylesheet", href=f"{CDN}/@picocss/pico@2.1.1/css/pico.classless.min.css"),
        Script(src=f"{CDN}/htmx.org@2.0.7/dist/htmx.min.js"),
        Script(src=f"{CDN}/htmx-ext-sse@2.2.4/dist/sse.min.js"),
    ),
    htmlkw={"lang": "en"},
)


connections = count(1)


@app.get("/")
def index():
    return Titled("No loop, and no end", Div(hx_ext="sse", sse_connect="sse-stream", sse_swap="number"))


async def number():
    yield sse_message(P(next(connections)), event="number")


@app.get("/sse-stream")
def sse_stream():
    return EventStream(number())


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
