"""One stream for all tabs of a reader: one of them listens, and tells the others."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14"]
# ///

import re
from asyncio import sleep
from secrets import token_hex

import uvicorn
from fasthtml.common import A, FastHTML, Link, Output, P, Script, StreamingResponse, Titled, charset, cookie, viewport

PAUSE = 1  # seconds between two news
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}  # keep, change, hold back nothing

SCRIPT = """
const [news, role] = document.querySelectorAll("output");
const name = `news of ${role.dataset.visitor}`;
const channel = new BroadcastChannel(name);
let last = { id: 0 }, leaving, source, timer;

function show(latest) {
    if (latest.id <= last.id) return;  // heard already, from the tab that led before
    last = latest;
    news.textContent = latest.text;
}

channel.onmessage = ({ data }) => {
    if (data) show(data);
    else if (source) channel.postMessage(last);  // a new tab asks
};

function open() {
    source = new EventSource("events?" + new URLSearchParams({ last_event_id: last.id }));
    source.onmessage = ({ data, lastEventId }) => {
        show({ id: Number(lastEventId), text: data });
        channel.postMessage(last);
    };
    source.onerror = () => {
        if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, 1000 + 1000 * Math.random());
    };
}

function lead() {
    role.textContent = "listens";
    open();
    return new Promise((resolve) => leaving.signal.addEventListener("abort", resolve));  // the lock is held until then
}

function join() {
    leaving = new AbortController();
    role.textContent = "is told by another";
    channel.postMessage(null);
    if (!navigator.locks) lead();  // there are none without HTTPS: then each tab listens
    else navigator.locks.request(name, { signal: leaving.signal }, lead).catch(() => {});  // left before its turn
}

function leave() {
    leaving.abort();
    clearTimeout(timer);
    source = source?.close();
}

addEventListener("pageshow", join);  // also when the browser has kept the page, and brings it back
addEventListener("pagehide", leave);
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
streams = set()


@app.get("/")
def index(request):
    visitor = request.cookies.get("visitor") or token_hex(8)  # in a program of yours, the user who is signed in
    news, role = P("News: ", Output("none yet")), P("This tab ", Output("has no part yet", data_visitor=visitor))
    page = Titled("One stream for all", news, role, P(A("Open this tab anew", href="./")), Script(SCRIPT))
    return cookie("visitor", visitor, httponly=True, samesite="lax"), page


async def news(stream, number: int):
    streams.add(stream)
    try:
        yield "retry: 2000\n\n"
        while True:
            number += 1
            yield f"id: {number}\ndata: number {number}, open streams: {len(streams)}\n\n"
            await sleep(PAUSE)
    finally:
        streams.remove(stream)


@app.get("/events")
def events(request):
    seen = request.headers.get("last-event-id") or request.query_params.get("last_event_id", "")
    number = int(seen) if re.fullmatch("[0-9]{1,9}", seen) else 0
    stream = news(request, number) if request.method == "GET" else ()  # HEAD asks for the headers alone
    return StreamingResponse(stream, headers=HEADERS, media_type="text/event-stream")


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
