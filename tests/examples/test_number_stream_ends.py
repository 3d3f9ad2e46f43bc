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


def test_in_a_page_the_numbers_go_on_at_one_connection_each(watching, page, event_sources):
    watched = watching(example)
    page.goto(watched.url)
    page.get_by_text("1", exact=True).wait_for()
    page.get_by_text("2", exact=True).wait_for()
    page.get_by_text("3", exact=True).wait_for()
    assert len(watched.to(STREAM)) == 3
    assert len(event_sources()) == 1
