"""A stream that the server ends for good: it answers the reconnect with 204."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14"]
# ///

from asyncio import sleep

import uvicorn
from fasthtml.common import EventStream, FastHTML, Link, Output, P, Response, Script, Titled, charset, viewport

CDN = "https://cdn.jsdelivr.net/npm"

app = FastHTML(
    default_hdrs=False,
    canonical=False,
    hdrs=(
        charset,
        viewport,
        Link(rel="stylesheet", href=f"{CDN}/@picocss/pico@2.1.1/css/pico.classless.min.css"),
    ),
    htmlkw={"lang": "en"},
)

STEPS = ["1", "2", "3", "4", "5"]

# A plain event source: htmx's extension takes 204 for a failure and opens a new one.
SCRIPT = """
const source = new EventSource("sse-stream");
const [step, state] = document.querySelectorAll("output");
source.onmessage = event => step.textContent = event.data;
const states = ["connecting", "open", "closed"];
source.onopen = source.onerror = () => state.textContent = states[source.readyState];
"""


@app.get("/")
def index():
    step, state = P("Step: ", Output("none yet")), P("Connection: ", Output("connecting"))
    return Titled("Stop it with 204", step, state, Script(SCRIPT, type="module"))


async def progress(steps: list[str]):
    yield "retry: 500\n\n"
    for step in steps:
        yield f"id: {step}\ndata: {step} of {len(STEPS)}\n\n"
        await sleep(0.5)


@app.get("/sse-stream")
def sse_stream(last_event_id: str = ""):  # the header Last-Event-ID of a reconnect
    if last_event_id == STEPS[-1]:
        return Response(status_code=204)
    done = STEPS.index(last_event_id) + 1 if last_event_id in STEPS else 0
    return EventStream(progress(STEPS[done:]))


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
