"""A laboratory: a page that runs programs in a real bundle, behind a plain file server under a path prefix."""

import functools
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page

PREFIX = "/some/prefix/"
LABORATORY = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Laboratory</title>
<link rel="icon" href="data:,">
<script type="module">
import * as runtime from "./live/page/run-example.js";
Object.assign(window, { runtime, runs: [], steps: [] });
window.run = async (example, options = {}) => {
  const frame = document.createElement("iframe");
  const run = { running: null, frame, wire: [], log: "", floods: [], ended: null };
  const onprogress = (...step) => steps.push(step);
  const onprint = (lines) => { run.log += `${lines}\\n`; };
  const onflood = (sentence) => run.floods.push(sentence);
  const starting = runtime.start(example, { onprogress, onprint, onflood, ...options });
  const running = run.running = await starting.catch((error) => { throw Object.assign(error, { log: run.log }); });
  running.addEventListener("wire", ({ detail }) => run.wire.push(detail));
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
            options["files"] = {f"{name}.py": program}
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
            self.page.wait_for_function(f"() => {{ const run = {self.name}; return {condition}; }}", polling=50)
        except Error as error:
            raise AssertionError(f"{condition}\n{self.log}\n{self.wire()[-12:]}") from error

    def wait_for_log(self, text: str) -> None:
        self.page.wait_for_function(f"(text) => {self.name}.log.includes(text)", arg=text)

    @property
    def log(self) -> str:
        return str(self.page.evaluate(f"{self.name}.log"))

    @property
    def floods(self) -> list[str]:
        return list(self.page.evaluate(f"{self.name}.floods"))

    def wire(self, **wanted: Any) -> list[dict[str, Any]]:
        """The messages with these values, chosen in the page: there may be thousands, and more every moment."""
        chosen = f"""(wanted) => {self.name}.wire.filter(
            (each) => Object.entries(wanted).every(([key, value]) => each[key] === value))"""
        messages: list[dict[str, Any]] = self.page.evaluate(chosen, wanted)
        return messages


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
    return StreamingResponse(numbers(first, 0.03), media_type="text/event-stream")

app = Starlette(routes=[Route("/", page), Route("/stream", stream)])
'''


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
