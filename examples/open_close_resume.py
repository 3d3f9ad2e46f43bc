"""Open, close and resume: the server continues after the last event that the page has seen."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14"]
# ///

import hmac
from asyncio import sleep
from secrets import token_bytes

import uvicorn
from fasthtml.common import Button, FastHTML, Link, Output, P, Script, StreamingResponse, Titled, charset, viewport

TURN = 10  # steps in one response; then the browser connects again by itself
SECRET = token_bytes(32)  # of this process: after a restart, or in another worker, its ids are unknown
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}  # keep, change, hold back nothing

SCRIPT = """
class ResumableStream {
    #source; #timer; #failures = 0; #lastEventId = ""; #handlers = new Map();
    constructor(url) { this.url = url; }
    get state() { return this.#timer ? "connecting" : ["connecting", "open", "closed"][this.#source?.readyState ?? 2]; }
    on(type, handler) {
        this.#handlers.set(type, handler);
        this.#source?.addEventListener(type, this);
    }
    open() {
        this.close();
        const query = this.#lastEventId && "?" + new URLSearchParams({ last_event_id: this.#lastEventId });
        this.#source = new EventSource(this.url + query);
        for (const type of ["open", "error", ...this.#handlers.keys()]) this.#source.addEventListener(type, this);
    }
    close() {
        this.#timer = clearTimeout(this.#timer);
        this.#source?.close();
    }
    handleEvent(event) {
        this.#lastEventId = event.lastEventId ?? this.#lastEventId;
        if (event.type === "open") this.#failures = 0;
        if (event.type === "error" && this.#source.readyState === EventSource.CLOSED) this.#openLater();
        this.#handlers.get(event.type)?.(event);
    }
    #openLater() {
        const pause = Math.min(1000 * 2 ** this.#failures++, 30_000);  // milliseconds
        this.#timer = setTimeout(() => this.open(), pause * (0.5 + Math.random() / 2));
    }
}

const find = selector => document.querySelector(selector);
const stream = new ResumableStream("sse-stream");
const show = () => { find("#state").textContent = stream.state; };
for (const type of ["open", "error"]) stream.on(type, show);
stream.on("progress", ({ lastEventId: id, data }) => {
    for (const element of document.querySelectorAll("[data-template]")) {
        element.textContent = element.dataset.template.replace(/{(id|data)}/g, (_, name) => ({ id, data })[name]);
    }
});
stream.on("reset", event => { find("#notice").textContent = event.data; });
find("#open").onclick = () => { stream.open(); show(); };
find("#close").onclick = () => { stream.close(); show(); };
addEventListener("pagehide", () => {
    if (stream.state === "closed") return;
    stream.close();
    addEventListener("pageshow", () => stream.open(), { once: true });
});
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


@app.get("/")
def index():
    buttons = Button("Open", id="open"), " ", Button("Close", id="close")
    state = P("Connection: ", Output("closed", id="state"))
    event = P("No event yet", data_template="Event {id}: step {data}")
    return Titled("Open, close, resume", *buttons, state, event, Output(id="notice"), Script(SCRIPT, type="module"))


def sign(step: str) -> str:
    """The event ID of a step; only who has the secret can make one."""
    return f"{hmac.digest(SECRET, step.encode(), 'sha256').hex()[:32]}.{step}"


def find(last_event_id: str) -> int | None:
    """The step that an event ID stands for; None if this server has not made it."""
    step = last_event_id.rpartition(".")[2]
    is_ours = hmac.compare_digest(sign(step).encode(), last_event_id.encode())
    return int(step) if is_ours else None


async def steps(last_event_id: str):
    done = find(last_event_id) if last_event_id else 0
    yield "retry: 1000\n\n"
    if done is None:
        done = 0
        yield f"event: reset\nid: {sign('0')}\ndata: The server cannot tell where you were: from the beginning.\n\n"
    for step in range(done + 1, done + TURN + 1):
        await sleep(0.5)
        yield f"event: progress\nid: {sign(str(step))}\ndata: {step}\n\n"


@app.get("/sse-stream")
def sse_stream(request):
    # The browser's own reconnect sends the header, also where the URL has an older id.
    last_event_id = request.headers.get("last-event-id") or request.query_params.get("last_event_id", "")
    stream = steps(last_event_id) if request.method == "GET" else ()
    return StreamingResponse(stream, headers=HEADERS, media_type="text/event-stream")


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
