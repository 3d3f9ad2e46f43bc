"""The words of a language model: its Markdown becomes a page while it is written, and can be stopped.

The model is a very small one of its own, or the one behind the endpoint that OPENAI_BASE_URL names.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = ["httpx2>=2.16", "markdown-it-py>=4", "nh3>=0.3", "python-fasthtml>=0.14"]
# ///

import os
import re
from asyncio import get_running_loop
from contextlib import aclosing
from secrets import token_urlsafe

from fasthtml.common import FastHTML, Response, Script, StreamingResponse, Titled, charset, viewport
from fasthtml.components import Article, Button, Fieldset, Form, Input, Link, Output

from .answer import Answer

if os.environ.get("OPENAI_BASE_URL"):
    from .endpoint import words
else:
    from .ngram import words

KEPT = 60  # seconds, in which a reader can come back for the end of an answer
MAX_ANSWERS = 100  # written or kept
MAX_PROMPT = 1000  # characters
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}  # keep, change, hold back nothing
IN_SIGHT = "position: sticky; top: 0; background: var(--pico-background-color)"

SCRIPT = """
const [answer, state, stop] = ["article", "output", "#stop"].map(name => document.querySelector(name));
const source = new EventSource(answer.dataset.stream);
const show = (text, writing = false) => {
    state.textContent = text;
    stop.disabled = !writing;
};

const page = document.documentElement;
source.onmessage = ({ data }) => {
    const isAtEnd = page.scrollHeight - page.scrollTop - page.clientHeight < 40;  // pixels
    let [depth, nodes, html] = JSON.parse(data), element = answer;
    while (depth--) element = element.lastElementChild;
    if (nodes) element.normalize();  // a text that came in parts is one node
    while (nodes--) element.lastChild.remove();
    element.insertAdjacentHTML("beforeend", html);
    if (isAtEnd) page.scrollTop = page.scrollHeight;
};
source.addEventListener("late", ({ data }) => {
    const [block, html] = JSON.parse(data);
    answer.children[block].outerHTML = html;
});
source.addEventListener("whole", ({ data }) => { answer.innerHTML = JSON.parse(data); });
source.addEventListener("end", ({ data }) => show(JSON.parse(data) || "This is the whole answer."));
source.addEventListener("end", () => source.close());

source.onopen = () => show("Writing …", true);
source.onerror = () => source.readyState === EventSource.CLOSED
    ? show("The connection is lost, and this may be a part of the answer.")
    : show("The connection is lost. Connecting again …", true);

const halt = () => navigator.sendBeacon(answer.dataset.stream + "/stop");  // is sent even while the page goes away
const leave = () => { source.close(); halt(); show("Stopped."); };
stop.onclick = halt;
source.addEventListener("end", () => removeEventListener("pagehide", leave));
addEventListener("pagehide", leave);
"""


async def lifespan(_app):
    yield
    for answer in answers.values():
        answer.task.cancel()


app = FastHTML(
    default_hdrs=False,
    canonical=False,
    hdrs=(
        charset,
        viewport,
        Link(rel="stylesheet", href="https://cdn.jsdelivr.net/npm/@picocss/pico@2.1.1/css/pico.classless.min.css"),
    ),
    htmlkw={"lang": "en"},
    lifespan=lifespan,
    sess_cls=None,
)
app.max_body_size = 10_000  # bytes
answers: dict[str, Answer] = {}  # by names that nobody can guess


@app.get("/")
def index(answer: str = ""):
    prompt = Input(
        name="prompt", aria_label="Your question", placeholder="Your question", required=True, maxlength=MAX_PROMPT
    )
    stop = Button("Stop", id="stop", type="button", disabled=True)
    is_there = answer in answers
    state = "Connecting …" if is_there else "This answer is not there any more." if answer else "Nobody has asked."
    form = Form(action="ask", method="post", autocomplete="off", style=IN_SIGHT)(
        Fieldset(prompt, Button("Ask"), stop, role="group"), Output(state)
    )
    if not is_there:
        return Titled("Ask a model", form)
    return Titled("Ask a model", form, Article(data_stream=f"answers/{answer}"), Script(SCRIPT, type="module"))


@app.post("/ask")
async def ask(request, prompt: str):
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    is_ours = site == "same-origin" if site else not origin or origin.partition("://")[2] == request.url.netloc
    if not is_ours:
        return Response("Another site must not spend what our answers cost.", status_code=403)
    if len(answers) >= MAX_ANSWERS:
        return Response("Too many have asked. Ask again in a minute.", status_code=503, headers={"Retry-After": "60"})
    name = new_name()
    answers[name] = Answer(words(prompt[:MAX_PROMPT]))
    answers[name].task.add_done_callback(lambda _: get_running_loop().call_later(KEPT, answers.pop, name, None))
    return Response(status_code=303, headers={"Location": f"./?answer={name}"})


def new_name() -> str:
    return token_urlsafe(16)


class Closing(StreamingResponse):
    """A response that closes its stream in the end: if it is cancelled while it sends, Python would do so sometime."""

    async def __call__(self, scope, receive, send) -> None:
        async with aclosing(self.body_iterator):
            await super().__call__(scope, receive, send)


@app.get("/answers/{name}")
async def stream(request, name: str):
    if not (answer := answers.get(name)):
        return Response("This answer is not there any more.", status_code=404)
    seen = request.headers.get("last-event-id", "")
    position = int(seen) if re.fullmatch("[0-9]{1,9}", seen) else 0
    if answer.over and position == answer.last:
        return Response(status_code=204)
    changes = answer.read(position) if request.method == "GET" else ()
    return Closing(changes, headers=HEADERS, media_type="text/event-stream")


@app.post("/answers/{name}/stop")
async def stop(name: str):
    if answer := answers.get(name):
        answer.task.cancel()
    return Response(status_code=204)
