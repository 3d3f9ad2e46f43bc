from examples import button_stream_eager as example

STREAM = "/sse-stream"


def test_the_stream_starts_with_the_page_and_the_button_does_nothing(watching, page, clock):
    watched = watching(example)
    page.goto(watched.url)
    page.get_by_text("message number 0").wait_for()
    assert len(watched.to(STREAM)) == 1, "nobody has clicked"
    before = len(watched.requests)
    page.get_by_role("button", name="Start").click()
    clock.tick()
    page.get_by_text("message number 1").wait_for()
    assert page.locator("p").count() == 2
    assert len(watched.requests) == before, "the click sends nothing"


def test_the_stream_is_that_of_the_first_example(watching, ask, clock):
    clock.run()
    stream = ask(watching(example).url, STREAM)
    assert stream.status == 200
    assert stream.rest() == [
        *(["event: progress", f"data: <p>message number {number}</p>"] for number in range(10)),
        ["event: progress", "data: <p>DONE</p>"],
    ]
