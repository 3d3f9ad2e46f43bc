"""Lesson 9 in the page: a stream that a 503 has closed opens again, and nothing is lost or doubled on the way."""

import re

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.browser.firefox import Tab
from tests.browser.recordings import ACT
from tests.browser.test_firefox import Live

LESSON = "notebooks/09-open-close-resume.html"
EXAMPLE = "live-example[example=open_close_resume]"


@pytest.fixture
def live(page: Page, site: str) -> Locator:
    """The lesson's example, running, with its stream open."""
    page.goto(site + LESSON)
    live = page.locator(EXAMPLE)
    expect(live).to_have_attribute("state", "idle")
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live).to_have_attribute("state", "running")
    app(live).get_by_role("button", name="Open").click()
    wait_for_steps(live, 1)
    return live


def app(live: Locator) -> FrameLocator:
    return live.locator("iframe").content_frame


def steps(live: Locator) -> list[int]:
    """The data of the events that the page has heard."""
    events = live.locator(".browser.event .lines").all_inner_texts()
    return [int(re.search(r'data "(\d+)"', text)[1]) for text in events]


def wait_for_steps(live: Locator, count: int) -> None:
    expect(live.locator(".browser.event").nth(count - 1)).to_be_attached()


def closed_for_good(live: Locator) -> Locator:
    return live.locator(".browser.error", has_text="ready state CLOSED: it does not connect again")


def fail(live: Locator) -> None:
    """Break the connection; the browser's attempt to connect again is answered with 503."""
    failed = closed_for_good(live).count()
    live.get_by_role("button", name="Answer 503").click()
    live.get_by_role("button", name="Cut the cable").click()
    live.get_by_role("button", name="Mend the cable").click()
    expect(closed_for_good(live)).to_have_count(failed + 1)


def test_the_page_comes_back_after_a_503_and_after_two_in_a_row(live: Locator) -> None:
    fail(live)
    wait_for_steps(live, len(steps(live)) + 2)
    expect(app(live).locator("#state")).to_have_text("open")
    expect(live.locator(".browser.created")).to_have_count(2)
    fail(live)
    live.get_by_role("button", name="Answer 503").click()
    expect(closed_for_good(live)).to_have_count(3)
    wait_for_steps(live, len(steps(live)) + 2)
    heard = steps(live)
    assert heard == list(range(1, len(heard) + 1)), "none lost, none doubled"


def test_in_firefox_too(tab: Tab, site: str) -> None:
    live = Live.running(tab, site + LESSON, "open_close_resume")
    tab.evaluate(f"(selector) => ({ACT})(document.querySelector(selector), {{}})", EXAMPLE)
    live.wait_for_events(1)
    for button in ("Answer 503", "Cut the cable", "Mend the cable"):
        live.press(button)
    live.wait("all('.browser.error').some((each) => each.innerText.includes('it does not connect again'))")
    live.wait_for_events(len(live.texts(".browser.event")) + 2)
    heard = [int(re.search(r'data "(\d+)"', text)[1]) for text in live.texts(".browser.event .lines")]
    assert heard == list(range(1, len(heard) + 1)), "none lost, none doubled"
