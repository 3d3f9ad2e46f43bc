"""The page in a browser whose clock the test turns: hidden, asleep, refused; and its numbers."""

import asyncio
from urllib.parse import parse_qs

import pytest
from starlette.responses import PlainTextResponse

from examples import in_service as example
from examples.in_service import event_log
from tests.examples.test_heartbeats import wait_until
from tests.examples.test_pages_with_axe import AXE

SEEN = "hidden => { window.away = hidden; document.dispatchEvent(new Event('visibilitychange')); }"


@pytest.fixture(autouse=True)
def as_after_a_start(monkeypatch):
    async def nothing():
        await asyncio.Event().wait()

    example.log.__init__()
    monkeypatch.setattr(example, "count", nothing)
    monkeypatch.setattr(event_log, "RETRY", (0.05, 0.05))


def test_a_page_out_of_sight_lets_go_and_one_that_is_seen_again_or_was_refused_comes_back(watching, page, monkeypatch):
    watched, log = watching(example), example.log
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => Boolean(window.away) });")
    page.clock.install()
    page.goto(watched.url)
    page.get_by_text("Stream: open").wait_for()
    page.clock.fast_forward(3_000)
    page.get_by_text("streams_open 1.0").wait_for()

    page.evaluate(SEEN, True)
    page.clock.fast_forward(50_000)
    page.get_by_text("Stream: open").wait_for()
    page.clock.fast_forward(11_000)
    page.get_by_text("closed, while nobody looks").wait_for()
    wait_until(lambda: log.open == 0)
    page.evaluate(SEEN, False)
    page.get_by_text("Stream: open").wait_for()
    assert parse_qs(watched.wait_for("/events", 2)[1].query) == {"last_event_id": [f"{log.token}-0"]}

    page.evaluate(SEEN, True)
    page.evaluate(SEEN, False)
    assert len(watched.to("/events")) == 2, "who comes back at once has the same stream"
    page.evaluate(SEEN, True)
    page.clock.fast_forward(46_000)  # as on a phone that was asleep, though timers run here
    page.evaluate(SEEN, False)
    watched.wait_for("/events", 3)
    wait_until(lambda: log.requests["resumed"] == 2)

    reader = example.Reader
    monkeypatch.setattr(example, "Reader", lambda *_: PlainTextResponse("no", 503))
    log.close()
    page.get_by_text("Stream: lost").wait_for()
    watched.wait_for("/events", 4)
    monkeypatch.setattr(example, "Reader", reader)
    log.closed = False
    while len(watched.to("/events")) < 5:  # only the page's own timer can ask once more
        page.clock.fast_forward(16_000)
    page.get_by_text("Stream: open").wait_for()


def test_axe_finds_nothing_in_light_and_in_dark(watching, page):
    page.goto(watching(example).url)
    page.get_by_text("streams_open 1.0").wait_for()
    assert page.title() == page.locator("main h1").inner_text()
    page.evaluate(AXE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
        assert not found, [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]
