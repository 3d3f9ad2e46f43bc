import re

import pytest
from fasthtml.common import Div, FastHTML, P, Titled

from examples import event_triggers as example

STREAM = "/sse-stream"
NEWS = "/news"


def test_the_stream_carries_no_news_only_that_there_is_some(watching, ask, clock):
    clock.run()
    stream = ask(watching(example).url, STREAM)
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.rest() == [*8 * [["event: news", "data: there is news"]], ["event: done", "data: no more"]]
    assert clock.asked == [1, 1, 1, 0, 0, 0, 0, 1]


def test_each_visitor_has_a_counter_of_their_own_in_a_signed_cookie(watching, ask):
    url = watching(example).url
    first = ask(url, NEWS, "POST")
    assert first.response.read().decode() == "You have asked for the news 1 times."
    mine = first.header("set-cookie").split(";")[0]
    assert ask(url, NEWS, "POST", {"cookie": mine}).response.read().decode() == "You have asked for the news 2 times."
    assert ask(url, NEWS, "POST").response.read().decode() == "You have asked for the news 1 times."
    assert "You have asked for the news 1 times." in ask(url, "/", headers={"cookie": mine}).response.read().decode()
    attributes = first.header("set-cookie").lower()
    assert "httponly" in attributes
    assert "samesite=lax" in attributes


def test_of_two_requests_with_one_cookie_the_count_keeps_one(watching, ask):
    """A session is what the visitor sends back, so two requests at once both count on from the same number."""
    url = watching(example).url
    mine = {"cookie": ask(url, NEWS, "POST").header("set-cookie").split(";")[0]}
    answers = [ask(url, NEWS, "POST", mine).response.read().decode() for _ in range(2)]
    assert answers == 2 * ["You have asked for the news 2 times."]


def test_the_stream_is_asked_for_with_the_visitors_cookie(watching, page, clock):
    watched = watching(example)
    page.goto(watched.url)
    page.get_by_text("You have asked for the news 1 times.").wait_for()
    page.reload()
    assert "session_=" in watched.wait_for(STREAM, 2)[1].headers["cookie"]


def test_a_forged_cookie_counts_for_nothing(watching, ask):
    url = watching(example).url
    mine = ask(url, NEWS, "POST").header("set-cookie").split(";")[0]
    name, _, value = mine.partition("=")
    forged = ask(url, NEWS, "POST", {"cookie": f"{name}=eyJjb3VudCI6IDk5fQ=={value[value.index('.') :]}"})
    assert forged.response.read().decode() == "You have asked for the news 1 times."


def test_a_get_does_not_count(watching, ask):
    assert ask(watching(example).url, NEWS).status == 405


def test_an_event_makes_the_element_ask(watching, page, clock):
    watched = watching(example)
    page.goto(watched.url)
    page.get_by_text("You have asked for the news 1 times.").wait_for()
    [request] = watched.to(NEWS)
    assert request.method == "POST"
    assert request.headers["hx-request"] == "true"
    assert request.headers["hx-current-url"] == watched.url + "/"
    clock.tick()
    page.get_by_text("You have asked for the news 2 times.").wait_for()
    page.reload()
    page.get_by_text("You have asked for the news 3 times.").wait_for()


def test_the_page_closes_the_stream_when_it_is_done(watching, page, clock, event_sources):
    clock.run()
    watched = watching(example)
    page.goto(watched.url)
    page.wait_for_function("eventSources[0].readyState == 2")
    assert len(watched.to(STREAM)) == len(event_sources()) == 1


def host(*children):
    """A page with the example's stream and counter, and other elements."""
    app = FastHTML(default_hdrs=False, canonical=False, hdrs=example.app.hdrs, secret_key="of no use")
    app.get("/")(lambda: Titled("Another page", *children))
    app.get("/sse-stream")(example.sse_stream)
    app.post("/news")(example.count)
    return app


def connected(*children, **attributes):
    return Div(*children, **attributes, hx_ext="sse", sse_connect="sse-stream", sse_close="done")


def asks(trigger="sse:news"):
    return P("none", hx_post="news", hx_trigger=trigger)


def test_an_element_outside_the_connected_one_hears_nothing(watching, page, clock, event_sources):
    clock.run()
    watched = watching(host(connected(asks(), id="inside"), asks()))
    page.goto(watched.url)
    page.locator("#inside").get_by_text("2 times").wait_for()
    page.wait_for_function("eventSources[0].readyState == 2")
    assert page.locator("main > p").inner_text() == "none"


@pytest.mark.parametrize(
    ("trigger", "least", "most"),
    [
        ("sse:news", 2, 7),  # while one request is under way the last event waits, and those between are forgotten
        ("sse:news queue:all", 8, 8),
        ("sse:news throttle:5s", 1, 1),
        ("sse:news delay:1s", 1, 1),
    ],
)
def test_how_many_requests_a_burst_of_eight_events_causes(watching, page, clock, event_sources, trigger, least, most):
    clock.run()
    watched = watching(host(connected(asks(trigger))))
    page.goto(watched.url)
    page.wait_for_function("eventSources[0].readyState == 2")
    watched.wait_for(NEWS, least)
    page.get_by_text(re.compile("You have asked")).wait_for()
    assert least <= len(watched.to(NEWS)) <= most
