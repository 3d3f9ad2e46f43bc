"""A stream that starts on a click: the button fetches the element that connects, and the form shapes the stream."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14"]
# ///

from asyncio import sleep
from urllib.parse import urlencode

import uvicorn
from fasthtml.common import EventStream, FastHTML, HTTPException, Script, Titled, charset, sse_message, viewport
from fasthtml.components import Button, Div, Form, Input, Label, Link, P

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
    field = Label("Your name", Input(name="name", required=True, maxlength=40))
    form = Form(field, Button("Start"), hx_get="connection", hx_target="#stream")
    return Titled("Start it with a button", form, Div(id="stream"))


def checked(name: str) -> str:
    if not 1 <= len(name) <= 40:
        raise HTTPException(422, "a name of 1 to 40 characters, please")
    return name


@app.get("/connection")
def connection(name: str):
    url = "sse-stream?" + urlencode({"name": checked(name)})
    return Div(
        hx_ext="sse",
        sse_connect=url,
        sse_swap="progress",
        hx_swap="beforeend show:bottom",
    )


async def progress(name: str):
    for number in range(10):
        yield sse_message(P(f"message number {number} for {name}"), event="progress")
        await sleep(0.5)
    yield sse_message(P("DONE"), event="progress")


@app.get("/sse-stream")
def sse_stream(name: str):
    return EventStream(progress(checked(name)))


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
