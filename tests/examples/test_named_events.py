from examples import named_events as example

STREAM = "/sse-stream"
CLOSED = 2


def test_each_event_says_its_type_but_for_the_default_one(watching, ask, clock):
    stream = ask(watching(example).url, STREAM)
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.event() == ["data: <p>the window is open</p>"]
    for step in range(3):
        assert stream.event() == ["event: temperature", f"data: <p>{20 + step} °C</p>"]
        clock.tick()
        assert stream.event() == ["event: humidity", f"data: <p>{60 - step} %</p>"]
        assert stream.event() == ["event: pressure", "data: <p>1013 hPa</p>"]
        clock.tick()
    assert stream.rest() == [["event: done", "data: no more"]]


def test_one_request_feeds_all_elements(watching, page, clock, event_sources):
    clock.run()
    watched = watching(example)
    page.goto(watched.url)
    page.wait_for_function("eventSources[0].readyState == 2")
    assert len(watched.to(STREAM)) == len(event_sources()) == 1
    assert page.locator("[sse-swap=temperature]").inner_text() == "22 °C"
    assert page.locator("[sse-swap=humidity]").inner_text() == "58 %"
    assert page.locator("[sse-swap=message]").inner_text() == "the window is open"
    both = page.locator("[sse-swap='temperature,humidity'] p").all_inner_texts()
    assert both == [text for step in range(3) for text in (f"{20 + step} °C", f"{60 - step} %")]
    assert page.get_by_text("hPa").count() == 0, "nobody listens to that type"


def test_an_event_changes_only_the_elements_that_name_its_type(watching, page, clock):
    page.goto(watching(example).url)
    page.get_by_text("the window is open").wait_for()
    page.locator("[sse-swap=temperature]").get_by_text("20 °C").wait_for()
    assert page.locator("[sse-swap=humidity]").inner_text() == "waiting"
    clock.tick()
    page.locator("[sse-swap=humidity]").get_by_text("60 %").wait_for()
