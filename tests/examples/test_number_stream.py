import time

from examples import number_stream as example

STREAM = "/sse-stream"


def wait_until(true, what):
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def test_the_numbers_go_on_over_one_connection(watching, ask):
    watched = watching(example)
    stream = ask(watched.url, STREAM)
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    began = time.monotonic()
    assert [stream.event() for _ in range(3)] == [["event: number", f"data: <p>{number}</p>"] for number in (1, 2, 3)]
    assert 1.5 < time.monotonic() - began < 6
    assert len(watched.to(STREAM)) == 1


def test_a_page_counts_over_one_connection(watching, page, event_sources):
    watched = watching(example)
    page.goto(watched.url)
    page.get_by_text("3", exact=True).wait_for()
    assert page.locator("main p").count() == 1
    assert len(watched.to(STREAM)) == len(event_sources()) == 1


def test_a_reader_who_leaves_ends_the_generator(watching, ask, capfd):
    stream = ask(watching(example).url, STREAM)
    stream.event()
    stream.leave()
    printed = ""

    def heard():
        nonlocal printed
        printed += capfd.readouterr().out
        return printed == "stopped at 1\n"

    wait_until(heard, "the generator's finally has not run")


def test_head_gets_the_headers_and_the_connection_is_free_again(watching, ask):
    answer = ask(watching(example).url, STREAM, "HEAD")
    assert answer.status == 200
    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    assert answer.response.read() == b""
    answer.connection.request("GET", "/")
    assert answer.connection.getresponse().status == 200
