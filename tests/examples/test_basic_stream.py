from examples import basic_stream as example

STREAM = "/sse-stream"
MESSAGES = [["event: progress", f"data: <p>message number {number}</p>"] for number in range(10)]
DONE = ["event: progress", "data: <p>DONE</p>"]


def test_every_message_comes_when_it_is_sent(watching, ask, clock):
    stream = ask(watching(example).url, STREAM)
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    for message in MESSAGES:
        assert stream.event() == message  # read while the generator waits for the next tick
        clock.tick()
    assert stream.rest() == [DONE]
    assert clock.asked == [0.5] * 10


def test_a_page_shows_the_messages_and_scrolls_to_the_last(watching, page, clock):
    watched = watching(example)
    page.set_viewport_size({"width": 400, "height": 200})
    page.goto(watched.url)
    page.get_by_text("message number 0").wait_for()
    assert page.locator("p").count() == 1
    clock.run()
    page.get_by_text("DONE").wait_for()
    assert page.locator("p").all_inner_texts()[:11] == [*(f"message number {number}" for number in range(10)), "DONE"]
    page.wait_for_function("scrollY > 0 && scrollY + innerHeight >= document.querySelector('p:last-child').offsetTop")


def test_after_the_end_the_stream_starts_again(watching, page, clock):
    clock.run()
    watched = watching(example)
    page.goto(watched.url)
    first, second = watched.wait_for(STREAM, 2)[:2]
    assert first.headers["accept"] == second.headers["accept"] == "text/event-stream"
    page.wait_for_function("document.querySelectorAll('p').length == 22")
    assert page.locator("p").all_inner_texts()[:11] == page.locator("p").all_inner_texts()[11:]
