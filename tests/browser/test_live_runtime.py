"""The running server in a page: a real bundle, behind a plain file server under a path prefix, in Chromium."""

import functools
import random
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page

from benchmarks.static import serving
from streamside import catalogue
from streamside.site import bundle, deployment
from tests.patience import PATIENCE

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("live")]

PREFIX = "/some/prefix/"
LABORATORY = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Laboratory</title>
<link rel="icon" href="data:,">
<script type="module">
import * as runtime from "./live/page/runtime.js";
Object.assign(window, { runtime, runs: [], steps: [] });
window.run = async (example, options = {}) => {
  const running = await runtime.start(example, { onprogress: (...step) => steps.push(step), ...options });
  const frame = document.createElement("iframe");
  const run = { running, frame, wire: [], log: "", ended: null };
  running.addEventListener("wire", ({ detail }) => run.wire.push(detail));
  running.addEventListener("log", ({ detail }) => { run.log += `${detail.text}\\n`; });
  running.addEventListener("ended", ({ detail }) => { run.ended = detail.why; });
  frame.src = running.url;
  await new Promise((resolve) => { frame.onload = resolve; document.body.append(frame); });
  return runs.push(run) - 1;
};
window.ready = true;
</script>"""


class Files(SimpleHTTPRequestHandler):
    """Plain files below the prefix, and nothing elsewhere."""

    timeout = 2  # seconds: browsers open connections in advance, and some are never used

    def translate_path(self, path: str) -> str:
        return super().translate_path(path.removeprefix(PREFIX.rstrip("/")) if path.startswith(PREFIX) else "/nothing")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    bundle.build(folder)
    (folder / "index.html").write_text(LABORATORY)
    deployment.complete(folder)
    return folder


@pytest.fixture
def host(built: Path) -> Iterator[str]:
    """The site's address."""
    with serve_files(built) as url:
        yield url


class FileServer(ThreadingHTTPServer):
    """Waits for its connections when it is closed."""

    daemon_threads = False


