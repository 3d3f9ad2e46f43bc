import asyncio
import time

import pytest

from examples import heartbeats as example
from tests.patience import PATIENCE

STREAM = "/events"
BEAT = ["event: beat", "data"]


def news(number):
    return [f"id: {number}", "event: news", f"data: number {number}"]


def wait_until(is_so):
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_every_fifth_sign_of_life_is_news_and_the_response_has_an_end(watching, ask, clock, monkeypatch):
    monkeypatch.setattr(example, "LIFE", 7)
    stream = ask(watching(example).url, STREAM)
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.header("cache-control") == "no-store, no-transform"
    assert stream.event() == ["retry: 500"]
    assert stream.event() == news(1)  # at once
    clock.tick()
    assert stream.event() == BEAT  # and each when it is due
    clock.run()
    assert stream.rest() == [BEAT, BEAT, BEAT, news(2), BEAT]
    assert clock.asked == [1] * 7
    wait_until(lambda: not example.readers)


@pytest.mark.parametrize(
    ("query", "headers", "first"),
    [
        ("?last_event_id=4", {}, 5),
        ("?last_event_id=4", {"Last-Event-ID": "6"}, 7),
        ("?last_event_id=-1", {}, 1),
        ("", {"Last-Event-ID": "1" * 5000}, 1),
    ],
)
def test_it_goes_on_after_the_last_event_that_the_page_has_seen(watching, ask, clock, query, headers, first):
    stream = ask(watching(example).url, STREAM + query, headers=headers)
    assert stream.event() == ["retry: 500"]
    assert stream.event() == news(first)


def test_who_leaves_is_forgotten_and_who_asks_for_the_headers_is_not_counted(watching, ask, clock):
    url = watching(example).url
    stream = ask(url, STREAM)
    stream.event()
    assert len(example.readers) == 1
    assert ask(url, STREAM, method="HEAD").rest() == []
    stream.leave()
    wait_until(lambda: not example.readers)


def test_a_page_that_hears_nothing_opens_another_stream_after_the_last_event(
    watching, page, clock, event_sources, monkeypatch
):
    """The server's clock stands still: as far as the event source can tell, the connection is open."""
    monkeypatch.setattr(example, "BEAT", 0.2)
    watched = watching(example)
    page.goto(watched.url)
    page.get_by_text("Connection: silent, and so opened anew").wait_for()
    (first, second, *_) = watched.wait_for(STREAM, 2)
    assert (first.query, second.query) == ("last_event_id=", "last_event_id=1")
    assert "last-event-id" not in second.headers
    *before, last = event_sources()
    assert {source["readyState"] for source in before} == {2}
    clock.run()
    page.get_by_text("Connection: alive").wait_for()
    assert last["url"].startswith(watched.url)


def test_a_page_that_hears_a_beat_in_time_keeps_its_stream(watching, page, clock, event_sources, monkeypatch):
    monkeypatch.setattr(example, "BEAT", 60)
    watched = watching(example)
    page.clock.install()
    page.goto(watched.url)
    page.get_by_text("News: number 1").wait_for()
    page.evaluate("{ window.beats = 0; eventSources[0].addEventListener('beat', () => { window.beats++; }); }")
    for count in range(1, 4):
        page.clock.fast_forward(150_000)  # of 210,000
        clock.tick(count)
        page.wait_for_function(f"window.beats === {count}")
    assert len(watched.to(STREAM)) == 1


def test_comments_keep_no_page_from_taking_a_living_stream_for_a_dead_one(watching, page, monkeypatch):
    """What lesson 12 calls the wrong way."""

    async def comments(_reader, _number):
        while True:
            yield ": beat\n\n"
            await asyncio.sleep(0.01)

    monkeypatch.setattr(example, "BEAT", 0.1)
    monkeypatch.setattr(example, "signs", comments)
    watched = watching(example)
    page.goto(watched.url)
    watched.wait_for(STREAM, 2)
    page.get_by_text("Connection: silent, and so opened anew").wait_for()


def test_firefox_too_opens_another_stream_after_a_silence(watching, tab, clock, monkeypatch):
    monkeypatch.setattr(example, "BEAT", 0.2)
    watched = watching(example)
    tab.open(watched.url)
    watched.wait_for(STREAM, 2)
    clock.run()
    tab.wait("document.querySelectorAll('output')[1].textContent === 'alive'")
    assert watched.to(STREAM)[1].query == "last_event_id=1"
