import itertools
from queue import Queue

import pytest
from bareasgi import Application, HttpResponse

from examples import bare_clock as example
from tests.patience import PATIENCE


@pytest.fixture
def times(monkeypatch):
    """The clock on the wall: a new minute whenever somebody looks."""
    minutes = itertools.count()
    monkeypatch.setattr(example, "strftime", lambda form: f"12:{next(minutes):02}:00")


def test_each_event_comes_at_once_and_the_comment_with_the_next_one(serving, ask, clock, times):
    stream = ask(serving(example.app), "/events")
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream"
    assert stream.header("cache-control") == "no-store, no-transform"
    assert stream.header("x-accel-buffering") == "no"
    assert stream.header("connection") is None
    assert stream.event() == ["data: 12:00:00"]  # although nobody has let the first second pass
    clock.tick()
    assert stream.event() == [":"]
    assert stream.event() == ["data: 12:01:00"]
    assert set(clock.asked) == {1}


def test_without_the_comment_bareasgi_holds_an_event_back_until_it_has_the_next(serving, ask, clock):
    """What the example's comment says, of bareASGI 4.4.1: should this fail, the nudge is no longer needed."""
    sent = []

    async def ticks():
        for number in range(3):
            sent.append(number)
            yield f"data: {number}\n\n".encode()
            await example.sleep(1)

    async def events(_request):
        return HttpResponse(200, [(b"content-type", b"text/event-stream")], ticks())

    app = Application()
    app.http_router.add({"GET"}, "/events", events)
    stream = ask(serving(app), "/events")
    clock.tick()
    assert stream.event() == ["data: 0"]
    assert sent == [0, 1]


def test_a_client_that_leaves_cancels_the_generator(serving, ask, clock, monkeypatch):
    said = Queue()
    monkeypatch.setattr(example, "print", said.put, raising=False)
    url = serving(example.app)
    stream = ask(url, "/events")
    stream.event()
    stream.leave()
    assert said.get(timeout=PATIENCE) == "the client has left"
    another = ask(url, "/events")
    assert another.event()


def test_the_index_leads_to_the_clock_and_the_clock_goes(serving, page, clock, times):
    page.goto(serving(example.app))
    page.get_by_role("link").click()
    page.get_by_text("Time: 12:00:00").wait_for()
    clock.tick()
    page.get_by_text("Time: 12:01:00").wait_for()


def test_the_page_shows_data_as_text(serving, page, clock, monkeypatch):
    monkeypatch.setattr(example, "strftime", lambda form: "<img src=x onerror=alert(1)>")
    page.goto(f"{serving(example.app)}/test")
    page.get_by_text("Time: <img src=x onerror=alert(1)>").wait_for()
    assert page.locator("img").count() == 0


def test_with_inner_html_the_page_runs_what_the_data_says(serving, page, clock, monkeypatch):
    """What lesson 8 calls the wrong way."""
    monkeypatch.setattr(example, "CLOCK", example.CLOCK.replace("textContent", "innerHTML"))
    monkeypatch.setattr(example, "strftime", lambda form: '<img src="data:," onerror="this.replaceWith(`a script`)">')
    page.goto(f"{serving(example.app)}/test")
    page.get_by_text("Time: a script").wait_for()


HEAR_ELSEWHERE = """
(url) => new Promise((resolve) => {
    const source = new EventSource(url);
    source.onmessage = ({ data }) => { source.close(); resolve(data); };
    source.onerror = () => { source.close(); resolve("refused"); };
})
"""


def test_a_page_of_another_origin_hears_the_stream_only_if_the_server_allows_it(serving, page, clock, times):
    clock.run()

    async def allowed(scope, receive, send):
        async def sending(message):
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"access-control-allow-origin", b"*")]}
            await send(message)

        await example.app(scope, receive, sending)

    page.goto(serving(example.app))
    assert page.evaluate(HEAR_ELSEWHERE, f"{serving(example.app)}/events") == "refused"
    assert page.evaluate(HEAR_ELSEWHERE, f"{serving(allowed)}/events").startswith("12:")
