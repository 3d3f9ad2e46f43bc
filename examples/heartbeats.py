"""A quiet stream that shows that it is alive: after a silence, the page opens another."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14"]
# ///

import re
from asyncio import sleep

import uvicorn
from fasthtml.common import FastHTML, Link, Output, P, Script, StreamingResponse, Titled, charset, viewport

BEAT = 1  # second between two signs of life; 15 are enough outside a lesson
LIFE = 60  # signs in one response: then it ends, and who is still there comes back
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}  # keep, change, hold back nothing

SCRIPT = """
const [news, state] = document.querySelectorAll("output");
const patience = 3500 * state.dataset.beat;  // milliseconds: three signs of life, and some time to get here
let source, heard, lastEventId = "";

function show(text) {
    if (state.textContent !== text) state.textContent = text;  // a screen reader says what changes
}

function open() {
    source?.close();
    source = new EventSource("events?" + new URLSearchParams({ last_event_id: lastEventId }));
    for (const type of ["beat", "news"]) source.addEventListener(type, hear);
    heard = Date.now();
}

function hear(event) {
    heard = Date.now();
    show("alive");
    if (event.type === "beat") return;
    lastEventId = event.lastEventId;
    news.textContent = event.data;
}

function watch() {
    if (Date.now() - heard < patience) return;
    show("silent, and so opened anew");
    open();
}

open();
setInterval(watch, patience / 7);
"""

app = FastHTML(
    default_hdrs=False,
    canonical=False,
    hdrs=(
        charset,
        viewport,
        Link(rel="stylesheet", href="https://cdn.jsdelivr.net/npm/@picocss/pico@2.1.1/css/pico.classless.min.css"),
    ),
    htmlkw={"lang": "en"},
)
readers = set()


@app.get("/")
def index():
    news, state = P("News: ", Output("none yet")), P("Connection: ", Output("not heard of yet", data_beat=BEAT))
    return Titled("A quiet stream", news, state, Script(SCRIPT, type="module"))


async def signs(reader, number: int):
    readers.add(reader)
    try:
        yield "retry: 500\n\n"
        for sign in range(LIFE):
            if sign % 5 == 0:
                number += 1
                yield f"id: {number}\nevent: news\ndata: number {number}\n\n"
            else:
                yield "event: beat\ndata\n\n"
            await sleep(BEAT)
    finally:
        readers.remove(reader)


@app.get("/events")
def events(request):
    seen = request.headers.get("last-event-id") or request.query_params.get("last_event_id", "")
    number = int(seen) if re.fullmatch("[0-9]{1,9}", seen) else 0
    stream = signs(request, number) if request.method == "GET" else ()  # HEAD asks for the headers alone
    return StreamingResponse(stream, headers=HEADERS, media_type="text/event-stream")


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
