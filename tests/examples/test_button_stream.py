from urllib.parse import quote_plus

import pytest

from examples import button_stream as example

STREAM = "/sse-stream"
CONNECTION = "/connection"
AWKWARD = "R&D <b>100 %</b> + 'ü' \"#?=\""


def start(page, name):
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Start").click()


def test_a_click_opens_the_stream_and_the_name_travels_in_its_address(watching, page, clock):
    watched = watching(example)
    page.goto(watched.url)
    page.wait_for_load_state("networkidle")
    assert not watched.to(STREAM)
    start(page, "Ada")
    page.get_by_text("message number 0 for Ada").wait_for()
    clock.run()
    page.get_by_text("DONE").wait_for()
    assert [request.query for request in watched.to(CONNECTION)] == ["name=Ada"]
    assert watched.to(STREAM)[0].query == "name=Ada"


def test_any_name_arrives_as_it_was_typed_and_is_shown_as_text(watching, page, clock):
    watched = watching(example)
    page.goto(watched.url)
    start(page, AWKWARD)
    page.get_by_text("message number 0").wait_for()
    assert page.locator("#stream p").inner_text() == f"message number 0 for {AWKWARD}"
    assert page.locator("#stream b").count() == 0
    assert watched.to(STREAM)[0].query == "name=" + quote_plus(AWKWARD)


def test_a_second_click_closes_the_first_stream(watching, page, clock, event_sources):
    watched = watching(example)
    page.goto(watched.url)
    start(page, "Ada")
    page.get_by_text("for Ada").wait_for()
    start(page, "Grace")
    page.get_by_text("for Grace").wait_for()
    assert page.get_by_text("for Ada").count() == 0
    assert [source["readyState"] for source in event_sources()] == [2, 1]
    assert len(watched.to(STREAM)) == 2


def test_an_empty_name_stays_in_the_form(watching, page):
    watched = watching(example)
    page.goto(watched.url)
    page.get_by_role("button", name="Start").click()
    assert page.locator("input:invalid").count() == 1
    page.wait_for_load_state("networkidle")
    assert not watched.to(CONNECTION)


def test_the_wire_carries_the_name(watching, ask, clock):
    clock.run()
    stream = ask(watching(example).url, f"{STREAM}?name=Ada")
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.rest() == [
        *(["event: progress", f"data: <p>message number {number} for Ada</p>"] for number in range(10)),
        ["event: progress", "data: <p>DONE</p>"],
    ]
    assert clock.asked == [0.5] * 10


def test_the_stream_escapes_markup_and_cannot_be_given_a_field(watching, ask, clock):
    clock.run()
    stream = ask(watching(example).url, f"{STREAM}?name=%3Ci%3E%0Aevent:%20evil%0A%0Adata:%20x")
    assert stream.event() == [
        "event: progress",
        "data: <p>message number 0 for &lt;i&gt;",
        "data: event: evil",
        "data: ",
        "data: data: x</p>",
    ]


@pytest.mark.parametrize("path", [CONNECTION, STREAM])
@pytest.mark.parametrize("query", ["name=", "name=" + 41 * "x"])
def test_a_bad_name_is_refused_by_both_addresses(watching, ask, path, query):
    answer = ask(watching(example).url, f"{path}?{query}")
    assert answer.status == 422
    assert answer.response.read() == b"a name of 1 to 40 characters, please"


def test_a_bad_name_that_the_form_lets_through_starts_no_stream(watching, page):
    """Refused only at the stream, it would make htmx's extension ask for the stream again and again."""
    watched = watching(example)
    page.goto(watched.url)
    page.get_by_label("Your name").evaluate("field => field.removeAttribute('maxlength')")
    with page.expect_response(lambda response: CONNECTION in response.url) as answered:
        start(page, 41 * "x")
    assert answered.value.status == 422
    page.wait_for_load_state("networkidle")
    assert page.locator("[sse-connect]").count() == 0
    assert not watched.to(STREAM)


@pytest.mark.parametrize("path", [CONNECTION, STREAM])
def test_a_missing_name_is_a_bad_request(watching, ask, path):
    assert ask(watching(example).url, path).status == 400
