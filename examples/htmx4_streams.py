"""The streams of the first five lessons with htmx 4: five pages, each with links to the others."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14"]
# ///

from asyncio import sleep

import uvicorn
from fasthtml.common import EventStream, FastHTML, HTTPException, Script, Titled, charset, sse_message, viewport
from fasthtml.components import H2, A, Button, Div, Form, Hx_partial, Input, Label, Li, Link, Meta, Nav, P, Ul

CDN = "https://cdn.jsdelivr.net/npm"

app = FastHTML(
    default_hdrs=False,
    canonical=False,
    hdrs=(
        charset,
        viewport,
        Link(rel="stylesheet", href=f"{CDN}/@picocss/pico@2.1.1/css/pico.classless.min.css"),
        Meta(name="htmx-config", content='{"metaCharacter": "-"}'),
        Script(src=f"{CDN}/htmx.org@4.0.1/dist/htmx.min.js"),
        Script(src=f"{CDN}/htmx.org@4.0.1/dist/ext/hx-sse.min.js"),
    ),
    htmlkw={"lang": "en"},
)

PAGES = {".": "Connect", "close": "Close", "button": "Button", "targets": "Targets", "bell": "Bell"}


def page(title, *content):
    links = [Li(A(name, href=path)) for path, name in PAGES.items()]
    return Titled(title, Nav(Ul(*links)), *content)


@app.get("/")
def index():
    stream = Div(
        hx_sse_connect="progress?name=Ada",
        hx_swap="beforeend show:bottom",
    )
    return page("Connect with htmx 4", stream)


@app.get("/close")
def close():
    stream = Div(
        hx_sse_connect="progress?name=Ada",
        hx_sse_close="done",
        hx_swap="beforeend show:bottom",
    )
    return page("Close it with a message", stream)


async def messages(name: str):
    for number in range(10):
        yield sse_message(P(f"message number {number} for {name}"))
        await sleep(0.5)
    yield sse_message(P("DONE"))
    yield sse_message("no more", event="done")


@app.get("/progress")
def progress(name: str):
    if not 1 <= len(name) <= 40:
        raise HTTPException(422, "a name of 1 to 40 characters, please")
    return EventStream(messages(name))


@app.get("/button")
def button():
    field = Label("Your name", Input(name="name", required=True, maxlength=40))
    form = Form(
        field,
        Button("Start"),
        hx_get="progress",
        hx_target="#stream",
        hx_swap="beforeend show:bottom",
        hx_sync="this:replace",
    )
    return page("Start it with a button", form, Div(id="stream"))


@app.get("/targets")
def targets():
    stream = Div(
        H2("Temperature"),
        Div("waiting", id="temperature"),
        H2("Humidity"),
        Div("waiting", id="humidity"),
        H2("Notices"),
        Div("waiting", id="notices", aria_live="polite"),
        H2("Both"),
        Div(id="both"),
        hx_sse_connect="readings",
        hx_sse_close="done",
        hx_target="#notices",
    )
    return page("Many targets, one connection", stream)


def reading(name, text):
    newest = Hx_partial(P(text), hx_target=f"#{name}")
    listed = Hx_partial(P(text), hx_target="#both", hx_swap="beforeend")
    return sse_message((newest, listed))  # one event, two targets


async def measurements():
    yield sse_message(P("the window is open"))  # no part: it goes to the element's own target
    for step in range(3):
        yield reading("temperature", f"{20 + step} °C")
        await sleep(0.5)
        yield reading("humidity", f"{60 - step} %")
        await sleep(0.5)
    yield sse_message("no more", event="done")


@app.get("/readings")
def readings():
    return EventStream(measurements())


def asked(session):
    return f"You have asked for the news {session.get('count', 0)} times."


@app.get("/bell")
def bell(session):
    news = P(asked(session), hx_post="news", hx_trigger="news from:#bell")
    stream = Div(news, id="bell", hx_sse_connect="rings", hx_sse_close="done")
    return page("Events that start requests", stream)


@app.post("/news")
def count(session):
    session["count"] = session.get("count", 0) + 1
    return asked(session)


async def ringing():
    for pause in (1, 1, 1, 0, 0, 0, 0, 1):
        yield sse_message("there is news", event="news")
        await sleep(pause)
    yield sse_message("no more", event="done")


@app.get("/rings")
def rings():
    return EventStream(ringing())


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
