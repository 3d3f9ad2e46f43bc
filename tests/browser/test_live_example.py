"""The custom element, on a page of its own: the recording plays, and a server (here a stand-in) runs."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from streamside.site.bundle import LIVE, write_as_one

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
TITLE = "A stream that counts"
PAGE = '<main><h1>Counting</h1><div sse-connect="numbers" sse-swap="number" hx-swap="beforeend"></div></main>'
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
export const obstacle = async () => fake.obstacle ?? null;
export async function start(example, options) {
  const note = (what) => async (...values) => void fake.calls.push([what, ...values]);
  fake.calls.push(["start", example, options.path, options.source ?? null, JSON.stringify(options.cable)]);
  options.onprogress("Fetching Python", 0.25);
  await fake.gate;
  if (fake.error) throw fake.error;
  const running = new EventTarget();
  const cable = ["cut", "mend", "delay", "rate", "hold", "answer", "restart"].map((name) => [name, note(name)]);
  fake.emit = (type, detail) => running.dispatchEvent(new CustomEvent(type, { detail }));
  if (fake.restart) cable.push(["restart", () => Promise.reject(new Error(fake.restart))]);
  return Object.assign(running, { url: "app.html", cable: Object.fromEntries(cable), stop: note("stop") });
}
globalThis.fake ??= { calls: [] };
"""

NUMBERS = [(100 * n, f": a comment\nevent: number\nid: {n}\ndata: <p>number {n}</p>\n\n") for n in range(4)]


@pytest.fixture(scope="session")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The editor, bundled as the site has it."""
    made = tmp_path_factory.mktemp("editor") / "editor.js"
    write_as_one(LIVE / "page/editor.js", made, "esm")
    return made


@pytest.fixture
def show(page: Page, serving: Callable[[Any], str], tmp_path: Path, editor: Path) -> Callable[..., Locator]:
    """`show(exchanges, page=…)` opens a page with one live example and returns the element, upgraded."""
    shutil.copytree(ROOT / "blog/live", tmp_path / "live")
    shutil.copytree(ROOT / "blog/theme", tmp_path / "theme")
    shutil.copy(editor, tmp_path / "live/page/editor.js")
    (tmp_path / "live/examples").mkdir()
    (tmp_path / "live/examples/numbers.py").write_text(PROGRAM)
    (tmp_path / "live/page/runtime.js").write_text(RUNTIME)
    (tmp_path / "app.html").write_text(f"<!doctype html><title>App</title><style>p {{ color: green }}</style>{APP}")
    url = serving(Starlette(routes=[Mount("/", StaticFiles(directory=tmp_path, html=True))]))

    def open_page(*exchanges: dict[str, Any], html: str = PAGE, attributes: str = "", upgrade: bool = True) -> Locator:
        recording = json.dumps({"page": html, "exchanges": exchanges}).replace("<", "\\u003c")
        script = '<script type="module" src="live/page/live-example.js"></script>' if upgrade else ""
        (tmp_path / "index.html").write_text(
            f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>A lesson</title>
            <meta name="viewport" content="width=device-width">
            <link rel="icon" href="data:,"><link rel="stylesheet" href="theme/streamside.css">
            <link rel="stylesheet" href="theme/live.css">{script}
            <main><h1>A lesson</h1><live-example example="numbers" title="{TITLE}" {attributes}>
            <pre class="transcript" tabindex="0">&gt; GET /numbers</pre>
            <script type="application/json">{recording}</script></live-example></main>"""
        )
        page.goto(url)
        if upgrade:
            expect(page.locator("live-example")).to_have_attribute("state", "idle")
        return page.locator("live-example")

    return open_page


def messages(live: Locator) -> Locator:
    return live.frame_locator("iframe").locator("p")


def wire(live: Locator) -> Locator:
    return live.get_by_role("list", name="Wire").get_by_role("listitem")


def test_without_javascript_the_transcript_stays(show: Callable[..., Locator]) -> None:
    live = show(exchange(NUMBERS), upgrade=False)
    expect(live.locator(".transcript")).to_be_visible()


