"""Events that start requests: each one makes an element ask the server for its new content."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14"]
# ///

from asyncio import sleep

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


def asked(session):
    return f"You have asked for the news {session.get('count', 0)} times."


@app.get("/")
def index(session):
    news = P(asked(session), hx_post="news", hx_trigger="sse:news")
    stream = Div(news, hx_ext="sse", sse_connect="sse-stream", sse_close="done")
    return Titled("Events that start requests", stream)


@app.post("/news")
def count(session):  # a cookie of the visitor's own, signed
    session["count"] = session.get("count", 0) + 1
    return asked(session)


async def news():
    for pause in (1, 1, 1, 0, 0, 0, 0, 1):  # three at leisure, then five at once
        yield sse_message("there is news", event="news")
        await sleep(pause)
    yield sse_message("no more", event="done")


@app.get("/sse-stream")
def sse_stream():
    return EventStream(news())


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
