"""Where htmx 4.0.1 differs from the standard, and how it comes back: all that lesson 13 says of it."""

import re

import pytest
from fasthtml.common import Div, FastHTML, Response, Titled

from examples import htmx4_two_readers as example

# Pauses are noted and skipped; chance is always in the middle.
WAITS = """
window.waits = [];
Math.random = () => 0.5;
const wait = window.setTimeout;
window.setTimeout = (then, time, ...more) => {
  const isPause = String(then).includes("[native code]"); // a promise's own function, as hx-sse waits
  if (isPause) waits.push(time);
  return wait(then, isPause ? 0 : time, ...more);
};
"""


def told(page, reader):
    """What a reader's list says, without the times."""
    return [text.partition(" s ")[2] for text in page.locator(f"#{reader} li").all_inner_texts()]


def shown(page, reader, text, times=1):
    page.locator(f"#{reader} li", has_text=re.compile(rf"{text}\s*$")).nth(times - 1).wait_for()


@pytest.mark.parametrize(
    ("case", "pieces"),
    [
        ("retry", [["retry: 2000"], ["data: one"]]),
        ("unit", [["retry: 2s", "data: one"]]),
        ("stop", [["id: 1", "data: one"]]),
    ],
)
def test_both_get_the_same_bytes(watching, ask, clock, case, pieces):
    clock.run()
    url = watching(example).url
    for reader in ("browser", "htmx"):
        stream = ask(url, f"/{reader}/{case}")
        assert stream.header("content-type") == "text/event-stream; charset=utf-8"
        assert stream.rest() == pieces


def test_a_line_end_is_cut_in_two(watching, ask, clock):
    stream = ask(watching(example).url, "/htmx/cut")
    assert stream.response.read1() == b"event: news\r"
    clock.run()
    assert stream.response.read() == b"\ndata: one\r\n\r\n"


def test_what_is_not_there_is_not_found(watching, ask):
    url = watching(example).url
    assert [ask(url, path).status for path in ("/?case=x", "/htmx/x", "/browser/x")] == [404, 404, 404]


def test_a_reconnection_time_alone_is_not_heard_by_htmx(watching, page, clock):
    clock.run()
    page.add_init_script(WAITS)
    page.goto(watching(example).url)
    shown(page, "browser", "message: one", 2)
    assert set(page.evaluate("waits")) == {500}


def test_a_unit_is_taken_for_milliseconds(watching, page, clock):
    clock.run()
    page.add_init_script(WAITS)
    watched = watching(example)
    page.goto(f"{watched.url}/?case=unit")
    watched.wait_for("/htmx/unit", 3)
    assert set(page.evaluate("waits")) == {2}
    assert len(watched.to("/browser/unit")) == 1


def test_a_cut_line_end_makes_two_messages_of_one(watching, page):
    page.goto(f"{watching(example).url}/?case=cut")
    shown(page, "htmx", "news:")
    shown(page, "htmx", "message: one")
    shown(page, "browser", "news: one")
    assert "message: one" not in told(page, "browser")


def test_204_stops_the_event_source_and_not_htmx(watching, page, clock):
    clock.run()
    page.add_init_script(WAITS)
    watched = watching(example)
    page.goto(f"{watched.url}/?case=stop")
    shown(page, "browser", "closed for good")
    assert told(page, "browser") == ["connected", "message: one", "lost", "closed for good"]
    requests = watched.wait_for("/htmx/stop", 5)
    assert [request.headers.get("last-event-id") for request in requests[:5]] == [None, "1", "1", "1", "1"]
    assert set(page.evaluate("waits")) == {500}
    shown(page, "htmx", "answer 204", 3)
    assert len(watched.to("/browser/stop")) == 2


def other(answers, **attributes):
    """A page on which htmx 4 asks for `s`, and gets these answers; of the last one as many as it wants."""
    app = FastHTML(default_hdrs=False, canonical=False, hdrs=example.app.hdrs, secret_key="of no use")
    app.get("/")(lambda: Titled("Another page", Div("none", hx_sse_connect="s", **attributes)))
    app.get("/s")(lambda: answers.pop(0) if len(answers) > 1 else answers[0])
    return app


def stream(text):
    return Response(text, media_type="text/event-stream")


def test_after_each_failure_it_waits_twice_as_long_up_to_a_minute(watching, page):
    page.add_init_script(WAITS)
    page.goto(watching(other([stream("data: first\n\n"), Response("busy", 503)])).url)
    page.wait_for_function("waits.length >= 10")
    assert page.evaluate("waits.slice(0, 10)") == [500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]
    assert page.locator("[hx-sse-connect]").inner_text() == "first"


def test_a_first_request_that_fails_is_not_repeated_and_its_answer_is_shown(watching, page):
    page.add_init_script(WAITS)
    watched = watching(other([Response("busy", 503), stream("data: late\n\n")]))
    page.goto(watched.url)
    page.get_by_text("busy").wait_for()
    page.wait_for_load_state("networkidle")
    assert (len(watched.to("/s")), page.evaluate("waits")) == (1, [])


def test_of_a_later_answer_the_type_is_not_looked_at(watching, page):
    page.add_init_script(WAITS)
    page.goto(watching(other([stream("data: first\n\n"), Response("data: page\n\n", media_type="text/html")])).url)
    page.get_by_text("page", exact=True).wait_for()


def test_in_a_hidden_tab_it_lets_go_of_the_stream_and_comes_back_with_the_id(watching, page, clock, monkeypatch):
    monkeypatch.setitem(example.CASES, "retry", ["id: 7\ndata: one\n\n", "data: never\n\n"])
    watched = watching(example)
    page.route("**/browser/*", lambda route: route.abort())
    page.add_init_script(WAITS + "window.away = false; Object.defineProperty(document, 'hidden', { get: () => away });")
    page.goto(watched.url)
    shown(page, "htmx", "message: one")
    turn = "(hidden) => { away = hidden; document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(turn, True)
    page.wait_for_timeout(100)
    assert len(watched.to("/htmx/retry")) == 1
    page.evaluate(turn, False)
    assert watched.wait_for("/htmx/retry", 2)[1].headers["last-event-id"] == "7"
    assert page.evaluate("waits[0]") == 500


def test_it_can_be_told_to_keep_the_stream_in_a_hidden_tab(watching, page):
    page.add_init_script(WAITS + "Object.defineProperty(document, 'hidden', { get: () => true });")
    watched = watching(other([stream("data: first\n\n")], hx_config="sse.pauseOnBackground:false"))
    page.goto(watched.url)
    watched.wait_for("/s", 1)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    watched.wait_for("/s", len(watched.to("/s")) + 3)


def test_its_settings_can_be_set(watching, page):
    page.add_init_script(WAITS)
    settings = "sse.reconnectDelay:2s sse.reconnectMaxAttempts:2"
    page.goto(watching(other([stream("data: first\n\n"), Response("busy", 503)], hx_config=settings)).url)
    page.wait_for_function("waits.length >= 2")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("waits") == [2000, 4000]