def test_before_anything_is_started_the_whole_recording_is_shown(show: Callable[..., Locator]) -> None:
    live = show(exchange(NUMBERS))
    expect(messages(live)).to_have_text([f"number {n}" for n in range(4)])
    expect(live.locator(".transcript")).to_be_hidden()
    expect(wire(live).filter(has_text="event number")).to_have_count(4)
    expect(wire(live).filter(has_text="The server ended the response")).to_have_count(1)
    expect(wire(live).last).to_contain_text("again in 3.0 s")
    expect(wire(live).last).to_contain_text("will send Last-Event-ID: 3")
    assert live.locator("iframe").get_attribute("title") == TITLE


def test_playing_takes_the_time_that_the_stream_took(show: Callable[..., Locator], page: Page) -> None:
    page.clock.install()
    live = show(exchange(NUMBERS))
    expect(messages(live)).to_have_count(4)
    page.clock.pause_at("2030-01-01")
    live.get_by_role("button", name="Play").click()
    expect(messages(live)).to_have_count(1)
    page.clock.run_for(150)
    expect(messages(live)).to_have_count(2)
    live.get_by_role("button", name="Pause").click()
    page.clock.run_for(1000)
    expect(messages(live)).to_have_count(2)
    live.get_by_role("button", name="Play").click()
    page.clock.run_for(200)
    expect(messages(live)).to_have_count(4)
    expect(live.locator(".clock")).to_have_text("0.3 s of 0.3 s")
    live.get_by_role("button", name="Play").click()  # again
    expect(messages(live)).to_have_count(1)


def test_nothing_in_the_recorded_page_runs(show: Callable[..., Locator], page: Page) -> None:
    attack = "event: number\ndata: <img src=x onerror='parent.attacked = 1'><p>here</p>\n\n"
    live = show(exchange([(0, attack)], path="/numbers"), html=PAGE + "<script>parent.attacked = 1</script>")
    expect(messages(live)).to_have_text(["here"])
    assert page.evaluate("window.attacked") is None


def test_a_click_in_the_recording_swaps_what_it_fetched(show: Callable[..., Locator]) -> None:
    html = '<main><button hx-get="connection" hx-target="#place">Start</button><div id="place"></div></main>'
    fragment = '<div sse-connect="numbers?name=Ada" sse-swap="number" hx-swap="beforeend"></div>'
    html_type = [["content-type", "text/html; charset=utf-8"]]
    fetched = exchange([(0, fragment)], path="/connection", headers=html_type, requestHeaders=[])
    live = show(fetched, exchange(NUMBERS, path="/numbers?name=Ada"), html=html)
    expect(messages(live)).to_have_count(4)


def test_a_page_with_a_script_of_its_own_lists_the_events(show: Callable[..., Locator]) -> None:
    live = show(exchange(NUMBERS), html="<main><h1>Counting</h1></main>")
    expect(live.frame_locator("iframe").get_by_role("listitem")).to_have_count(4)


def test_a_closing_message_closes_and_204_ends(show: Callable[..., Locator]) -> None:
    closing = exchange([(0, "event: number\ndata: 1\n\nevent: done\ndata: x\n\n")])
    live = show(closing, html=PAGE.replace("sse-swap", 'sse-close="done" sse-swap'))
    expect(wire(live).last).to_contain_text("The server ended the response")
    expect(wire(live).filter(has_text="closed by the page")).to_have_count(1)
    again = exchange([], status=204, headers=[], start=3000, end=3000)
    live = show(exchange(NUMBERS), again)
    expect(wire(live).filter(has_text="new EventSource")).to_have_count(1)
    expect(wire(live).last).to_contain_text("it does not connect again")


