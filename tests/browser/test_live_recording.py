"""`<live-example>` before anything runs: the recording is shown and played."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.stand_in import (
    NUMBERS,
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
    expect(live.locator(".live-bar")).to_contain_text("Recording")
    expect(live.frame_locator("iframe").get_by_role("heading")).to_have_text("Counting")
    expect(messages(live)).to_have_count(0)  # what the page's script would make of them, nobody has seen yet
    expect(live.get_by_role("group", name="App")).to_contain_text("as it came, before any event")
    expect(live.locator(".transcript")).to_be_hidden()
    expect(wire(live).filter(has_text="event number")).to_have_count(4)
    expect(wire(live).filter(has_text="The server ended the response")).to_have_count(1)
    expect(wire(live).last).to_contain_text("again soon")  # only the browser knows when
    expect(wire(live).last).to_contain_text("will send Last-Event-ID: 3")
    assert live.locator("iframe").get_attribute("title") == TITLE
    live.hover()  # the reader comes near
    expect(messages(live)).to_have_text([f"number {n}" for n in range(4)])


def test_playing_takes_the_time_that_the_stream_took(show: Callable[..., Locator], page: Page) -> None:
    page.clock.install()
    live = show(exchange(NUMBERS))
    live.hover()
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
    expect(live.locator(".clock").first).to_have_text("Recording 0.3 s")
    live.get_by_role("button", name="Play").click()  # again
    expect(messages(live)).to_have_count(1)


def test_no_script_runs_before_the_reader_comes_near(show: Callable[..., Locator], page: Page) -> None:
    attack = "<p>here</p><img src=x onerror='parent.attacked = 1'><script>parent.attacked = 1</script>"
    live = show(exchange(NUMBERS), html=f"{attack}<input autofocus>")
    expect(messages(live)).to_have_text(["here"])
    assert page.evaluate("window.attacked") is None
    assert "autofocus" not in (live.locator("iframe").get_attribute("srcdoc") or "")  # it would be blocked


ASKING = """<main><form hx-get="connection"><input name="name"></form><button>Start</button><p></p></main><script>
  const say = (text) => document.querySelector("p").append(text);
  document.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    say(document.querySelector("input").value);
    const request = new XMLHttpRequest();
    request.open("GET", "connection?name=Ada");
    const type = () => request.getResponseHeader("content-type");
    request.onload = () => say(`, ${request.responseText} ${request.status} ${type()}. `);
    request.send();
  });
  document.querySelector("button").addEventListener("click", () => say("pressed"));
  fetch("fragment").then((answer) => answer.text()).then(say);
  fetch("elsewhere", { method: "POST" });
</script>"""


def test_what_a_page_asks_for_is_answered_from_the_recording(show: Callable[..., Locator], page: Page) -> None:
    """And what it does not ask for by itself, the visitor of the recording has caused: as here, by a form."""
    plain = {"headers": [["content-type", "text/plain"]], "requestHeaders": []}
    fragment = exchange([(0, "A fragment. ")], path="/fragment", **plain)
    live = show(fragment, exchange([(100, "yes")], path="/connection?name=Ada", **plain), html=ASKING)
    live.hover()
    expect(messages(live)).to_contain_text("Ada, yes 200 text/plain.")
    expect(messages(live)).to_contain_text("A fragment.")
    expect(live.get_by_role("group", name="App")).to_contain_text("POST /elsewhere is not in the recording")
    live.frame_locator("iframe").get_by_role("button").click()  # by a reader, who watches a recording
    expect(messages(live)).not_to_contain_text("pressed")


READING = """<form><input name="question"></form><p></p><script type="module">
  document.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = JSON.stringify(Object.fromEntries(new FormData(event.target)));
    const answer = await fetch("answer", { method: "POST", body });
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream()))
      document.querySelector("p").append(`${piece.length} `);
    document.querySelector("p").append(`over ${body}`);
  });
</script>"""


def test_a_script_reads_the_recorded_stream_that_it_has_asked_for(show: Callable[..., Locator]) -> None:
    asked = {"method": "POST", "path": "/answer", "requestBody": '{"question":"Why?"}'}
    live = show(exchange([(0, "data: one\n\n"), (300, "data: three\n\n")], **asked), html=READING)
    live.hover()
    expect(messages(live)).to_have_text('24 over {"question":"Why?"}')
    live.get_by_role("button", name="Play").click()
    expect(messages(live)).to_have_text('11 13 over {"question":"Why?"}')


MADE = {
    "02-start-it-with-a-button": r"message number 9 for Ada",  # by htmx, after the form was sent
    "03-close-it-for-good": r"Step: 5 of 5\s*Connection: connecting",  # by a script of the page's own
    "09-open-close-resume": r"step 10",  # after a press
    "13-the-same-with-htmx-4": r"message: one.*htmx 4.*message: one",  # by a fetch of htmx 4
    "11-django-groups-users-signals": r"listening\s*yo from ann to ben",  # after a request of its own
}


def test_lessons_show_what_their_pages_make_of_the_recording(page: Page, site: str) -> None:
    for lesson, shown in MADE.items():
        page.goto(f"{site}notebooks/{lesson}.html")
        live = page.locator("live-example").last
        live.get_by_role("button", name="Play").focus()
        expect(live.frame_locator("iframe").locator("body")).to_contain_text(re.compile(shown, re.DOTALL))


def test_a_closing_message_closes_and_204_ends(show: Callable[..., Locator]) -> None:
    closing = exchange([(0, "event: number\ndata: 1\n\nevent: done\ndata: x\n\n")])
    live = show(closing, html='<div sse-close="done"></div>')
    expect(wire(live).last).to_contain_text("The server ended the response")
    expect(wire(live).filter(has_text="closed by the page")).to_have_count(1)
    again = exchange([], status=204, headers=[], start=3000, end=3000)
    live = show(exchange(NUMBERS), again)
    expect(wire(live).filter(has_text="new EventSource")).to_have_count(1)
    expect(wire(live).last).to_contain_text("it does not connect again")
