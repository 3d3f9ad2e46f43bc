"""`<live-example>` before anything runs: the recording is shown and played."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.stand_in import (
    NUMBERS,
    PAGE,
    TITLE,
    exchange,
    messages,
    wire,
)


def test_without_javascript_the_transcript_stays(show: Callable[..., Locator]) -> None:
    live = show(exchange(NUMBERS), upgrade=False)
    expect(live.locator(".transcript")).to_be_visible()


def test_before_anything_is_started_the_whole_recording_is_shown(show: Callable[..., Locator]) -> None:
    live = show(exchange(NUMBERS))
    expect(messages(live)).to_have_text([f"number {n}" for n in range(4)])
    expect(live.locator(".transcript")).to_be_hidden()
    expect(wire(live).filter(has_text="event number")).to_have_count(4)
    expect(wire(live).filter(has_text="The server ended the response")).to_have_count(1)
    expect(wire(live).last).to_contain_text("again soon")  # only the browser knows when
    expect(wire(live).last).to_contain_text("will send Last-Event-ID: 3")
    assert live.locator("iframe").get_attribute("title") == TITLE


def test_playing_takes_the_time_that_the_stream_took(show: Callable[..., Locator], page: Page) -> None:
    page.clock.install()
    live = show(exchange(NUMBERS))
    expect(messages(live)).to_have_count(4)
    page.clock.pause_at("2030-01-01")
    live.get_by_role("button", name="Play").click()
    expect(messages(live)).to_have_count(1)
    page.clock.run_for(150)
    expect(messages(live)).to_have_count(2)
    live.get_by_role("button", name="Pause").click()
    page.clock.run_for(1000)
    expect(messages(live)).to_have_count(2)
    live.get_by_role("button", name="Play").click()
    page.clock.run_for(200)
    expect(messages(live)).to_have_count(4)
    expect(live.locator(".clock")).to_have_text("Recording 0.3 s")
    live.get_by_role("button", name="Play").click()  # again
    expect(messages(live)).to_have_count(1)


def test_nothing_in_the_recorded_page_runs(show: Callable[..., Locator], page: Page) -> None:
    attack = "event: number\ndata: <img src=x onerror='parent.attacked = 1'><p>here</p>\n\n"
    live = show(exchange([(0, attack)], path="/numbers"), html=PAGE + "<script>parent.attacked = 1</script>")
    expect(messages(live)).to_have_text(["here"])
    assert page.evaluate("window.attacked") is None


def test_a_click_in_the_recording_swaps_what_it_fetched(show: Callable[..., Locator]) -> None:
    html = '<main><button hx-get="connection" hx-target="#place">Start</button><div id="place"></div></main>'
    fragment = '<div sse-connect="numbers?name=Ada" sse-swap="number" hx-swap="beforeend"></div>'
    html_type = [["content-type", "text/html; charset=utf-8"]]
    fetched = exchange([(0, fragment)], path="/connection", headers=html_type, requestHeaders=[])
    live = show(fetched, exchange(NUMBERS, path="/numbers?name=Ada"), html=html)
    expect(messages(live)).to_have_count(4)


def test_a_page_with_a_script_of_its_own_lists_the_events(show: Callable[..., Locator]) -> None:
    live = show(exchange(NUMBERS), html="<main><h1>Counting</h1></main>")
    expect(live.frame_locator("iframe").get_by_role("listitem")).to_have_count(4)


def test_a_closing_message_closes_and_204_ends(show: Callable[..., Locator]) -> None:
    closing = exchange([(0, "event: number\ndata: 1\n\nevent: done\ndata: x\n\n")])
    live = show(closing, html=PAGE.replace("sse-swap", 'sse-close="done" sse-swap'))
    expect(wire(live).last).to_contain_text("The server ended the response")
    expect(wire(live).filter(has_text="closed by the page")).to_have_count(1)
    again = exchange([], status=204, headers=[], start=3000, end=3000)
    live = show(exchange(NUMBERS), again)
    expect(wire(live).filter(has_text="new EventSource")).to_have_count(1)
    expect(wire(live).last).to_contain_text("it does not connect again")