def test_each_event_stands_beside_its_own_bytes(show: Callable[..., Locator], page: Page) -> None:
    burst = "event: number\ndata: 1\n\n: nothing\n\nevent: unheard\ndata: 2\n\nevent: number\ndata: 3\n\n"
    live = show(exchange([(0, burst)]))
    entries = live.locator(".received.bytes")
    told, heard = entries.locator(".browser.event .lines"), entries.filter(has=page.locator(".browser.event"))
    expect(told).to_have_text(['event numberdata "1"', 'event unhearddata "2"', 'event numberdata "3"'])
    expect(heard).to_contain_text(["data: 1", "data: 2", "data: 3"])
    run(live)
    connect(page, source=1)
    emit(page, {"kind": "chunk", "connection": 1, "time": 30, "text": burst})
    source = {"kind": "source", "source": 1, "url": "numbers", "readyState": 1, "what": "event", "type": "number"}
    emit(page, source | {"time": 31, "what": "open"})
    unheard = source | {"time": 32, "type": "unheard", "data": "2", "unheard": True}
    emit(page, source | {"time": 32, "data": "1"}, unheard, source | {"time": 33, "data": "3"})
    expect(wire(live).filter(has_text="200 OK").locator(".browser.open")).to_have_count(1)
    expect(told).to_have_text(['event numberdata "1"', 'event unhearddata "2"no listener', 'event numberdata "3"'])
    expect(heard).to_contain_text(["data: 1", "data: 2", "data: 3"])
    live.get_by_role("button", name="Clear").click()
    emit(page, {"kind": "chunk", "connection": 1, "time": 40, "text": burst})
    live.get_by_role("button", name="Clear").click()
    emit(page, source | {"time": 41, "data": "1"})  # its bytes are no longer shown
    expect(wire(live).locator(".lines")).to_have_text(['event numberdata "1"'])


def test_who_waits_in_a_cut_cable_is_shown_at_once(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    request = {"connection": 1, "method": "GET", "path": "/numbers"}
    emit(page, request | {"kind": "waiting", "time": 1000})
    expect(wire(live).locator(".lines")).to_have_text(["GET /numbers, waiting in the cut cable"])
    emit(page, request | {"kind": "request", "time": 5200, "headers": [["accept", "text/event-stream"]]})
    expect(wire(live)).to_have_count(1)
    expect(wire(live)).to_contain_text("waited 4.2 s in the cut cable")
    expect(wire(live)).not_to_contain_text("waiting")
    expect(wire(live).locator(".time")).to_have_text("5.2 s")


def test_where_streams_mingle_each_entry_says_whose_it_is(show: Callable[..., Locator]) -> None:
    live = show(exchange(NUMBERS))
    expect(wire(live).locator(".connection").first).to_be_hidden()
    live = show(exchange(NUMBERS), exchange(NUMBERS, path="/other"))
    labels = wire(live).filter(has_text="<p>number 1</p>").locator(".connection")
    expect(labels).to_have_text(["#1", "source 1", "#2", "source 2"])
    expect(labels.first).to_be_visible()


def test_a_line_cut_by_the_network_goes_on(show: Callable[..., Locator]) -> None:
    live = show(exchange([(0, "event: number\r\nda"), (100, "ta: x\r"), (200, "\n\r\n")]))
    lines = live.locator(".received.bytes > .lines .line")
    expect(lines).to_have_text(["event: number", "da", "ta: x", ""])
    expect(live.locator(".rest")).to_have_text("ta: x")
    expect(wire(live).filter(has_text='data "x"')).to_have_count(1)


def test_a_burst_stays_smooth_and_bounded(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange([(0, f"event: number\ndata: {n}\n\n") for n in range(2000)]))
    expect(wire(live)).to_have_count(500)
    expect(live.locator(".wire-note")).to_contain_text("earlier entries are no longer shown")
    expect(wire(live).last).to_contain_text("ready state CONNECTING")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(show: Callable[..., Locator], page: Page, width: int, scheme: Any) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    live = show(exchange(NUMBERS))
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    live.get_by_role("button", name="Play").press("Enter")
    assert violations(page) == []
    run(live)
    connect(page)
    emit(page, {"kind": "chunk", "connection": 1, "time": 30, "text": ": x\ndata: y\n\n"})
    live.get_by_role("button", name="Delay").click()
    live.get_by_role("button", name="Code", exact=True).click()
    live.get_by_role("textbox").focus()
    page.keyboard.insert_text("# a line\n" * 60)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def run(live: Locator) -> None:
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live).to_have_attribute("state", "running")


