import asyncio
from types import SimpleNamespace

import pytest

from examples import bare_ticker as example
from streamside.server import serve


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr(example, "strftime", lambda form: "12:00:00")


def test_all_listeners_get_the_same_ticks_at_once_and_late_ones_no_old_ticks(serving, ask, clock):
    url = serving(example.app)
    first, second = ask(url, "/events"), ask(url, "/events")
    assert first.header("content-type") == "text/event-stream"
    assert first.header("cache-control") == "no-store, no-transform"
    assert first.header("x-accel-buffering") == "no"
    clock.tick()
    assert first.event() == second.event() == ["id: 1", "data: 12:00:00"]
    late = ask(url, "/events")
    clock.tick()
    assert first.event() == second.event() == late.event() == ["id: 2", "data: 12:00:00"]


def test_the_page_shows_the_tick(serving, page, clock):
    with page.expect_response("**/events"):
        page.goto(serving(example.app))
    clock.tick()
    page.get_by_text("Tick 1 at 12:00:00").wait_for()


def test_the_clock_runs_from_start_to_stop_and_stopping_ends_the_streams():
    async def scenario():
        request = SimpleNamespace(info={})
        await example.start(request)
        stream = example.ticks()
        next_tick = asyncio.create_task(anext(stream, "the end"))
        await asyncio.sleep(0)
        assert len(example.listeners) == 1
        await example.stop(request)
        assert await next_tick == "the end"
        assert not example.listeners
        await asyncio.wait([request.info["clock"]])
        assert request.info["clock"].cancelled()

    asyncio.run(scenario())


def test_a_listener_that_is_too_slow_loses_the_oldest_ticks(monkeypatch):
    async def scenario():
        seconds = asyncio.Semaphore(6)
        monkeypatch.setattr(example, "sleep", lambda _: seconds.acquire())
        stream = example.ticks()
        first = asyncio.create_task(anext(stream))
        ticking = asyncio.create_task(example.clock())  # six ticks before anybody can listen
        chunks = [await first] + [await anext(stream) for _ in range(4)]
        assert [chunk[:5] for chunk in chunks] == [b"id: 4", b"", b"id: 5", b"", b"id: 6"]
        await stream.aclose()
        assert not example.listeners
        ticking.cancel()
        await asyncio.wait([ticking])

    asyncio.run(scenario())


def test_leaving_takes_the_listener_away(serving, ask, clock):
    url = serving(example.app)
    stays, goes = ask(url, "/events"), ask(url, "/events")
    clock.tick()
    assert goes.event() == stays.event()
    goes.leave()
    while len(example.listeners) > 1:  # or the test's time limit
        clock.tick()
        stays.event()


def test_stopping_the_server_ends_the_streams_and_empties_the_list(ask, clock):
    with serve(example.app) as server:
        stream = ask(server.url, "/events")
        clock.tick()
        stream.event()
        assert len(example.listeners) == 1
    assert not example.listeners
