"""One stream, two readers: what the browser's event source makes of it, and what htmx 4 does."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-fasthtml>=0.14"]
# ///

from asyncio import sleep

import uvicorn
from fasthtml.common import EventStream, FastHTML, HTTPException, Response, Script, Titled, charset, viewport
from fasthtml.components import H2, A, Div, Li, Link, Meta, Nav, Ul

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

CASES = {
    "retry": ["retry: 2000\n\n", "data: one\n\n"],
    "unit": ["retry: 2s\ndata: one\n\n"],
    "cut": ["event: news\r", "\ndata: one\r\n\r\n"],
    "stop": ["id: 1\ndata: one\n\n"],
}

SCRIPT = """
const began = performance.now();
function tell(reader, text) {
  const list = document.querySelector(`#${reader} ul`);
  const item = document.createElement("li");
  item.textContent = `${((performance.now() - began) / 1000).toFixed(1)} s ${text}`;
  list.append(item);
  if (list.childElementCount > 12) list.firstElementChild.remove();
}

const browser = document.getElementById("browser");
const source = new EventSource(browser.dataset.stream);
source.onopen = () => tell("browser", "connected");
source.onerror = () => tell("browser", source.readyState === 2 ? "closed for good" : "lost");
for (const type of ["message", "news"])
  source.addEventListener(type, ({ data }) => tell("browser", `${type}: ${data}`));
addEventListener("pagehide", () => source.close());

addEventListener("htmx-sse-after-connection", ({ detail: { connection } }) =>
  tell("htmx", `answer ${connection.status}`));
addEventListener("htmx-sse-error", () => tell("htmx", "error"));
addEventListener("htmx-sse-after-message", ({ detail: { message } }) =>
  tell("htmx", `${message.event || "message"}: ${message.data}`));
"""


@app.get("/")
def index(case: str = "retry"):
    if case not in CASES:
        raise HTTPException(404)
    links = [Li(A(name, href=f"?case={name}")) for name in CASES]
    browser = Div(H2("EventSource"), Ul(), id="browser", data_stream=f"browser/{case}")
    htmx = Div(H2("htmx 4.0.1"), Ul(), id="htmx", hx_sse_connect=f"htmx/{case}", hx_swap="none")
    return Titled("One stream, two readers", Nav(Ul(*links)), browser, htmx, Script(SCRIPT))


async def answer(pieces: list[str]):
    for piece in pieces:
        yield piece
        await sleep(0.5)


@app.get("/browser/{case}")
@app.get("/htmx/{case}")
def stream(case: str, last_event_id: str = ""):
    if case not in CASES:
        raise HTTPException(404)
    if last_event_id:
        return Response(status_code=204)
    return EventStream(answer(CASES[case]))


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