def calls(page: Page) -> list[list[Any]]:
    return list(page.evaluate("fake.calls"))


def emit(page: Page, *messages: dict[str, Any]) -> None:
    page.evaluate("messages => messages.forEach((message) => fake.emit('wire', message))", messages)


def connect(page: Page, **source: int) -> None:
    request = {"kind": "request", "connection": 1, "time": 10, "method": "GET", "path": "/numbers", "headers": []}
    response = {"kind": "response", "connection": 1, "time": 20, "status": 200, "headers": EVENT_STREAM}
    emit(page, request | source, response)


def test_run_boots_runs_and_stops(show: Callable[..., Locator], page: Page) -> None:
    page.add_init_script("globalThis.fake = {calls: [], gate: new Promise((open) => (globalThis.openGate = open))}")
    live = show(exchange(NUMBERS), attributes='path="/start" height="10rem"')
    live.get_by_role("button", name="Run", exact=True).press("Enter")
    expect(live).to_have_attribute("state", "booting")
    expect(live.get_by_role("status")).to_have_text("Fetching Python")
    expect(live.get_by_role("progressbar")).to_have_js_property("value", 0.25)
    expect(live.get_by_role("button", name="Stop")).to_be_focused()
    page.evaluate("openGate()")
    expect(live).to_have_attribute("state", "running")
    expect(live.get_by_role("status")).to_have_text("Running in this page")
    expect(live.frame_locator(f'iframe[title="{TITLE}"]').get_by_role("button", name="Press")).to_be_visible()
    expect(wire(live)).to_have_count(0)
    emit(page, {"kind": "source", "source": 1, "url": "numbers", "time": 5, "readyState": 0, "what": "created"})
    expect(live.locator(".wire-sources")).to_have_text("Event source 1: CONNECTING")
    live.get_by_role("button", name="Stop").press("Enter")
    expect(live).to_have_attribute("state", "stopped")
    expect(live.get_by_role("button", name="Run", exact=True)).to_be_focused()
    expect(live.get_by_role("button", name="Clear")).to_be_hidden()  # nothing comes any more
    expect(live.locator(".wire-sources")).to_be_empty()
    expect(messages(live)).to_have_text(["one"])  # what was shown last stays, as it looked, and nothing in it runs
    expect(messages(live)).to_have_css("color", "rgb(0, 128, 0)")
    assert live.locator("iframe").get_attribute("sandbox") == "allow-same-origin"
    assert [call[0] for call in calls(page)] == ["start", "stop"]
    assert calls(page)[0][1:4] == ["numbers", "/start", None]
    live.get_by_role("button", name="Reset").click()
    expect(live).to_have_attribute("state", "idle")
    expect(messages(live)).to_have_count(4)


def test_a_start_that_was_given_up_does_not_come_back(show: Callable[..., Locator], page: Page) -> None:
    page.add_init_script("globalThis.fake = {calls: [], gate: new Promise((open) => (globalThis.openGate = open))}")
    live = show(exchange(NUMBERS))
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live.get_by_role("status")).to_have_text("Fetching Python")
    live.get_by_role("button", name="Stop").click()
    page.evaluate("openGate()")
    page.wait_for_function("fake.calls.length === 2")
    assert calls(page)[1] == ["stop"]
    expect(live).to_have_attribute("state", "stopped")


def test_who_runs_before_the_recording_is_back_sees_the_server_alone(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    page.evaluate("""async () => {
      const live = document.querySelector("live-example");
      const button = (name) => [...live.querySelectorAll("button")].find((each) => each.textContent === name);
      button("Reset").click();
      while (live.getAttribute("state") !== "idle") await null;
      button("Run").click();
    }""")
    expect(live).to_have_attribute("state", "running")
    connect(page)
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 100))")  # by then the recording's frame has come
    expect(wire(live)).to_have_count(2)


def test_an_element_that_leaves_the_page_stops_its_server(show: Callable[..., Locator], page: Page) -> None:
    run(show(exchange(NUMBERS)))
    page.evaluate("document.querySelector('live-example').remove()")
    page.wait_for_function("fake.calls.at(-1)[0] === 'stop'")


