"""The live examples of the built lessons: what runs in the page does what its recording shows."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.firefox import Tab
from tests.browser.recordings import LESSONS, Recording, comparable, recordings
from tests.browser.visitors import Visitor, chromium


def open_first(page: Page, site: str) -> Locator:
    page.goto(f"{site}notebooks/01-your-first-stream.html")
    live = page.locator("live-example[example=basic_stream]").first
    expect(live).to_have_attribute("state", "idle")
    return live


def run(live: Locator, name: str = "Run") -> None:
    live.get_by_role("button", name=name, exact=True).click()
    expect(live).to_have_attribute("state", "running")


def events(live: Locator, part: str = ".lines") -> Locator:
    return live.get_by_role("list", name="Wire").locator(f".browser.event {part}")


def wait_for_events(live: Locator, count: int) -> None:
    """At least so many: a stream that is over may have begun again."""
    if count:
        expect(events(live).nth(count - 1)).to_be_attached()


# The examples of all lessons in one page, so that Python is started once for them.
GATHER = """async (site, ...lessons) => {
  document.querySelectorAll("live-example").forEach((each) => each.remove());
  for (const lesson of lessons) {
    const page = new DOMParser().parseFromString(await (await fetch(site + lesson)).text(), "text/html");
    for (const live of page.querySelectorAll("live-example")) {
      live.id = `${lesson} ${live.getAttribute("example")}`;
      document.querySelector("article").append(live);
    }
  }
}"""
TEXTS = "(selector, how) => Array.from(document.querySelectorAll(selector), (each) => each[how])"


SHOWN = {f'[id="{lesson.href} {each.example}"]': each for lesson in LESSONS for each in recordings(lesson)}


def test_the_running_servers_send_what_the_recordings_show(browser: Browser, site: str) -> None:
    with chromium(browser) as visitor:
        send_what_is_recorded(visitor, site, SHOWN)


@pytest.mark.nightly
def test_in_firefox_they_do(tab: Tab, site: str) -> None:
    send_what_is_recorded(Visitor(tab), site, SHOWN)


def send_what_is_recorded(visitor: Visitor, site: str, shown: dict[str, Recording]) -> None:
    """Each event as recorded, and one after another; what is unlike that is run again, by itself.

    It may have been held back, or have come out of step, by all that the page had to do at the time.
    """
    for live in run_side_by_side(visitor, site, shown):
        assert run_side_by_side(visitor, site, {live: shown[live]}) == {}


def run_side_by_side(visitor: Visitor, site: str, shown: dict[str, Recording]) -> dict[str, Any]:
    """What sent other events than recorded, or all at once: what was seen, what was recorded, and seconds."""
    visitor.open(site + LESSONS[0].href)
    visitor.evaluate(GATHER, site, *(lesson.href for lesson in LESSONS))
    recorded, unlike = {}, {}
    for live in shown:
        visitor.wait(f"document.querySelector('{live}').getAttribute('state') === 'idle'")
        recorded[live] = comparable(visitor.evaluate(TEXTS, f"{live} .browser.event .lines", "innerText"))
        assert recorded[live]
        visitor.press("Run", live)
    for live, recording in shown.items():
        visit(visitor, live, recording)
        count = len(recorded[live])
        wait_until_heard(visitor, live, count)
        texts = visitor.evaluate(TEXTS, f"{live} .browser.event .lines", "innerText")
        seen = comparable(texts[:count])
        times = visitor.evaluate(TEXTS, f"{live} .browser.event .time", "textContent")
        seconds = [float(time.removesuffix(" s")) for time in times[:count]]  # in order for each of its connections
        if seen != recorded[live] or max(seconds) - min(seconds) < recording.seconds / 5:  # the first may be late
            unlike[live] = seen, recorded[live], seconds
    printed = visitor.evaluate(TEXTS, ".live-log pre", "textContent")
    assert not [text for text in printed if "Traceback" in text]
    return unlike


def visit(visitor: Visitor, live: str, recording: Recording) -> None:
    """Do what it takes to get what was recorded."""
    visitor.wait(f"document.querySelector('{live}').getAttribute('state') === 'running'")
    for step in recording.steps:
        wait_until_heard(visitor, live, step.after)
        act = f"(live, fields) => ({step.act})(document.querySelector(live), JSON.parse(fields))"
        visitor.evaluate(act, live, json.dumps(step.fields))


def wait_until_heard(visitor: Visitor, live: str, count: int) -> None:
    visitor.wait(f"document.querySelectorAll('{live} .browser.event').length >= {count}")


EDITED = """
async def progress():
    yield sse_message(P('edited'), event='progress')
    await sleep(9)
"""


def test_a_cut_cable_is_seen_and_mended_and_edited_code_runs_or_shows_its_mistake(page: Page, site: str) -> None:
    live = open_first(page, site)
    run(live)
    wait_for_events(live, 2)
    live.get_by_role("button", name="Cut the cable").click()
    wire = live.get_by_role("list", name="Wire")
    expect(wire).to_contain_text("The cable was cut.")
    expect(wire.locator(".browser.error")).not_to_have_count(0)
    expect(wire.locator("li").last).to_have_text(re.compile("GET /sse-stream, waiting in the cut cable"))
    live.get_by_role("button", name="Mend the cable").click()
    expect(wire.locator(".browser.open")).to_have_count(2)
    live.get_by_role("button", name="Stop").click()
    ends = [
        "The server ended",
        "The cable was cut",
        re.compile("The page closed|The server was stopped"),
    ]  # who is first
    expect(wire.locator(".end")).to_contain_text(ends)
    live.get_by_role("button", name="Code", exact=True).click()
    field = live.get_by_role("textbox", name="Code of basic_stream.py")
    field.press("Control+End")
    field.press_sequentially("\noops(")
    run_edited = live.get_by_role("button", name="Run edited version")
    run_edited.click()
    expect(live).to_have_attribute("state", "failed")
    expect(live.locator(".live-note")).to_have_text(re.compile(r"^Line \d+: SyntaxError"))
    expect(live.locator(".cm-wrong")).to_contain_text("oops(")
    for _ in "\noops(":
        field.press("Backspace")
    page.keyboard.insert_text(EDITED)
    run(live, "Run edited version")
    # The route calls the newer definition: the last one of a name counts.
    expect(live.locator("iframe").content_frame.locator("p")).to_have_text("edited")