@contextmanager
def serve_files(folder: Path) -> Iterator[str]:
    with FileServer(("127.0.0.1", 0), functools.partial(Files, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
        finally:
            server.shutdown()
            thread.join()


class Laboratory:
    """The test page, and what runs in it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self) -> None:
        self.page.goto(self.url)
        self.page.wait_for_function("window.ready")

    def clear(self) -> None:
        """Stop what runs, and take it out of the page."""
        self.page.evaluate("Promise.all(runs.splice(0).map(({ running, frame }) => (frame.remove(), running.stop())))")

    def run(self, program: str | None = None, name: str = "program", **options: Any) -> "Run":
        """Run a program, or the example of that name, and wait until its page is there."""
        if program is not None:
            options["source"] = program
        number = self.page.evaluate("([name, options]) => run(name, options)", [name, options])
        return Run(self.page, number)


class Run:
    """One running server."""

    def __init__(self, page: Page, number: int) -> None:
        self.page = page
        self.name = f"runs[{number}]"

    def frame(self) -> Any:
        return self.page.frame_locator("iframe").nth(int(re.sub(r"\D", "", self.name)))

    def inside(self, script: str) -> Any:
        """Evaluate in the frame."""
        return self.page.evaluate(f"(script) => {self.name}.frame.contentWindow.eval(script)", script)

    def call(self, expression: str) -> Any:
        """`running.…`, awaited."""
        return self.page.evaluate(f"async () => await {self.name}.running.{expression}")

    def wait(self, condition: str) -> None:
        """Until a condition on `run` holds."""
        try:
            self.page.wait_for_function(f"() => {{ const run = {self.name}; return {condition}; }}")
        except Error as error:
            raise AssertionError(f"{condition}\n{self.log}\n{self.wire()[-12:]}") from error

    def wait_for_log(self, text: str) -> None:
        self.page.wait_for_function(f"(text) => {self.name}.log.includes(text)", arg=text)

    @property
    def log(self) -> str:
        return str(self.page.evaluate(f"{self.name}.log"))

    def wire(self, **wanted: Any) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.page.evaluate(f"{self.name}.wire")
        return [each for each in messages if all(each.get(key) == value for key, value in wanted.items())]


@pytest.fixture
def fresh(page: Page, host: str) -> Laboratory:
    """A laboratory into which nobody has brought Python yet."""
    opened = Laboratory(page, host)
    opened.open()
    return opened


@pytest.fixture(scope="module")
def common(visitor: Page, built: Path) -> Iterator[Laboratory]:
    with serving(built) as url:
        opened = Laboratory(visitor, url)
        opened.open()
        yield opened


@pytest.fixture
def laboratory(common: Laboratory) -> Iterator[Laboratory]:
    """The laboratory of all the tests to which it is the same what ran before: starting Python takes seconds."""
    yield common
    common.clear()


# What the tests run: a page that listens, and a stream that counts with ids and says when it is over.
COUNTER = '''
import asyncio
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route

PAGE = """<!doctype html><html lang="en"><head><title>Counter</title></head><body><script>
const events = [];
const listen = (url = "stream") => {
  const source = new EventSource(url);
  source.onmessage = (event) => events.push(event.data);
  source.addEventListener("number", (event) => events.push(event.data));
  return source;
};
let source = listen();
</script></body></html>"""

def page(request):
    return HTMLResponse(PAGE)

async def numbers(first, pause):
    print("begin", first)
    try:
        yield "retry: 20\\n\\n"
        number = first
        while True:
            yield f"event: number\\nid: {number}\\ndata: {number}\\n\\n"
            number += 1
            await asyncio.sleep(pause)
    finally:
        print("finally")

def stream(request):
    first = int(request.headers.get("last-event-id", -1)) + 1
    return StreamingResponse(numbers(first, 0.01), media_type="text/event-stream")

app = Starlette(routes=[Route("/", page), Route("/stream", stream)])
'''


def test_a_page_with_an_obstacle_says_so_in_one_sentence(fresh: Laboratory) -> None:
    assert fresh.page.evaluate("runtime.obstacle()") is None
    fresh.page.evaluate(
        "Object.defineProperty(navigator.serviceWorker, 'getRegistration', { value: async () => { throw 1; } })"
    )
    assert "service worker" in fresh.page.evaluate("runtime.obstacle()")
    fresh.page.evaluate("delete globalThis.DecompressionStream")
    assert "too old" in fresh.page.evaluate("runtime.obstacle()")


def test_the_first_example_streams_into_its_page(fresh: Laboratory) -> None:
    run = fresh.run(name="basic_stream")
    run.wait("run.wire.some((each) => each.what === 'error')")
    events = run.wire(kind="source", what="event")[:11]
    assert [event["data"] for event in events] == [*(f"<p>message number {n}</p>" for n in range(10)), "<p>DONE</p>"]
    assert run.frame().locator("p").count() >= 11
    request = run.wire(kind="request", path="/sse-stream")[0]
    # None comes before its time, and the first one not with the last.
    times = [event["time"] - request["time"] for event in events]
    assert all(time > 500 * number - 50 for number, time in enumerate(times)), times
    assert times[0] < 5000
    assert dict(request["headers"])["accept"] == "text/event-stream"
    chunks = run.wire(kind="chunk", connection=request["connection"])
    assert "".join(chunk["text"] for chunk in chunks).startswith("event: progress\ndata: <p>message number 0</p>\n\n")
    stream = f"each.connection === {request['connection']}"
    run.wait(f"run.wire.some((each) => each.kind === 'end' && each.by === 'server' && {stream})")
    steps = fresh.page.evaluate("steps")
    assert [fraction for _, fraction in steps] == sorted(fraction for _, fraction in steps)
    assert {step for step, _ in steps} == {"Fetching Python", "Starting Python", "Starting the server", "Running"}
    run.wait("run.wire.filter((each) => each.kind === 'request').length >= 3")  # the browser comes back
    error = run.wire(kind="source", what="error")[0]
    again = run.wire(kind="request")[2]
    assert error["retryIn"] == 3000
    assert again["time"] - error["time"] > 2500
    assert again["source"] == request["source"]


def test_all_examples_for_the_page_run_in_it_at_once(laboratory: Laboratory) -> None:
    for example in catalogue.examples():
        if not example.obstacle:
            run = laboratory.run(name=example.name)
            run.frame().locator("h1").wait_for()
            assert "Traceback" not in run.log


@pytest.mark.parametrize(
    "leave",
    [
        "(run) => run.frame.contentWindow.eval('source.close()')",
        "(run) => run.frame.remove()",
        "(run) => { run.frame.src = 'about:blank'; }",
        "(run) => run.running.cable.cut()",
        "(run) => run.running.cable.restart()",
        "(run) => run.running.stop()",
    ],
)
def test_whoever_leaves_cancels_the_generator(laboratory: Laboratory, leave: str) -> None:
    run = laboratory.run(COUNTER)
    run.wait("run.wire.filter((each) => each.what === 'event').length > 3")
    assert "finally" not in run.log
    laboratory.page.evaluate(f"({leave})({run.name})")
    run.wait_for_log("finally")
    assert "Traceback" not in run.log


def test_no_event_is_lost_or_doubled_over_fifty_cuts(laboratory: Laboratory) -> None:
    run = laboratory.run(COUNTER)
    pauses = [random.Random(4).randint(0, 60) for _ in range(50)]
    laboratory.page.evaluate(
        f"""async (pauses) => {{
          const {{ running: {{ cable }}, frame: {{ contentWindow }} }} = {run.name};
          const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
          for (const pause of pauses) {{
            const count = contentWindow.eval("events.length");
            while (contentWindow.eval("events.length") === count) await wait(10);
            await wait(pause);
            await cable.cut();
            await cable.mend();
          }}
        }}""",
        pauses,
    )
    events = [int(number) for number in run.inside("events")]
    assert len(events) >= 50
    assert events == list(range(len(events)))
    run.wait("run.wire.filter((each) => each.kind === 'end' && each.by === 'network').length >= 50")
    reconnects = [dict(each["headers"]) for each in run.wire(kind="request", path="/stream")][1:]
    assert all("last-event-id" in headers for headers in reconnects if headers), reconnects


def test_only_the_browsers_own_reconnect_says_the_last_event_id(laboratory: Laboratory) -> None:
    run = laboratory.run(COUNTER)
    run.wait("run.wire.filter((each) => each.what === 'event').length > 3")
    run.inside("source.close()")
    run.inside("source = listen(); 0")  # the same address, a new event source
    run.wait("run.log.split('begin 0').length === 3")
    run.call("cable.cut()")
    run.wait("run.wire.some((each) => each.what === 'error')")
    [error] = run.wire(what="error")[:1]
    assert error["retryIn"] == 20
    run.call("cable.mend()")
    run.wait("run.log.split('begin').length === 4")
    assert re.search(r"begin [1-9]", run.log)
    request = run.wire(kind="request", path="/stream")[-1]
    assert dict(request["headers"])["last-event-id"] == error["willSend"]


def test_who_waits_in_a_cut_cable_is_told_at_once(laboratory: Laboratory) -> None:
    run = laboratory.run(COUNTER)
    run.wait("run.wire.some((each) => each.what === 'event')")
    run.call("cable.cut()")
    run.wait("run.wire.some((each) => each.kind === 'waiting')")
    [waiting] = run.wire(kind="waiting")
    assert (waiting["method"], waiting["path"], waiting["source"]) == ("GET", "/stream", 1)
    run.call("cable.mend()")
    run.wait("run.wire.filter((each) => each.what === 'open').length === 2")
    assert run.wire(kind="request")[-1]["connection"] == waiting["connection"]


def test_the_event_source_of_the_page_is_as_before(laboratory: Laboratory) -> None:
    run = laboratory.run(COUNTER)
    assert re.search(r"/program-\d+/stream$", run.inside("source.url"))
    assert (
        run.inside("source instanceof EventSource && EventSource.CLOSED === 2 && source.constructor.name")
        == "EventSource"
    )
    assert run.inside("new EventSource('stream?a=1#b').url").endswith("/stream?a=1#b")
    assert run.inside("try { new EventSource('http://[') } catch (error) { error.name }") == "SyntaxError"


WORKER = (
    COUNTER.replace("HTMLResponse,", "HTMLResponse, Response,")
    .replace('Route("/", page)', 'Route("/", page), Route("/worker.js", lambda request: worker(request))')
    .replace(
        "let source = listen();",
        "const worker = new Worker('worker.js'); worker.onmessage = (event) => events.push(event.data);",
    )
    + """
def worker(request):
    # Named, or it may be forgotten while it waits to reconnect: nobody listens to its open, message and error.
    script = "const source = new EventSource('stream'); source.addEventListener('number', tell)"
    script += "; function tell(event) { postMessage(event.data); }"
    return Response(script, media_type="text/javascript")
"""
)


def test_an_event_source_in_a_worker_connects_again_after_a_cut(laboratory: Laboratory) -> None:
    run = laboratory.run(WORKER)
    run.wait("run.frame.contentWindow.eval('events').length > 3")
    run.call("cable.cut()")
    run.inside("events.length = 0")
    run.call("cable.mend()")
    run.wait("run.frame.contentWindow.eval('events').length > 3")
    run.inside("worker.terminate()")
    run.wait("run.log.split('finally').length === 3")


CABLE = COUNTER.replace("asyncio.sleep(pause)", "asyncio.sleep(0.05)")


def test_a_cable_can_be_slow_late_and_hold_everything_back(laboratory: Laboratory) -> None:
    run = laboratory.run(CABLE, cable={"delay": 400})
    run.wait("run.wire.filter((each) => each.what === 'event').length > 3")
    request, response = run.wire(kind="request", path="/stream")[0], run.wire(kind="response")[1]
    assert response["time"] - request["time"] > 390
    run.call("cable.delay(0)")
    run.call("cable.hold(true)")
    held = -1
    while held < (held := len(run.wire(kind="chunk"))):  # what was on its way may still arrive
        laboratory.page.wait_for_timeout(600)
    run.call("cable.hold(false)")
    run.wait(f"run.wire.filter((each) => each.kind === 'chunk').length > {held + 8}")
    run.call("cable.rate(100)")
    run.wait("run.wire.filter((each) => each.kind === 'chunk' && each.text.length <= 10).length > 12")
    pieces = [chunk for chunk in run.wire(kind="chunk") if len(chunk["text"]) <= 10]
    speed = 1000 * sum(len(piece["text"]) for piece in pieces[1:]) / (pieces[-1]["time"] - pieces[0]["time"])
    assert speed < 110


def test_the_next_answer_can_be_503_or_204(laboratory: Laboratory) -> None:
    run = laboratory.run(COUNTER)
    run.call("cable.answer(503)")
    run.call("cable.cut()")
    run.call("cable.mend()")
    run.wait("run.wire.some((each) => each.what === 'error' && each.readyState === 2)")
    run.wait("run.wire.some((each) => each.status === 503)")
    run.call("cable.answer(204)")
    run.inside("source = listen(); 0")
    run.wait("run.wire.filter((each) => each.what === 'error' && each.readyState === 2).length === 2")
    run.wait("run.wire.some((each) => each.status === 204)")
    run.inside("source = listen(); 0")  # once only
    run.wait("run.wire.at(-1).what === 'event'")


def test_a_restarted_server_begins_anew_and_its_clients_return(laboratory: Laboratory) -> None:
    run = laboratory.run(COUNTER)
    run.wait("run.wire.filter((each) => each.what === 'event').length > 3")
    run.call("cable.restart()")
    run.wait("run.log.split('begin').length === 3")
    run.wait("run.wire.some((each) => each.why === 'The server was stopped.')")


def test_204_ends_a_stream_for_good(laboratory: Laboratory) -> None:
    run = laboratory.run(
        COUNTER.replace(
            "    first =",
            "    if 'last-event-id' in request.headers:\n        return Response(status_code=204)\n    first =",
        ).replace("HTMLResponse,", "HTMLResponse, Response,")
    )
    run.wait("run.wire.filter((each) => each.what === 'event').length > 3")
    run.call("cable.cut()")
    run.call("cable.mend()")
    run.wait("run.wire.some((each) => each.what === 'error' && each.readyState === 2)")
    run.wait("run.wire.some((each) => each.status === 204)")
    assert run.wire(kind="end", by="server")


VISITS = """
from fasthtml.common import FastHTML, Form, H1, Input, Button, RedirectResponse, Response, P, A

app = FastHTML(default_hdrs=False, secret_key="for the test")

@app.get("/")
def index(session):
    session["visits"] = session.get("visits", 0) + 1
    return H1(f"visit {session['visits']}"), Form(Input(name="word"), Button("Send"), method="post", action="word")

@app.post("/word")
def word(session, word: str):
    session["word"] = word
    return RedirectResponse("/said", status_code=303)

@app.get("/said")
def said(session):
    return P(f"said {session['word']} after {session['visits']}"), A("absolute", href="/")

@app.get("/gone")
def gone():
    return RedirectResponse("/said")

@app.get("/sent")
def sent():
    return Response(headers={"HX-Redirect": "/said?x=1", "HX-Location": "said"})
"""


def test_cookies_forms_redirects_and_absolute_paths(laboratory: Laboratory) -> None:
    run = laboratory.run(VISITS)
    frame = run.frame()
    frame.locator("h1", has_text="visit 1").wait_for()
    frame.locator("input").fill("Grüße & mehr")
    frame.locator("button").click()
    frame.locator("p", has_text="said Grüße & mehr after 1").wait_for()
    assert re.search(r"/program-\d+/said$", run.inside("location.pathname"))
    assert run.inside("fetch('/said').then((response) => response.text())").count("said Grüße") == 1
    assert run.inside("fetch('gone').then((response) => response.url)").endswith("/said")
    sent = "fetch('sent').then(({ headers }) => ['hx-redirect', 'hx-location'].map((name) => headers.get(name)))"
    redirect, there = run.inside(sent)
    assert re.search(r"/program-\d+/said\?x=1$", redirect)
    assert there == "said"
    run.inside("location.href = document.baseURI.replace('said', ''); 0")
    frame.locator("h1", has_text="visit 2").wait_for()
    without = "fetch('./', { credentials: 'omit' }).then((response) => response.text())"
    assert ["visit 1" in run.inside(without) for _ in range(2)] == [True, True]  # neither sent nor stored
    other = laboratory.run(VISITS)
    other.frame().locator("h1", has_text="visit 1").wait_for()  # a visitor of another server has other cookies


LINKS = """
from fasthtml.common import A, Button, FastHTML, Form, H1, Input, Script

app = FastHTML(default_hdrs=False)

@app.get("/deep/index")
def index():
    link = A("Link", href="/there?by=link#part", id="link")
    unlike = A("No link", href="/mistake", onclick="said = this.getAttribute('href'); return false", id="unlike")
    form = Form(action="/there", method="post", id="form")(
        Input(name="by", value="form"), Button("Send"), Button("Look", formaction="/there", formmethod="get", id="look")
    )
    return H1("Links"), link, A("New", href="/there?by=tab", target="_blank", id="new"), unlike, form

@app.route("/there", methods=["GET", "POST"])
def there(request, by: str):
    return H1(f"{request.method} by {by}"), Script("document.body.append(location.hash)")
"""


@pytest.mark.parametrize(
    ("leave", "arrived"),
    [
        ("document.getElementById('link').click()", "GET by link"),
        ("document.getElementById('form').requestSubmit()", "POST by form"),
        ("document.getElementById('form').submit()", "POST by form"),
        ("document.getElementById('look').click()", "GET by form"),
        ("location = '/there?by=script'; 0", "GET by script"),
    ],
)
def test_what_leads_to_an_absolute_path_stays_in_the_example(laboratory: Laboratory, leave: str, arrived: str) -> None:
    run = laboratory.run(LINKS, path="/deep/index")
    run.inside(leave)
    run.frame().locator("h1", has_text=arrived).wait_for()
    assert re.search(r"/program-\d+/there", run.inside("location.pathname"))
    if "link" in arrived:
        assert "#part" in run.inside("document.body.textContent")
        run.inside("history.back()")
        run.frame().locator("h1", has_text="Links").wait_for()
        assert run.inside("document.getElementById('link').getAttribute('href')") == "/there?by=link#part"


def test_links_do_what_the_page_and_its_reader_want_of_them(laboratory: Laboratory) -> None:
    run = laboratory.run(LINKS, path="/deep/index")
    run.frame().locator("#unlike").click()
    assert run.inside("said") == "/mistake"
    for name, options in (("#new", {}), ("#link", {"modifiers": ["ControlOrMeta"]}), ("#link", {"button": "middle"})):
        with laboratory.page.context.expect_page() as opening:
            run.frame().locator(name).click(**options)
        opening.value.locator("h1", has_text="GET by").wait_for()
        assert re.search(r"/program-\d+/there", opening.value.url)
    assert run.frame().locator("h1", has_text="Links").count()


SEVERAL = """
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

HTMX = "https://cdn.jsdelivr.net/npm/htmx.org@2.0.7/dist/htmx.min.js"
ASK = f"Promise.all(['/absolute', '{HTMX}'].map((url) => fetch(url).then((answer) => answer.text())))"
WORKER = f"onmessage = () => {ASK}.then((texts) => postMessage(texts))"
SRCDOC = f"<script>ask = () => {ASK}</script>"
PAGE = f'<!doctype html><title>Several</title><script>ask = () => {ASK}</script><iframe srcdoc="{SRCDOC}"></iframe>'

app = Starlette(routes=[
    Route("/", lambda request: HTMLResponse(PAGE)),
    Route("/absolute", lambda request: PlainTextResponse("the example's")),
    Route("/worker.js", lambda request: Response(WORKER, media_type="text/javascript")),
    Route("/utf-16", lambda request: HTMLResponse("<title>T</title><h1>Grüße</h1>".encode("utf-16"))),
])
"""
ASKING = {
    "page": "ask()",
    "srcdoc": "frames[0].ask()",
    "worker": """new Promise((resolve) => {
      globalThis.worker ??= new Worker("worker.js");
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage(null);
    })""",
}


def test_what_an_examples_page_asks_for_is_the_examples_also_after_the_service_worker_was_stopped(
    fresh: Laboratory,
) -> None:
    run = fresh.run(SEVERAL)
    session = fresh.page.context.new_cdp_session(fresh.page)
    session.send("ServiceWorker.enable")
    for _ in range(2):
        for who, ask in ASKING.items():
            own, htmx = run.inside(ask)
            assert own == "the example's", who
            assert "htmx" in htmx, who
        session.send("ServiceWorker.stopAllWorkers")


def test_a_page_in_utf_16_arrives_as_it_is(laboratory: Laboratory) -> None:
    run = laboratory.run(SEVERAL, path="/utf-16")
    assert run.frame().locator("h1").inner_text() == "Grüße"


def test_two_examples_share_one_python(laboratory: Laboratory) -> None:
    first, second = laboratory.run(COUNTER), laboratory.run(COUNTER)
    second.wait("run.wire.filter((each) => each.what === 'event').length > 3")
    assert len(laboratory.page.workers) == 1
    first.call("stop()")
    first.wait_for_log("finally")
    count = len(second.wire(what="event"))
    second.wait(f"run.wire.filter((each) => each.what === 'event').length > {count + 5}")
    assert "finally" not in second.log
    assert "begin" in first.log
    first.wait("run.wire.filter((each) => each.kind === 'end' && each.by === 'server').length === 2")  # page, stream


@pytest.mark.parametrize(
    ("program", "message", "line"),
    [
        ("app = 1\ndef f(:\n", "SyntaxError: invalid syntax", 2),
        ("\n\nimport numpy\n", "There is no module “numpy” in this page: it has the tutorial's own packages only.", 3),
        ("def f():\n    return 1 / 0\n\nf()\n", "ZeroDivisionError: division by zero", 2),
        ("x = 1\n", "The example has no “app”: the server needs an ASGI application of that name.", None),
    ],
)
def test_a_program_that_does_not_start(laboratory: Laboratory, program: str, message: str, line: int | None) -> None:
    failure = laboratory.page.evaluate(
        "(source) => run('program', { source }).catch(({ name, message, line }) => ({ name, message, line }))", program
    )
    assert failure == {"name": "StartError", "message": message, "line": line}
    laboratory.run(COUNTER).wait("run.log.includes('begin')")  # and another one does


def test_an_example_that_does_not_exist(laboratory: Laboratory) -> None:
    with pytest.raises(Error, match="The site has no example “nothing”"):
        laboratory.run(name="nothing")
    laboratory.run(COUNTER).wait("run.log.includes('begin')")  # and another one runs


LOOP = COUNTER.replace("            await asyncio.sleep(pause)", "            while number > 3: pass")


def test_an_endless_loop_does_not_keep_the_page_nor_stop(fresh: Laboratory) -> None:
    other, run = fresh.run(COUNTER), fresh.run(LOOP)
    run.wait("run.wire.filter((each) => each.what === 'event').length >= 2")
    assert fresh.page.evaluate("1 + 1") == 2
    run.call("stop()")
    other.wait("run.ended !== null")
    assert other.page.evaluate(f"{other.name}.ended") == "Python did not stop and was ended."
    fresh.run(COUNTER).wait("run.wire.filter((each) => each.what === 'event').length > 3")


def test_two_that_do_not_stop_are_both_ended(fresh: Laboratory) -> None:
    runs = [fresh.run(COUNTER), fresh.run(LOOP)]
    runs[1].wait("run.wire.filter((each) => each.what === 'event').length >= 2")
    stopped = "Promise.allSettled([runs[0].running.stop(), runs[1].running.stop()])"
    assert fresh.page.evaluate(f"{stopped}.then((all) => all.map(({{ status }}) => status))") == ["fulfilled"] * 2
    fresh.run(COUNTER).wait("run.wire.filter((each) => each.what === 'event').length > 3")


def test_a_run_waits_until_what_was_stopped_before_has_ended(fresh: Laboratory) -> None:
    run = fresh.run(LOOP)
    run.wait("run.wire.filter((each) => each.what === 'event').length >= 2")
    fresh.page.evaluate("void runs[0].running.stop()")
    fresh.run(COUNTER).wait("run.wire.filter((each) => each.what === 'event').length > 3")


GIVE_UP = """(source) => {
  const giveUp = new AbortController();
  const before = steps.length;
  const failed = run("program", { source, signal: giveUp.signal }).catch((error) => error.message);
  const isStarting = () => steps.slice(before).some(([step]) => step === "Starting the server");
  const waiting = setInterval(() => isStarting() && giveUp.abort(), 50);
  return failed.finally(() => clearInterval(waiting));
}"""


def test_an_endless_loop_while_starting_can_be_given_up(fresh: Laboratory) -> None:
    why = fresh.page.evaluate(GIVE_UP, "while True: pass")
    assert why == "Python did not stop and was ended."
    fresh.run(COUNTER).wait("run.log.includes('begin')")


WAITING = """
import asyncio

async def app(scope, receive, send):
    print("starting")
    try:
        await asyncio.Event().wait()
    finally:
        print("given up")
"""


def test_giving_up_what_does_not_start_leaves_the_others_alone(fresh: Laboratory) -> None:
    other = fresh.run(COUNTER)
    assert isinstance(fresh.page.evaluate(GIVE_UP, WAITING), str)
    count = len(other.wire(what="event"))
    other.wait(f"run.wire.filter((each) => each.what === 'event').length > {count + 5}")
    assert other.page.evaluate(f"{other.name}.ended") is None


def test_a_stream_without_await_lets_others_in_and_ends_with_its_client(laboratory: Laboratory) -> None:
    run = laboratory.run(COUNTER.replace("            await asyncio.sleep(pause)", "            pass"))
    run.wait("run.wire.filter((each) => each.what === 'event').length > 100")
    run.inside("source.close()")
    run.wait_for_log("finally")


LIFESPAN = COUNTER.replace(
    "app = Starlette(",
    """from contextlib import asynccontextmanager

@asynccontextmanager
async def lifespan(app):
    print("startup")
    yield
    print("shutdown")

app = Starlette(lifespan=lifespan, """,
)


def test_the_application_starts_up_and_shuts_down(laboratory: Laboratory) -> None:
    run = laboratory.run(LIFESPAN)
    run.wait_for_log("begin")
    run.call("stop()")
    run.wait_for_log("finally\nshutdown")


RARE = """
import random, time
from starlette.responses import PlainTextResponse

async def app(scope, receive, send):
    if scope["type"] == "http":
        time.sleep(0.01)
        import xmlrpc.client, email.mime.audio, tzdata
        await PlainTextResponse(f"{random.random()} {xmlrpc.client.dumps((1,))[:8]}")(scope, receive, send)
"""
SLOW = "performance.now = ((time) => () => (time += 1000))(0);"  # a second from each look at the clock to the next
QUICK = "performance.now = () => 0;"
SAVING = "Object.defineProperty(navigator, 'connection', { value: { saveData: true } });"
KEPT = """async (end) => {
  const kept = await (await caches.open("streamside /some/prefix/")).keys();
  return kept.some(({ url }) => url.endsWith(end));
}"""


@pytest.mark.parametrize(
    ("script", "left_out", "kept"),
    [
        (QUICK, "boot.zip", ["started.bin.packed"]),
        (SLOW, "started.bin", ["started.bin.packed", "boot.zip.packed"]),
        (SLOW + SAVING, "started.bin", ["boot.zip.packed"]),
    ],
    ids=["quick", "slow", "saving"],
)
def test_python_starts_from_what_comes_sooner_and_fetches_rare_modules_on_demand(
    fresh: Laboratory, script: str, left_out: str, kept: list[str]
) -> None:
    page, asked, numbers = fresh.page, [], set()
    page.on("request", lambda request: asked.append(request.url.rpartition("-")[2].removesuffix(".packed")))
    page.add_init_script(script)
    for visit in ("first", "second"):
        asked.clear()
        fresh.open()
        fresh.run(name="basic_stream").wait("run.wire.some((each) => each.what === 'event')")
        assert "all.zip" not in asked
        assert set(asked) & {*bundle.PACKED} == ({*bundle.PACKED} - {left_out} if visit == "first" else set())
        number, marshalled = fresh.run(RARE).inside("document.body.textContent").split()
        assert marshalled == "<params>"
        assert "all.zip" in asked
        numbers.add(number)
        for name in ("basic_stream.py", *kept):
            page.wait_for_function(KEPT, arg=name)
    assert page.evaluate(KEPT, "started.bin.packed") == ("started.bin.packed" in kept)
    assert len(numbers) == 2


def test_a_service_worker_that_was_stopped_asks_for_what_it_forgot(fresh: Laboratory) -> None:
    run = fresh.run(VISITS)
    run.frame().locator("h1", has_text="visit 1").wait_for()
    session = fresh.page.context.new_cdp_session(fresh.page)
    session.send("ServiceWorker.enable")
    session.send("ServiceWorker.stopAllWorkers")
    run.inside("location.reload()")
    run.frame().locator("h1", has_text="visit 2").wait_for()
    session.send("ServiceWorker.stopAllWorkers")
    run.call("cable.cut()")
    session.send("ServiceWorker.stopAllWorkers")
    assert run.inside("fetch('./').catch((error) => error.name)") == "TypeError"
    run.call("cable.mend()")
    assert "visit 3" in run.inside("fetch('./').then((response) => response.text())")


def test_a_service_worker_that_has_just_woken_up_answers_all_who_ask_at_once(fresh: Laboratory) -> None:
    run = fresh.run(VISITS)
    run.frame().locator("h1", has_text="visit 1").wait_for()
    session = fresh.page.context.new_cdp_session(fresh.page)
    session.send("ServiceWorker.enable")
    for _ in range(5):
        session.send("ServiceWorker.stopAllWorkers")
        asked = "Promise.all(Array.from({ length: 20 }, () => fetch('./').then((response) => response.text())))"
        assert all("visit" in text for text in run.inside(asked))


def test_a_second_visit_needs_no_network(fresh: Laboratory) -> None:
    fresh.run(name="basic_stream").wait("run.wire.some((each) => each.what === 'event')")
    fresh.page.wait_for_function(
        """async () => {
          const kept = (await (await caches.open("streamside /some/prefix/")).keys()).map((request) => request.url);
          const needed = ["/probe.js", "wasm.packed", "-started.bin.packed", "/basic_stream.py"];
          return needed.every((end) => kept.some((url) => url.endsWith(end)));
        }"""
    )
    context = fresh.page.context
    context.set_offline(True)
    fresh.open()
    fresh.run(name="basic_stream").wait("run.wire.filter((each) => each.what === 'event').length > 2")
    context.set_offline(False)


def test_a_page_that_is_left_stops_its_servers(fresh: Laboratory) -> None:
    run = fresh.run(COUNTER)
    run.wait_for_log("begin")
    assert len(fresh.page.workers) == 1
    fresh.page.goto("about:blank")
    while fresh.page.workers:  # or the test's time limit
        fresh.page.wait_for_timeout(20)
    fresh.page.go_back()
    fresh.page.wait_for_function("window.ready")


def test_tabs_are_independent(fresh: Laboratory) -> None:
    other = Laboratory(fresh.page.context.new_page(), fresh.url)
    other.page.set_default_timeout(1000 * PATIENCE)
    other.open()
    first, second = fresh.run(COUNTER), other.run(COUNTER)
    for run in (first, second):
        run.wait("run.wire.filter((each) => each.what === 'event').length > 3")
    second.call("cable.cut()")
    other.page.close()
    count = len(first.wire(what="event"))
    first.wait(f"run.wire.filter((each) => each.what === 'event').length > {count + 20}")
    assert "finally" not in first.log


STATES = """async () => {
  const { installing, waiting, active } = await navigator.serviceWorker.getRegistration();
  return [installing, waiting, active].map((worker) => worker?.state ?? "none").join(" ")"""


def test_a_new_deployment_replaces_the_service_worker(browser: Browser, built: Path, tmp_path: Path) -> None:
    page = browser.new_page()  # not the one whose requests Playwright routes: an update of a worker hangs in there
    shutil.copytree(built, tmp_path / "site")
    page.set_default_timeout(1000 * PATIENCE)
    with serve_files(tmp_path / "site") as url:
        laboratory = Laboratory(page, url)
        laboratory.open()
        old = laboratory.run(COUNTER)
        old.wait("run.wire.filter((each) => each.what === 'event').length > 3")
        worker = tmp_path / "site/service-worker.js"
        worker.write_text(worker.read_text().replace('"index.html":', '"another.html": "", "index.html":'))
        page.evaluate("navigator.serviceWorker.getRegistration().then((each) => void each.update())")
        page.wait_for_function(STATES + " === 'none installed activated'; }")
        count = len(old.wire(what="event"))
        old.wait(f"run.wire.filter((each) => each.what === 'event').length > {count + 5}")  # it is not disturbed
        laboratory.open()
        page.wait_for_function(STATES + " === 'none none activated'; }")
        laboratory.run(COUNTER).wait("run.wire.filter((each) => each.what === 'event').length > 3")
    page.context.close()