def test_what_ends_python_elsewhere_is_told(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    page.evaluate("fake.emit('ended', {why: 'Python did not stop and was ended.'})")
    expect(live).to_have_attribute("state", "stopped")
    expect(live.locator(".live-note")).to_have_text("Python did not stop and was ended.")


def test_where_it_cannot_run_one_sentence_says_why_and_the_recording_plays(
    show: Callable[..., Locator], page: Page
) -> None:
    page.add_init_script("globalThis.fake = {calls: [], obstacle: 'This browser is too old.'}")
    live = show(exchange([*NUMBERS, (60_000, ": late\n")]))
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live.locator(".live-note")).to_have_text("This browser is too old.")
    expect(live).to_have_attribute("state", "idle")
    expect(live.get_by_role("button", name="Run", exact=True)).to_be_hidden()
    expect(live.get_by_role("status")).to_have_text("Playing the recording")
    expect(live.get_by_role("button", name="Pause")).to_be_visible()
    live = show(exchange(NUMBERS), attributes='obstacle="It needs a database."')
    expect(live.locator(".live-note")).to_have_text("It needs a database.")
    expect(live.get_by_role("button", name="Code")).to_be_hidden()
    expect(live.get_by_role("button", name="Run", exact=True)).to_be_hidden()


def test_the_cable_has_plain_buttons_and_presets(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS), attributes='cable="delay=500 hold"')
    run(live)
    assert calls(page)[0][4] == '{"delay":500,"hold":true}'
    cable = live.get_by_role("group", name="Cable")
    for name in ("Cut the cable", "Mend the cable", "Delay", "Limit the rate", "Hold everything back"):
        cable.get_by_role("button", name=name).press("Enter")
        expect(cable.get_by_role("button", name="Cable" if name.endswith("cable") else name)).to_be_focused()
    for name in ("Answer 503", "Answer 204", "Restart the server", "Delay"):
        cable.get_by_role("button", name=name).click()
    expect(live.get_by_role("status")).to_have_text("Everything comes 0.5 s later")
    asked = [["cut"], ["mend"], ["delay", 0], ["rate", 50], ["hold", False]]
    assert calls(page)[1:] == [*asked, ["answer", 503], ["answer", 204], ["restart"], ["delay", 500]]


def test_a_restart_that_fails_says_why(show: Callable[..., Locator], page: Page) -> None:
    page.add_init_script("globalThis.fake = {calls: [], restart: 'Python is gone.'}")
    live = show(exchange(NUMBERS))
    run(live)
    live.get_by_role("button", name="Restart the server").click()
    expect(live.get_by_role("status")).to_have_text("Python is gone.")


