import re
import time

import pytest
from starlette.responses import Response

from examples import one_stream as example
from tests.patience import PATIENCE

STREAM = "/events"


def numbers(*values):
    return [[f"id: {number}", f"data: number {number}, open streams: 1"] for number in values]


def wait_until(is_so):
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def shows(tab, part, number):
    tab.get_by_text(f"This tab {part}", exact=True).wait_for()
    tab.get_by_text(f"News: number {number}, ").wait_for()


def test_news_after_news_as_long_as_somebody_listens(watching, ask, clock):
    stream = ask(watching(example).url, STREAM)
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.header("cache-control") == "no-store, no-transform"
    assert stream.header("x-accel-buffering") == "no"
    assert stream.event() == ["retry: 2000"]
    assert [stream.event()] == numbers(1)
    clock.tick()
    assert [stream.event()] == numbers(2)
    assert clock.asked[0] == 1
    assert ask(watching(example).url, STREAM, method="HEAD").rest() == []
    stream.leave()
    wait_until(lambda: not example.streams)


@pytest.mark.parametrize(
    ("query", "headers", "first"),
    [
        ("?last_event_id=4", {}, 5),
        ("?last_event_id=4", {"Last-Event-ID": "6"}, 7),
        ("?last_event_id=-1", {}, 1),
        ("", {"Last-Event-ID": "1" * 5000}, 1),
    ],
)
def test_it_goes_on_after_the_last_event_that_some_tab_has_seen(watching, ask, clock, query, headers, first):
    stream = ask(watching(example).url, STREAM + query, headers=headers)
    assert stream.event() == ["retry: 2000"]
    assert [stream.event()] == numbers(first)


def test_of_three_tabs_one_listens_and_when_it_goes_another_goes_on(watching, page, browser, clock):
    watched = watching(example)
    page.goto(watched.url)
    shows(page, "listens", 1)
    second, third = page.context.new_page(), page.context.new_page()
    for tab in (second, third):
        tab.goto(watched.url)
        shows(tab, "is told by another", 1)  # what was sent before it came
    clock.tick()
    for tab in (page, second, third):
        tab.get_by_text("News: number 2, open streams: 1").wait_for()
    assert len(watched.to(STREAM)) == 1

    other = browser.new_context()  # of another reader, who has other cookies
    stranger = other.new_page()
    stranger.goto(watched.url)
    stranger.get_by_text("News: number 1, open streams: 2").wait_for()
    other.close()
    wait_until(lambda: len(example.streams) == 1)

    page.get_by_text("Open this tab anew").click()  # it leaves, and comes back as the last in the queue
    wait_until(lambda: len(watched.to(STREAM)) == 3)
    assert watched.to(STREAM)[-1].query == "last_event_id=2"
    shows(page, "is told by another", 3)
    shows(second, "listens", 3)
    shows(third, "is told by another", 3)
    second.close()
    shows(third, "listens", 4)
    shows(page, "is told by another", 4)
    assert watched.to(STREAM)[-1].query == "last_event_id=3"
    wait_until(lambda: len(example.streams) == 1)


def test_without_locks_each_tab_listens(watching, page, clock):
    """As in pages without HTTPS."""
    page.context.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })")
    watched = watching(example)
    page.goto(watched.url)
    shows(page, "listens", 1)
    second = page.context.new_page()
    second.goto(watched.url)
    shows(second, "listens", 1)
    assert len(watched.wait_for(STREAM, 2)) == 2


def test_a_page_that_is_left_gives_up_its_turn_and_one_that_comes_back_waits_for_one(watching, page, clock):
    """As where a browser keeps pages for the way back; what it then does is told the page by these two events."""
    watched = watching(example)
    page.goto(watched.url)
    shows(page, "listens", 1)
    second = page.context.new_page()
    second.goto(watched.url)
    shows(second, "is told by another", 1)
    second.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")  # while it waits
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")  # while it listens
    wait_until(lambda: not example.streams)
    assert page.evaluate("navigator.locks.query().then(({ held, pending }) => held.length + pending.length)") == 0
    second.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    shows(second, "listens", 2)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    shows(page, "is told by another", 2)
    assert len(watched.to(STREAM)) == 2


class Unwell:
    """The example below a proxy that says 502 to the first two."""

    def __init__(self):
        self.left = 2

    async def __call__(self, scope, receive, send):
        is_502 = scope["type"] == "http" and scope["path"] == STREAM and self.left > 0
        self.left -= is_502
        await (Response(status_code=502) if is_502 else example.app)(scope, receive, send)


def test_the_tab_that_listens_comes_back_after_a_502(watching, page, clock):
    page.clock.install()
    watched = watching(Unwell())
    page.goto(watched.url)
    for count in (2, 3):
        watched.wait_for(STREAM, count - 1)
        wait_until(lambda count=count: page.clock.run_for(500) or len(watched.to(STREAM)) == count)
    shows(page, "listens", 1)


def test_firefox_too_has_one_stream(watching, tab, clock):
    watched = watching(example)
    tab.open(watched.url)
    tab.wait("document.querySelectorAll('output')[1].textContent === 'listens'")
    tab.evaluate(
        "() => { const frame = document.createElement('iframe'); frame.src = './'; document.body.append(frame); }"
    )
    frame = "document.querySelector('iframe').contentDocument?.body?.innerText"
    tab.wait(f"/number 1/.test({frame}) && /is told by another/.test({frame})")
    clock.tick()
    tab.wait(f"/number 2/.test({frame})")
    assert len(watched.to(STREAM)) == 1


def test_each_visitor_has_another_name(watching, ask):
    url = watching(example).url
    names = {re.search(rb'data-visitor="(\w{16})"', ask(url, "/").response.read())[1] for _ in range(2)}
    assert len(names) == 2
