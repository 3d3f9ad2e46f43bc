"""What the tests of `<live-example>` share: a recording, and a stand-in for the runtime that they direct."""

from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Locator, Page, expect

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
TITLE = "A stream that counts"
PAGE = """<main><h1>Counting</h1><div></div></main><script>
  const source = new EventSource("numbers");
  source.addEventListener("number", ({ data }) => document.querySelector("div").insertAdjacentHTML("beforeend", data));
</script>"""
EVENT_STREAM = [["content-type", "text/event-stream"]]


def exchange(chunks: list[tuple[int, str]], **changes: Any) -> dict[str, Any]:
    return {
        "method": "GET",
        "path": "/numbers",
        "requestHeaders": [["accept", "text/event-stream"]],
        "status": 200,
        "headers": EVENT_STREAM,
        "start": 0,
        "chunks": chunks,
        "end": chunks[-1][0] if chunks else 0,
        "endedBy": "server",
    } | changes


PROGRAM = '"""Numbers."""\n\napp = None\n'
APP = "<main><h1>Counting</h1><p>one</p><button>Press</button></main><script>document.title += '!'</script>"
# The interface of the real runtime. `fake` notes what was asked of it, and lets a test say what happens.
RUNTIME = """
import { EventStreams } from "./event-stream.js";
export const obstacle = async () => fake.obstacle ?? null;
export const prepare = async () => void (fake.prepared = (fake.prepared ?? 0) + 1);
export async function start(example, options) {
  const note = (what) => async (...values) => void fake.calls.push([what, ...values]);
  fake.calls.push(["start", example, options.path, options.files ?? null, JSON.stringify(options.cable)]);
  options.onprogress("Fetching Python", 0.25);
  await fake.gate;
  fake.print = options.onprint;
  fake.flood = options.onflood;
  if (fake.printed) fake.print(fake.printed);
  if (fake.error) throw fake.error;
  const running = new EventTarget();
  const cable = ["cut", "mend", "delay", "rate", "hold", "answer", "restart"].map((name) => [name, note(name)]);
  const streams = new EventStreams();
  fake.emit = (type, detail) =>
    running.dispatchEvent(new CustomEvent(type, { detail: type === "wire" ? streams.read(detail) : detail }));
  if (fake.restart) cable.push(["restart", () => Promise.reject(new Error(fake.restart))]);
  const urlFor = (...reader) => `app.html?${reader}`;
  const check = async (see, messages) => ((fake.checked = { see, messages }), fake.missing);
  const more = { url: "app.html", urlFor, cable: Object.fromEntries(cable), stop: note("stop"), now: 0, check };
  return Object.assign(running, more);
}
globalThis.fake ??= { calls: [] };
"""

NUMBERS = [(100 * n, f": a comment\nevent: number\nid: {n}\ndata: <p>number {n}</p>\n\n") for n in range(4)]
TASK = """<nav class="contents"><ol><li><a href="./">A lesson</a></li></ol></nav>
<live-exercise number="2" example="numbers" definition="app"><div class="task"><p class="task-number">Task 2</p>
<p>Say <code>1</code>.</p></div><details><summary>Hint</summary><p>Here.</p></details>
<details><summary>Solution</summary><pre class="difference" tabindex="0"><del>-a</del></pre></details>
<script type="application/json">[{"is": "Seen", "kind": "app"}]</script></live-exercise>"""


def messages(live: Locator) -> Locator:
    return live.frame_locator("iframe").locator("p")


def wire(live: Locator) -> Locator:
    return live.get_by_role("list", name="Wire").get_by_role("listitem")


def run(live: Locator) -> None:
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live).to_have_attribute("state", "running")


def calls(page: Page) -> list[list[Any]]:
    return list(page.evaluate("globalThis.fake?.calls ?? []"))


def emit(page: Page, *messages: dict[str, Any]) -> None:
    page.evaluate("messages => messages.forEach((message) => fake.emit('wire', message))", messages)


def connect(page: Page, **source: int) -> None:
    request = {"kind": "request", "connection": 1, "time": 10, "method": "GET", "path": "/numbers", "headers": []}
    response = {"kind": "response", "connection": 1, "time": 20, "status": 200, "headers": EVENT_STREAM}
    emit(page, request | source, response)


def violations(page: Page) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run('live-example', {resultTypes: ['violations']})")
    return [f"{rule['id']}: {node['html']}" for rule in found["violations"] for node in rule["nodes"]]


def violations_in_both_themes(page: Page) -> list[str]:
    """What axe finds in light, and then in dark."""
    found = []
    for scheme in THEMES:
        page.emulate_media(color_scheme=scheme)
        found += [f"{scheme}: {each}" for each in violations(page)]
    return found
