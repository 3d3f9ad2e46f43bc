from itertools import count

import pytest

from examples import number_stream_ends as example

STREAM = "/sse-stream"


@pytest.fixture(autouse=True)
def nobody_has_connected_yet(monkeypatch):
    monkeypatch.setattr(example, "connections", count(1))


def test_the_stream_is_one_number_and_then_its_end(watching, ask):
    url = watching(example).url
    for number in (1, 2):
        stream = ask(url, STREAM)
        assert stream.status == 200
        assert stream.header("content-type") == "text/event-stream; charset=utf-8"
        assert stream.rest() == [["event: number", f"data: <p>{number}</p>"]]


def test_in_a_page_the_numbers_go_on_at_one_connection_each(watching, page, event_sources, monkeypatch):
    async def number():
        yield "retry: 10\n\n"  # instead of the browser's three seconds
        async for event in numbers():
            yield event

    numbers = example.number
    monkeypatch.setattr(example, "number", number)
    watched = watching(example)
    page.goto(watched.url)
    page.wait_for_function("document.querySelector('main p')?.textContent >= 3")
    assert len(watched.to(STREAM)) >= 3
    assert len(event_sources()) == 1