def test_the_wire_is_held_cleared_and_copied(show: Callable[..., Locator], page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    live = show(exchange(NUMBERS))
    run(live)
    connect(page)
    emit(page, {"kind": "chunk", "connection": 1, "time": 1234, "text": ": x\n\n"})
    expect(wire(live)).to_have_count(3)
    live.get_by_role("button", name="Pause").click()
    emit(page, {"kind": "chunk", "connection": 1, "time": 2000, "text": "data: later\n\n"})
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(wire(live)).to_have_count(3)
    live.get_by_role("button", name="Pause").click()
    expect(wire(live)).to_have_count(4)
    page.clock.install()
    page.clock.pause_at("2030-01-01")  # or it says so for a moment only
    live.get_by_role("button", name="Copy as text").click()
    expect(live.get_by_role("button", name="Copied")).to_be_visible()
    page.clock.resume()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == (
        "   0.0 s > GET /numbers\n   0.0 s < 200 OK\n   0.0 s < content-type: text/event-stream\n"
        "   1.2 s < : x\n   1.2 s <\n   2.0 s < data: later\n   2.0 s <\n"
    )
    live.get_by_role("button", name="Clear").click()
    expect(wire(live)).to_have_count(0)
    emit(page, {"kind": "chunk", "connection": 1, "time": 3000, "text": "data: on\n\n"})
    expect(wire(live).locator(".lines")).to_have_text(["data: on"])


def test_the_newest_entry_stays_in_sight_until_the_reader_scrolls_up(show: Callable[..., Locator], page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    live = show(exchange(NUMBERS))
    run(live)
    connect(page)
    long = f"data: {'one line in a wide pane, two in one that is not ' * 3}\n\n"
    emit(page, *({"kind": "chunk", "connection": 1, "time": 30 + n, "text": long} for n in range(50)))
    expect(wire(live)).to_have_count(52)
    live.get_by_role("button", name="Code", exact=True).click()  # the pane gets narrower, and its lines more
    expect(live.get_by_role("textbox")).to_be_visible()
    expect(wire(live).last).to_be_in_viewport()
    emit(page, {"kind": "chunk", "connection": 1, "time": 90, "text": "data: newest\n\n"})
    expect(wire(live).filter(has_text="newest")).to_be_in_viewport()
    wire(live).first.scroll_into_view_if_needed()
    emit(page, {"kind": "chunk", "connection": 1, "time": 95, "text": "data: unseen\n\n"})
    expect(wire(live).filter(has_text="unseen")).to_have_count(1)
    expect(wire(live).first).to_be_in_viewport()


def test_what_overtook_on_its_way_is_put_in_order(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    source = {"kind": "source", "source": 1, "url": "numbers", "readyState": 1}
    request = {"kind": "request", "connection": 1, "time": 10, "method": "GET", "path": "/numbers", "headers": []}
    emit(page, source | {"what": "error", "time": 30}, request)
    expect(wire(live).locator(".lines")).to_contain_text(["GET", "error"])
    emit(page, source | {"what": "created", "time": 5})
    expect(wire(live).locator(".lines")).to_contain_text(["new EventSource", "GET", "error"])
    expect(wire(live).locator(".time").locator("visible=true")).to_have_count(1)  # a time is not repeated
    expect(wire(live).first.locator(".time")).to_be_visible()


def test_the_event_source_counts_down_to_its_reconnect(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    page.clock.install()
    page.clock.pause_at("2030-01-01")
    url = "http://127.0.0.1/some/live/tab-0123456789ab/numbers-1/numbers"
    source = {"kind": "source", "source": 1, "url": url}
    emit(page, source | {"what": "created", "time": 5, "readyState": 0})
    emit(page, source | {"what": "open", "time": 10, "readyState": 1})
    emit(page, source | {"what": "event", "time": 20, "readyState": 1, "type": "n", "data": "", "lastEventId": "7"})
    page.clock.run_for(20)
    expect(live.locator(".wire-sources")).to_have_text("Event source 1: OPEN, last event ID 7")
    expect(wire(live).first.locator(".lines")).to_have_text('new EventSource("/numbers")')
    emit(page, source | {"what": "error", "time": 30, "readyState": 0, "retryIn": 3000, "willSend": "7"})
    page.clock.run_for(1020)
    state = live.locator(".wire-sources")
    expect(state).to_have_text("Event source 1: CONNECTING, again in 2.0 s with Last-Event-ID: 7")
    emit(page, source | {"what": "error", "time": 3100, "readyState": 2})
    page.clock.run_for(20)
    expect(state).to_be_empty()


def test_a_thousand_events_at_once_do_not_freeze_the_page(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    connect(page)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")  # from now on, it counts how often the page is laid out
    page.evaluate("""async () => {
      for (let n = 0; n < 1000; n++) {
        fake.emit("wire", { kind: "chunk", connection: 1, time: n, text: `id: ${n}\ndata: ${n}\n\n` });
        fake.emit("wire", { kind: "source", source: 1, time: n, what: "event", url: "numbers", readyState: 1,
                            type: "message", data: `${n}`, lastEventId: `${n}` });
      }
      await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame);
    }""")
    metrics = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    assert 0 < metrics["LayoutCount"] < 20
    expect(wire(live)).to_have_count(500)
    expect(wire(live).last).to_contain_text('last event ID "999"')


def test_code_is_changed_run_reset_and_passed_on(show: Callable[..., Locator], page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    live = show(exchange(NUMBERS))
    code = live.get_by_role("group", name="Code", exact=True)
    live.get_by_role("button", name="Code", exact=True).press("Enter")
    expect(code.get_by_role("button", name="Run edited version")).to_be_disabled()
    field = code.get_by_role("textbox", name="Code of numbers.py")
    field.press("Control+End")
    field.press_sequentially("# mine")
    expect(code.get_by_text("changed", exact=True)).to_be_visible()
    page.clock.install()
    page.clock.pause_at("2030-01-01")  # or it says so for a moment only
    code.get_by_role("button", name="Copy link").click()
    expect(code.get_by_role("button", name="Copied")).to_be_visible()
    page.clock.resume()
    with page.expect_download() as download:
        code.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "numbers.py"
    assert download.value.path().read_text() == PROGRAM + "# mine"
    field.press("Control+Enter")
    expect(live).to_have_attribute("state", "running")
    assert calls(page)[0][3] == PROGRAM + "# mine"
    code.get_by_role("button", name="Run edited version").click()
    page.wait_for_function("fake.calls.length === 3")
    assert [call[0] for call in calls(page)] == ["start", "stop", "start"]

    link = page.evaluate("navigator.clipboard.readText()")
    page.goto("about:blank")
    page.goto(link)
    expect(field).to_contain_text("# mine")
    expect(live).to_have_attribute("state", "idle")  # it is shown, not run
    expect(live.locator(".live-note")).to_contain_text("came with the link")
    live.get_by_role("button", name="Reset").click()
    expect(field).not_to_contain_text("# mine")
    expect(live.get_by_role("button", name="Reset")).to_be_hidden()
    assert page.url == link.split("#")[0]
    page.goto("about:blank")
    page.goto(page_url := link[:-8])
    expect(live.locator(".live-note")).to_contain_text("damaged")
    assert page_url


LINES = "(editor, name) => [...editor.querySelectorAll(name)].map((line) => line.getBoundingClientRect().height)"


def test_the_code_comes_into_sight_with_its_line_numbers(show: Callable[..., Locator], page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 600})
    live = show(exchange(NUMBERS))
    live.get_by_role("button", name="Code", exact=True).click()
    editor = live.locator(".cm-editor")
    expect(editor).to_be_in_viewport(ratio=0.9)
    page.wait_for_function("document.querySelector('.cm-gutterElement:nth-child(2)').offsetHeight > 16")
    assert editor.evaluate(LINES, ".cm-line")[:3] == editor.evaluate(LINES, ".cm-gutterElement")[1:4]
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(live.locator(".live-app")).not_to_be_in_viewport(ratio=0.5)
    live.get_by_role("textbox").press("Control+Enter")
    expect(live.locator(".live-app")).to_be_in_viewport(ratio=0.5)


def test_an_app_that_leads_to_another_origin_is_stopped_as_any(show: Callable[..., Locator]) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    live.locator("iframe").evaluate("(frame) => { frame.src = 'data:text/html,<p>Elsewhere</p>'; }")
    expect(live.frame_locator("iframe").get_by_text("Elsewhere")).to_be_visible()
    live.get_by_role("button", name="Stop").click()
    expect(live).to_have_attribute("state", "stopped")


def test_app_wire_and_code_are_side_by_side(show: Callable[..., Locator], page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 1000})
    live = show(exchange(NUMBERS))
    live.get_by_role("button", name="Code", exact=True).click()
    boxes = [live.locator(name).bounding_box() for name in (".live-app", ".wire-list", ".cm-editor")]
    app, wire_list, code = [box for box in boxes if box]
    assert app["x"] + app["width"] <= code["x"] >= wire_list["x"] + wire_list["width"]
    assert app["y"] + app["height"] <= wire_list["y"]
    assert code["y"] < wire_list["y"] < code["y"] + code["height"]
    live.get_by_role("button", name="Code", exact=True).click()
    app, wire_list = [box for name in (".live-app", ".wire-list") if (box := live.locator(name).bounding_box())]
    assert app["x"] + app["width"] <= wire_list["x"]
    assert app["y"] == wire_list["y"]


def test_the_page_does_not_glide_under_the_caret(show: Callable[..., Locator], page: Page) -> None:
    page.emulate_media(reduced_motion="no-preference")
    live = show(exchange(NUMBERS))
    root = page.locator("html")
    expect(root).to_have_css("scroll-behavior", "smooth")
    live.get_by_role("button", name="Code", exact=True).click()
    live.get_by_role("textbox").focus()
    expect(root).to_have_css("scroll-behavior", "auto")


def test_an_error_stands_beside_its_line(show: Callable[..., Locator], page: Page) -> None:
    page.add_init_script(
        "globalThis.fake = {calls: [], error: Object.assign(new Error('SyntaxError: invalid syntax'), {line: 3})}"
    )
    live = show(exchange(NUMBERS))
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live).to_have_attribute("state", "failed")
    expect(live.locator(".live-note")).to_have_text("Line 3: SyntaxError: invalid syntax")
    expect(live.locator(".live-note")).to_have_attribute("aria-live", "polite")
    expect(live.locator(".cm-wrong")).to_have_text("app = NoneSyntaxError: invalid syntax")
    assert violations(page) == []
    field = live.get_by_role("textbox")
    field.press("Control+End")
    field.press_sequentially("#")
    expect(live.locator(".cm-message")).to_have_count(0)


def test_what_python_prints_is_shown(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    expect(live.locator(".live-log")).to_be_hidden()
    page.evaluate("fake.emit('log', {text: 'Traceback'}); fake.emit('log', {text: 'ValueError'})")
    live.get_by_text("What Python printed").click()
    expect(live.get_by_label("What Python printed")).to_have_text("Traceback\nValueError")
    assert violations(page) == []
    page.evaluate("for (let n = 0; n < 99; n++) fake.emit('log', { text: 'x'.repeat(1000) })")
    assert len(live.get_by_label("What Python printed").inner_text()) < 51_000


def test_an_error_of_the_running_server_stands_beside_its_line(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    live.get_by_role("button", name="Code", exact=True).click()
    expect(live.get_by_role("textbox")).to_be_visible()
    run(live)
    printed = [
        'hello\nTraceback (most recent call last):\n  File "bridge.py", line 2, in run',
        '  File "numbers.py", line 1, in index\n    one()\n  File "numbers.py", line 3, in one\n    1 / 0',
        '  File "other.py", line 2, in two',
    ]
    for text in printed:
        page.evaluate("text => fake.emit('log', { text })", text)
    expect(live.locator(".cm-message")).to_have_count(0)
    page.evaluate("fake.emit('log', { text: 'ZeroDivisionError: division by zero' })")
    expect(live.locator(".cm-wrong")).to_have_text("app = NoneZeroDivisionError: division by zero")


def test_the_app_follows_the_theme_that_the_reader_chose(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    for start in (lambda: None, lambda: run(live)):
        start()
        frame = live.frame_locator("iframe").locator("html")
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        expect(frame).to_have_attribute("data-theme", "dark")
        page.evaluate("delete document.documentElement.dataset.theme")
        expect(frame).not_to_have_attribute("data-theme", "dark")
        page.evaluate("document.documentElement.dataset.theme = 'light'")
    expect(live.frame_locator("iframe").locator("html")).to_have_attribute("data-theme", "light")


def test_the_app_does_not_scroll_the_lesson(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    expect(live.frame_locator("iframe").get_by_text("one")).to_be_attached()
    page.evaluate("document.body.style.paddingBottom = '3000px'; scrollTo({ top: 2000, behavior: 'instant' })")
    before = page.evaluate("scrollY")
    live.frame_locator("iframe").get_by_text("one").evaluate("element => element.scrollIntoView(false)")
    assert page.evaluate("scrollY") == before > 0


def violations(page: Page) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run('live-example', {resultTypes: ['violations']})")
    return [f"{rule['id']}: {node['html']}" for rule in found["violations"] for node in rule["nodes"]]
