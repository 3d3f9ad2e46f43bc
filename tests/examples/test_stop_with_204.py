import pytest
from fasthtml.common import Div, FastHTML, Script, Titled

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


def test_the_extension_of_htmx_opens_a_new_one_without_the_last_event_id(watching, page, clock, event_sources):
    """Why the example has a script of its own: after 204 the extension starts the whole stream again."""
    clock.run()
    host = FastHTML(default_hdrs=False, canonical=False, hdrs=example.app.hdrs, secret_key="of no use")

    @host.get("/")
    def index():
        scripts = [f"{example.CDN}/{file}" for file in ("htmx.org@2.0.7/dist/htmx.min.js", "htmx-ext-sse@2.2.4/sse.js")]
        stream = Div(hx_ext="sse", sse_connect="sse-stream", sse_swap="message", hx_swap="beforeend")
        return Titled("The same with the extension", *(Script(src=script) for script in scripts), stream)

    host.get("/sse-stream")(example.sse_stream)
    watched = watching(host)
    page.goto(watched.url)
    requests = watched.wait_for(STREAM, 6)
    assert [request.headers.get("last-event-id") for request in requests[:6]] == [None, "5"] * 3
    states = [source["readyState"] for source in event_sources()]
    assert len(states) >= 3
    assert states[:2] == [CLOSED, CLOSED]
