from examples import number_stream_ends as example

STREAM = "/sse-stream"


def test_the_stream_is_one_event_and_then_its_end(watching, ask):
    url = watching(example).url
    for _ in range(2):
        stream = ask(url, STREAM)
        assert stream.status == 200
        assert stream.header("content-type") == "text/event-stream; charset=utf-8"
        assert stream.rest() == [["event: line", "data: <p>one more line</p>"]]


def test_in_a_page_the_lines_go_on_at_one_connection_each(watching, page, event_sources, monkeypatch):
    async def line():
        yield "retry: 10\n\n"  # instead of the browser's three seconds
        async for event in lines():
            yield event

    lines = example.line
    monkeypatch.setattr(example, "line", line)
    watched = watching(example)
    page.goto(watched.url)
    page.wait_for_function("document.querySelectorAll('main p').length >= 3")
    assert len(watched.to(STREAM)) >= 3
    assert len(event_sources()) == 1
