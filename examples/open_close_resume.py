"""Open, close and resume: the server continues after the last event that the page has seen."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14"]
# ///

from asyncio import sleep
from secrets import token_hex

import uvicorn
from fasthtml.common import Button, FastHTML, Link, Meta, Output, P, Script, StreamingResponse, Titled

TURN = 10  # steps in one response; then the browser connects again by itself
WINDOW = 20  # steps back from which a client may resume
CLIENTS = 1000  # whose progress is kept; then the one unheard of for longest is forgotten
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # proxies: keep nothing, hold nothing back

SCRIPT = """
class ResumableStream {
    #source; #lastEventId = ""; #handlers = new Map();
    constructor(url) { this.url = url; }
    get state() { return ["connecting", "open", "closed"][this.#source?.readyState ?? 2]; }
    on(type, handler) {
        this.#handlers.set(type, handler);
        this.#source?.addEventListener(type, this);
    }
    open() {
        this.close();
        const query = this.#lastEventId && "?" + new URLSearchParams({ last_event_id: this.#lastEventId });
        this.#source = new EventSource(this.url + query);
        for (const type of this.#handlers.keys()) this.#source.addEventListener(type, this);
    }
    close() { this.#source?.close(); }
    handleEvent(event) {
        this.#lastEventId = event.lastEventId ?? this.#lastEventId;
        this.#handlers.get(event.type)(event);
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
"""

app = FastHTML(
    default_hdrs=False,
    canonical=False,
    hdrs=(
        Meta(charset="utf-8"),
        Meta(name="viewport", content="width=device-width"),
        Link(rel="stylesheet", href="https://cdn.jsdelivr.net/npm/@picocss/pico@2.1.1/css/pico.classless.min.css"),
    ),
    htmlkw={"lang": "en"},
)

progress: dict[str, int] = {}  # the last step sent to each client, who was heard of last at the end


@app.get("/")
def index():
    buttons = Button("Open", id="open"), " ", Button("Close", id="close")
    state = P("Connection: ", Output("closed", id="state"))
    event = P("No event yet", data_template="Event {id}: step {data}")
    return Titled("Open, close, resume", *buttons, state, event, Output(id="notice"), Script(SCRIPT, type="module"))


def remember(client: str, step: int):
    progress[client] = max(step, progress.pop(client, 0))
    if len(progress) > CLIENTS:
        del progress[next(iter(progress))]


def find(last_event_id: str):
    """The client and the step that an id stands for; None if it was never sent, or too long ago."""
    client = last_event_id.partition(".")[0]
    sent = progress.get(client, -1)
    ids = {f"{client}.{step}": (client, step) for step in range(max(sent - WINDOW, 0), sent + 1)}
    return ids.get(last_event_id)


async def steps(last_event_id: str):
    known = find(last_event_id)
    client, done = known or (token_hex(8), 0)
    remember(client, done)
    yield "retry: 1000\n\n"
    if last_event_id and not known:
        yield f"event: reset\nid: {client}.0\ndata: The server cannot tell where you were: from the beginning.\n\n"
    for step in range(done + 1, done + TURN + 1):
        await sleep(0.5)
        remember(client, step)
        yield f"event: progress\nid: {client}.{step}\ndata: {step}\n\n"


@app.get("/sse-stream")
def sse_stream(request, last_event_id: str = ""):  # from the header if a reconnect sends it, else from the query
    stream = steps(last_event_id) if request.method == "GET" else ()
    return StreamingResponse(stream, headers=HEADERS, media_type="text/event-stream")


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
