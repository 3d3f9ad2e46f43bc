"""The live examples of the built lessons: what runs in the page does what its recording shows."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("live")]

PATIENCE = 60_000  # ms for Python to start, on a busy machine


def open_first(page: Page, site: str) -> Locator:
    page.goto(f"{site}notebooks/01-your-first-stream.html")
    live = page.locator("live-example[example=basic_stream]").first
    expect(live).to_have_attribute("state", "idle")
    return live


def run(live: Locator, name: str = "Run") -> None:
    live.get_by_role("button", name=name, exact=True).click()
    expect(live).to_have_attribute("state", "running", timeout=PATIENCE)


def events(live: Locator) -> Locator:
    return live.get_by_role("list", name="Wire").locator(".browser.event .lines")


def test_the_running_server_sends_what_the_recording_shows(page: Page, site: str) -> None:
    live = open_first(page, site)
    recorded = events(live).all_inner_texts()
    assert len(recorded) == 11
    run(live)
    expect(events(live)).to_have_count(1, timeout=PATIENCE)
    expect(events(live)).to_have_count(11, timeout=PATIENCE)
    assert events(live).all_inner_texts() == recorded
    expect(live.locator("iframe").content_frame.locator("p").last).to_have_text("DONE")
    times = [float(text[:-2]) for text in live.locator(".bytes .time").all_inner_texts() if text]
    assert 4 < times[-1] - times[0] < 8
    live.get_by_role("button", name="Stop").click()
    expect(live).to_have_attribute("state", "stopped")


def test_a_cut_cable_is_seen_and_mended(page: Page, site: str) -> None:
    live = open_first(page, site)
    run(live)
    expect(events(live)).to_have_count(2, timeout=PATIENCE)
    live.get_by_role("button", name="Cut the cable").click()
    wire = live.get_by_role("list", name="Wire")
    expect(wire).to_contain_text("The cable was cut.")
    expect(wire.locator(".browser.error")).not_to_have_count(0)
    expect(wire.locator("li").last).to_have_text(re.compile("GET /sse-stream, waiting in the cut cable"))
    live.get_by_role("button", name="Mend the cable").click()
    expect(wire.locator(".browser.open")).to_have_count(2, timeout=20_000)
    live.get_by_role("button", name="Stop").click()
    expect(wire.locator("li").last).to_contain_text("The page closed the connection.")


def test_edited_code_runs_and_a_mistake_is_shown_at_its_line(page: Page, site: str) -> None:
    live = open_first(page, site)
    live.get_by_role("button", name="Code", exact=True).click()
    field = live.get_by_role("textbox", name="Code of basic_stream.py")
    field.press("Control+End")
    field.press_sequentially("\noops(")
    run_edited = live.get_by_role("button", name="Run edited version")
    run_edited.click()
    expect(live).to_have_attribute("state", "failed", timeout=PATIENCE)
    expect(live.locator(".live-note")).to_have_text(re.compile(r"^Line \d+: SyntaxError"))
    expect(live.locator(".cm-wrong")).to_contain_text("oops(")
    for _ in "\noops(":
        field.press("Backspace")
    field.press_sequentially(
        "\nasync def progress():\nyield sse_message(P('edited'), event='progress')\nawait sleep(9)\n"
    )
    run(live, "Run edited version")
    # The route calls the newer definition: the last one of a name counts.
    expect(live.locator("iframe").content_frame.locator("p")).to_have_text("edited", timeout=PATIENCE)
