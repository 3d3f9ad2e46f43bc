import re
import time
from queue import Queue

from examples import number_stream as example
from tests.patience import PATIENCE

STREAM = "/sse-stream"


def test_the_numbers_go_on_over_one_connection(watching, ask):
    watched = watching(example)
    began = time.monotonic()
    stream = ask(watched.url, STREAM)
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert [stream.event() for _ in range(3)] == [["event: number", f"data: <p>{number}</p>"] for number in (1, 2, 3)]
    assert time.monotonic() - began > 1.9
    assert len(watched.to(STREAM)) == 1


def test_a_page_counts_over_one_connection(watching, page, event_sources):
    watched = watching(example)
    page.goto(watched.url)
    page.wait_for_function("document.querySelector('main p')?.textContent >= 3")
    assert page.locator("main p").count() == 1
    assert len(watched.to(STREAM)) == len(event_sources()) == 1


def test_a_reader_who_leaves_ends_the_generator(watching, ask, monkeypatch):
    printed = Queue()
    monkeypatch.setattr(example, "print", printed.put, raising=False)
    stream = ask(watching(example).url, STREAM)
    stream.event()
    stream.leave()
    assert re.fullmatch(r"stopped at \d", printed.get(timeout=PATIENCE))


def test_head_gets_the_headers_and_the_connection_is_free_again(watching, ask):
    answer = ask(watching(example).url, STREAM, "HEAD")
    assert answer.status == 200
    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    assert answer.response.read() == b""
    answer.connection.request("GET", "/")
    assert answer.connection.getresponse().status == 200
