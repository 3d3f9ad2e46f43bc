"""Lesson 6's stream without end: what comes, and when it stops."""

from queue import Queue

import pytest

from examples import number_stream


@pytest.fixture
def printed(monkeypatch):
    """What the example prints, in a queue, on which a test can wait."""
    lines = Queue()
    monkeypatch.setattr(number_stream, "print", lines.put, raising=False)
    return lines


def test_the_numbers_go_on(serve, ask):
    stream = ask(serve(number_stream.app).url, "/sse-stream")
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.event() == ["event: number", "data: <p>1</p>"]
    assert stream.event() == ["event: number", "data: <p>2</p>"]


def test_it_stops_when_its_reader_leaves(serve, ask, printed):
    stream = ask(serve(number_stream.app).url, "/sse-stream")
    stream.event()
    stream.close()
    assert printed.get(timeout=60).startswith("stopped at ")


def test_it_stops_when_the_connection_breaks(serve, ask, printed):
    server = serve(number_stream.app)
    ask(server.url, "/sse-stream").event()
    server.cut()
    assert printed.get(timeout=60).startswith("stopped at ")
