import pytest
from fasthtml.common import Div, FastHTML, Response, Script, Titled

from examples import stop_with_204 as example

STREAM = "/sse-stream"
CLOSED = 2


def events(*steps):
    return [[f"id: {step}", f"data: {step} of 5"] for step in steps]


@pytest.mark.parametrize(
    ("last_event_id", "steps"),
    [
        ("", "12345"),
        ("1", "2345"),
        ("3", "45"),
        ("6", "12345"),
        ("-1", "12345"),
        ("nonsense", "12345"),
        ("55", "12345"),
    ],
)
def test_the_stream_goes_on_after_the_last_event_id_and_starts_over_for_an_unknown_one(
    watching, ask, clock, last_event_id, steps
):
    clock.run()
    stream = ask(watching(example).url, STREAM, headers={"Last-Event-ID": last_event_id})
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.rest() == [["retry: 500"], *events(*steps)]
    assert clock.asked == [0.5] * len(steps)


def test_who_has_the_last_step_is_told_to_stop(watching, ask):
    answer = ask(watching(example).url, STREAM, headers={"Last-Event-ID": "5"})
    assert answer.status == 204
    assert answer.response.read() == b""


def test_a_native_event_source_stays_closed(watching, page, clock, event_sources):
    clock.run()
    watched = watching(example)
    page.goto(watched.url)
    page.get_by_text("Connection: closed").wait_for()
    assert page.get_by_text("Step: 5 of 5").is_visible()
    # Closed by a failed connection, it never connects again: no need to wait for the request that does not come.
    assert [source["readyState"] for source in event_sources()] == [CLOSED]
    assert [request.headers.get("last-event-id") for request in watched.to(STREAM)] == [None, "5"]


def test_the_page_says_when_it_is_connected(watching, page, clock):
    watched = watching(example)
    page.goto(watched.url)
    page.get_by_text("Connection: open").wait_for()
    page.get_by_text("Step: 1 of 5").wait_for()
    clock.run()
    page.get_by_text("Connection: closed").wait_for()


def with_the_extension(stream):
    """A page that leaves the event source to htmx's extension."""
    host = FastHTML(default_hdrs=False, canonical=False, hdrs=example.app.hdrs, secret_key="of no use")

    @host.get("/")
    def index():
        scripts = [f"{example.CDN}/{file}" for file in ("htmx.org@2.0.7/dist/htmx.min.js", "htmx-ext-sse@2.2.4/sse.js")]
        lines = Div(hx_ext="sse", sse_connect="sse-stream", sse_swap="message", hx_swap="beforeend")
        return Titled("The same with the extension", *(Script(src=script) for script in scripts), lines)

    host.get("/sse-stream")(stream)
    return host


def test_the_extension_of_htmx_opens_a_new_one_without_the_last_event_id(watching, page, clock, event_sources):
    """Why the example has a script of its own: after 204 the extension starts the whole stream again."""
    clock.run()
    watched = watching(with_the_extension(example.sse_stream))
    page.goto(watched.url)
    requests = watched.wait_for(STREAM, 6)
    assert [request.headers.get("last-event-id") for request in requests[:6]] == [None, "5"] * 3
    states = [source["readyState"] for source in event_sources()]
    assert len(states) >= 3
    assert states[:2] == [CLOSED, CLOSED]


def test_the_extension_waits_twice_as_long_each_time_up_to_64_seconds(watching, page):
    page.add_init_script(
        """
        window.waits = [];
        const wait = window.setTimeout;
        window.setTimeout = (then, time) => { if (time >= 500) waits.push(time / 1000); return wait(then, 0); };
        """
    )
    page.goto(watching(with_the_extension(lambda: Response(status_code=204))).url)
    page.wait_for_function("waits.length >= 10")
    assert page.evaluate("waits.slice(0, 10)") == [0.5, 1, 2, 4, 8, 16, 32, 64, 64, 64]


def test_a_502_in_place_of_the_reconnect_closes_an_event_source_as_well(watching, page, clock, event_sources):
    """What a proxy answers while the server restarts. Lesson 9 has the remedy."""
    clock.run()
    watched = watching(example)
    page.route("**/sse-stream", lambda route: route.fulfill(status=502) if watched.to(STREAM) else route.continue_())
    page.goto(watched.url)
    page.get_by_text("Connection: closed").wait_for()
    assert [source["readyState"] for source in event_sources()] == [CLOSED]
    assert len(watched.to(STREAM)) == 1
