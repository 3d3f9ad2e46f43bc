import re
import time
from pathlib import Path
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
    assert stream.header("cache-control") == "no-store, no-transform"
    assert stream.header("x-accel-buffering") == "no"
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


def test_a_count_outside_the_generator_is_shared_by_all_readers(watching, ask):
    """As the exercise of lesson 6 has it."""
    program = Path(example.__file__).read_text(encoding="utf-8")
    program = program.replace("    number = 0\n", "    global number\n")
    program = program.replace("async def numbers(stopping):", "number = 0\n\n\nasync def numbers(stopping):")
    edited = {"__name__": "edited"}
    exec(program, edited)
    url = watching(edited["app"]).url
    first, second = ask(url, STREAM), ask(url, STREAM)
    seen = [int(re.sub(r"\D", "", stream.event()[1])) for _ in range(2) for stream in (first, second)]
    assert sorted(seen) == [1, 2, 3, 4]
