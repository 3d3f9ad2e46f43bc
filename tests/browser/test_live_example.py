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


NUMBERS = [(100 * n, f": a comment\nevent: number\nid: {n}\ndata: <p>number {n}</p>\n\n") for n in range(4)]


@pytest.fixture
def show(page: Page, serving: Callable[[Any], str], tmp_path: Path) -> Callable[..., Locator]:
    """`show(exchanges, page=…)` opens a page with one live example and returns the element, upgraded."""
    shutil.copytree(ROOT / "blog/live", tmp_path / "live")
    shutil.copytree(ROOT / "blog/theme", tmp_path / "theme")
    url = serving(Starlette(routes=[Mount("/", StaticFiles(directory=tmp_path, html=True))]))

    def open_page(*exchanges: dict[str, Any], html: str = PAGE, attributes: str = "", upgrade: bool = True) -> Locator:
        recording = json.dumps({"page": html, "exchanges": exchanges}).replace("<", "\\u003c")
        script = '<script type="module" src="live/live-example.js"></script>' if upgrade else ""
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
    expect(wire(live).filter(has_text="the server ended the response")).to_have_count(1)
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
    expect(wire(live).last).to_contain_text("the server ended the response")
    expect(wire(live).filter(has_text="closed by the page")).to_have_count(1)
    again = exchange([], status=204, headers=[], start=3000, end=3000)
    live = show(exchange(NUMBERS), again)
    expect(wire(live).filter(has_text="new EventSource")).to_have_count(1)
    expect(wire(live).last).to_contain_text("it does not connect again")


def test_a_line_cut_by_the_network_goes_on(show: Callable[..., Locator]) -> None:
    live = show(exchange([(0, "event: number\r\nda"), (100, "ta: x\r"), (200, "\n\r\n")]))
    lines = live.locator(".received.bytes .line")
    expect(lines).to_have_text(["event: number", "da", "ta: x", ""])
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


def violations(page: Page) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run('live-example', {resultTypes: ['violations']})")
    return [f"{rule['id']}: {node['html']}" for rule in found["violations"] for node in rule["nodes"]]
