"""The live examples of the built lessons: what runs in the page does what its recording shows."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from streamside.catalogue import Lesson
from tests.browser.recordings import ACT, LESSONS, Recording, comparable, recordings

pytestmark = pytest.mark.timeout(180)


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


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.file.stem)
def test_the_running_servers_send_what_the_recordings_show(page: Page, site: str, lesson: Lesson) -> None:
    page.goto(site + lesson.href)
    shown = {each: page.locator(f"live-example[example={each.example}]") for each in recordings(lesson)}
    recorded = {}
    for recording, live in shown.items():
        expect(live).to_have_attribute("state", "idle")
        recorded[recording] = comparable(events(live).all_inner_texts())
        assert recorded[recording]
        live.get_by_role("button", name="Run", exact=True).click()
    for recording, live in shown.items():
        visit(live, recording)
    for recording, live in shown.items():
        count = len(recorded[recording])
        wait_for_events(live, count)
        assert comparable(events(live).all_inner_texts()[:count]) == recorded[recording]
        # A busy machine may show the first one late; a stream that is held back shows all at once.
        times = [float(text.removesuffix(" s")) for text in events(live, ".time").all_text_contents()]
        assert times[count - 1] - times[0] >= recording.seconds / 2


def visit(live: Locator, recording: Recording) -> None:
    """Do what it takes to get what was recorded."""
    expect(live).to_have_attribute("state", "running")
    for step in recording.steps:
        wait_for_events(live, step.after)
        live.evaluate(ACT, step.fields)


def test_a_cut_cable_is_seen_and_mended(page: Page, site: str) -> None:
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


def test_edited_code_runs_and_a_mistake_is_shown_at_its_line(page: Page, site: str) -> None:
    live = open_first(page, site)
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
    field.press_sequentially(
        "\nasync def progress():\nyield sse_message(P('edited'), event='progress')\nawait sleep(9)\n"
    )
    run(live, "Run edited version")
    # The route calls the newer definition: the last one of a name counts.
    expect(live.locator("iframe").content_frame.locator("p")).to_have_text("edited")
