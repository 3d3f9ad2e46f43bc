import re

import pytest
from fasthtml.common import Div, FastHTML, P, Titled

from examples import htmx4_streams as example

STREAM = "/progress"
CLOSED = "window.ended = []; addEventListener('htmx-sse-close', ({ detail }) => ended.push(detail.reason))"


@pytest.fixture
def told(page):
    """`told()`: why htmx has closed streams of the page."""
    page.add_init_script(CLOSED)
    return lambda: page.evaluate("ended")


def test_the_messages_have_no_type_and_the_end_has_one(watching, ask, clock):
    clock.run()
    stream = ask(watching(example).url, f"{STREAM}?name=%3Cb%3E%0Aevent:%20evil")
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    *messages, last, done = stream.rest()
    assert messages[3] == ["data: <p>message number 3 for &lt;b&gt;", "data: event: evil</p>"]
    assert (len(messages), last) == (10, ["data: <p>DONE</p>"])
    assert done == ["event: done", "data: no more"]


def test_a_bad_name_is_refused(watching, ask):
    for name in ("", 41 * "x"):
        assert ask(watching(example).url, f"{STREAM}?name={name}").status == 422


def test_it_is_a_fetch_and_begins_again_when_nothing_closes_it(watching, page, clock, told):
    clock.run()
    watched = watching(example)
    page.goto(watched.url)
    first, second = watched.wait_for(STREAM, 2)[:2]
    for request in (first, second):
        assert request.headers["accept"] == "text/html, text/event-stream"
        assert (request.headers["hx-request"], request.headers["sec-fetch-mode"]) == ("true", "same-origin")
    page.locator("p", has_text="DONE").nth(1).wait_for()
    assert told() == []


def test_an_event_with_its_type_closes_it(watching, page, clock, told):
    clock.run()
    watched = watching(example)
    page.goto(f"{watched.url}/close")
    page.wait_for_function("ended.length")
    assert told() == ["message"]
    assert page.locator("p").all_inner_texts()[-1] == "DONE"
    assert len(watched.to(STREAM)) == 1


def test_a_forms_own_request_is_answered_by_a_stream_which_is_read_once(watching, page, clock, told):
    watched = watching(example)
    page.goto(f"{watched.url}/button")
    field, start = page.get_by_label("Your name"), page.get_by_role("button", name="Start")
    field.fill("Ada & Bob")
    start.click()
    page.get_by_text("message number 0 for Ada & Bob").wait_for()
    field.fill("Grace")
    start.click()
    page.get_by_text("for Grace").wait_for()  # the first has been broken off
    assert [request.query for request in watched.to(STREAM)] == ["name=Ada+%26+Bob", "name=Grace"]
    clock.run()
    page.get_by_text("DONE").wait_for()
    page.wait_for_function("ended.at(-1) === 'ended'")  # nobody asks again
    field.evaluate("(field) => field.removeAttribute('maxlength')")
    field.fill(41 * "x")
    start.click()
    page.get_by_text("a name of 1 to 40 characters, please").wait_for()
    assert len(told()) == 2


def test_without_hx_sync_a_second_press_waits_for_the_streams_end(watching, page, clock, told):
    watched = watching(example)
    page.goto(f"{watched.url}/button")
    page.locator("form").evaluate("(form) => form.removeAttribute('hx-sync')")
    page.get_by_label("Your name").fill("Ada")
    for _ in range(2):
        page.get_by_role("button", name="Start").click()
    page.get_by_text("for Ada").wait_for()
    assert len(watched.to(STREAM)) == 1
    clock.run()
    watched.wait_for(STREAM, 2)
    page.wait_for_function("ended.length == 2")


def test_parts_of_an_event_go_to_the_targets_that_they_name(watching, page, clock, told):
    clock.run()
    watched = watching(example)
    page.goto(f"{watched.url}/targets")
    page.wait_for_function("ended.length")
    assert len(watched.to("/readings")) == 1
    shown = {name: page.locator(f"#{name}").inner_text() for name in ("temperature", "humidity", "notices")}
    assert shown == {"temperature": "22 °C", "humidity": "58 %", "notices": "the window is open"}
    both = page.locator("#both p").all_inner_texts()
    assert both == [text for step in range(3) for text in (f"{20 + step} °C", f"{60 - step} %")]


def test_a_named_event_starts_the_request_of_the_element_that_listens_there(watching, page, clock, told, ask):
    watched = watching(example)
    page.goto(f"{watched.url}/bell")
    page.get_by_text("asked for the news 1 times").wait_for()
    assert [request.method for request in watched.to("/news")] == ["POST"]
    clock.run()
    page.wait_for_function("ended.length")
    page.get_by_text(re.compile("asked for the news [2-9] times")).wait_for()
    assert ask(watched.url, "/news").status == 405


def other(*content, stream=example.ringing):
    """A page with other content, and a stream."""
    app = FastHTML(default_hdrs=False, canonical=False, hdrs=example.app.hdrs, secret_key="of no use")
    app.get("/")(lambda: Titled("Another page", *content))
    app.get("/rings")(lambda: example.EventStream(stream()))
    app.post("/news")(lambda: "asked")
    app.post("/posted")(lambda: example.EventStream(example.reading("posted", "by POST") for _ in "1"))
    return app


def test_what_else_the_lesson_says_of_names(watching, page, told):
    """Old attributes work with a warning, but for `sse-swap`; a named event does not reach children, and can click."""

    async def stream():
        yield "event: message\ndata: named\n\n"
        yield "event: news\n\n"
        yield "event: click\ndata: x\n\n"
        yield "data: <p hx-swap-oob='beforeend:#out'>out of band</p>\n\n"
        yield "event: done\n\n"

    warnings = []
    page.on("console", lambda message: warnings.append(message.text))
    inner = P("silent", hx_post="news", hx_trigger="news")
    connected = Div(inner, Div("kept", sse_swap="news"), sse_connect="rings", sse_close="done", id="bell")
    fired = P("none", hx_post="news", hx_trigger="news from:#bell", id="fired")
    clicked = P("none", hx_post="news", hx_trigger="click from:#bell", id="clicked")
    post = Div(P(hx_post="posted", hx_trigger="load"), P(id="posted"), P(id="both"))
    own = Div(P("none", hx_post="news", hx_trigger="load", id="own"), hx_target="#out")
    outer = Div(P("none", hx_post="news", hx_trigger="load"), hx_target_inherited="#outer")
    page.goto(
        watching(other(connected, fired, clicked, own, outer, Div(id="out"), Div(id="outer"), post, stream=stream)).url
    )
    page.wait_for_function("ended.includes('message')")
    assert page.locator("#bell").inner_text().split() == ["silent", "kept"]
    for name in ("fired", "clicked", "own", "outer"):
        page.locator(f"#{name}", has_text="asked").wait_for()
    page.locator("#posted", has_text="by POST").wait_for()
    assert page.locator("#out").inner_text() == "out of band"
    assert len([text for text in warnings if "deprecated" in text]) == 2
    assert len([text for text in warnings if "sse-swap is removed in htmx 4" in text]) == 1
