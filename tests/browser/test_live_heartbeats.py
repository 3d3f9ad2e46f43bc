"""Lesson 12, as it tells it: of a line that is held back the event source knows nothing, and the watchdog does."""

from tests.browser.visitors import FIREFOX_AT_NIGHT, Visitor

LIVE = "live-example[example=heartbeats]"
APP = f"document.querySelector('{LIVE} iframe')?.contentDocument?.body?.innerText ?? ''"
SOURCES = f"[...document.querySelectorAll('{LIVE} .browser.error')].length"


@FIREFOX_AT_NIGHT
def test_a_page_notices_silence_where_its_event_source_does_not(visitor: Visitor, site: str) -> None:
    visitor.open(f"{site}notebooks/12-heartbeats-and-dead-connections.html")
    visitor.wait(f"document.querySelector('{LIVE}').getAttribute('state') === 'idle'")
    visitor.press("Run", LIVE)
    visitor.wait(f"({APP}).includes('Connection: alive')")
    visitor.press("Hold everything back", LIVE)
    visitor.wait(f"({APP}).includes('Connection: silent, and so opened anew')")
    assert visitor.evaluate(f"() => {SOURCES}") == 0
    visitor.press("Hold everything back", LIVE)
    visitor.wait(f"({APP}).includes('Connection: alive')")
