from examples import close_on_message as example

STREAM = "/sse-stream"
CLOSED = 2


def test_the_last_event_has_a_type_of_its_own_and_data(watching, ask, clock):
    clock.run()
    stream = ask(watching(example).url, STREAM)
    assert stream.status == 200
    *messages, last, done = stream.rest()
    assert messages == [["event: progress", f"data: <p>message number {number}</p>"] for number in range(10)]
    assert last == ["event: progress", "data: <p>DONE</p>"]
    assert done == ["event: done", "data: no more"]


def test_the_page_closes_its_event_source_for_good(watching, page, clock, event_sources):
    clock.run()
    watched = watching(example)
    page.goto(watched.url)
    page.get_by_text("DONE").wait_for()
    page.wait_for_function("eventSources[0].readyState == 2")
    # An event source that its page closed never connects again: no need to wait for the request that does not come.
    assert [source["readyState"] for source in event_sources()] == [CLOSED]
    assert len(watched.to(STREAM)) == 1
    assert page.locator("p").count() == 11
    assert page.get_by_text("no more").count() == 0


def test_an_event_without_data_would_not_close_it(watching, page, clock, event_sources, monkeypatch):
    """As the example says: FastHTML writes no `data:` for empty content, so browsers drop the event."""

    async def progress():
        yield "retry: 10\n\n"
        yield example.sse_message("", event="done")

    monkeypatch.setattr(example, "progress", progress)
    watched = watching(example)
    page.goto(watched.url)
    watched.wait_for(STREAM, 3)
    assert event_sources()[0]["readyState"] != CLOSED
