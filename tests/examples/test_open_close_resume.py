import re
from urllib.parse import parse_qs

import pytest

from examples import open_close_resume as example

STREAM = "/sse-stream"
RESET = "data: The server cannot tell where you were: from the beginning."
CLIENT = re.compile("[0-9a-f]{16}")


@pytest.fixture(autouse=True)
def nobody_has_connected_yet(monkeypatch):
    monkeypatch.setattr(example, "progress", {})


def events(client, *steps):
    return [["event: progress", f"id: {client}.{step}", f"data: {step}"] for step in steps]


def resume(ask, url, last_event_id):
    """All that a reconnect with this last event ID gets, but for the reconnection time at its beginning."""
    stream = ask(url, STREAM, headers={"Last-Event-ID": last_event_id})
    assert stream.status == 200
    assert stream.event() == ["retry: 1000"]
    return stream.rest()


def test_a_new_client_gets_a_name_and_the_first_steps(watching, ask, clock):
    clock.run()
    stream = ask(watching(example).url, STREAM)
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.header("cache-control") == "no-cache"
    assert stream.header("x-accel-buffering") == "no"
    assert stream.event() == ["retry: 1000"]
    received = stream.rest()
    [client] = example.progress
    assert CLIENT.fullmatch(client)
    assert received == events(client, *range(1, 11))
    assert example.progress == {client: 10}
    assert clock.asked == [0.5] * 10


def test_the_header_and_the_parameter_resume_and_the_header_is_the_newer(watching, ask, clock):
    clock.run()
    url = watching(example).url
    example.progress["ada"] = 10
    assert resume(ask, url, "ada.10") == events("ada", *range(11, 21))
    assert ask(url, f"{STREAM}?last_event_id=ada.10").rest()[1:] == events("ada", *range(11, 21))
    both = ask(url, f"{STREAM}?last_event_id=ada.3", headers={"Last-Event-ID": "ada.20"})
    assert both.rest()[1:] == events("ada", *range(21, 31))
    assert example.progress == {"ada": 30}


def test_events_lost_on_the_way_are_sent_again(watching, ask, clock):
    clock.run()
    example.progress["ada"] = 25
    assert resume(ask, watching(example).url, "ada.5") == events("ada", *range(6, 16))
    assert example.progress == {"ada": 25}, "what was sent stays sent"


@pytest.mark.parametrize(
    "last_event_id",
    [
        "eve.3",  # never given to anybody, or forgotten, or from before a restart
        "ada.31",  # never sent
        "ada.9",  # too long ago
        "ada.-1",
        "ada.010",
        "ada.1e1",
        "ada.10.10",
        "ada",
        "nonsense",
        "." + "9" * 5000,
    ],
)
def test_an_id_that_leads_nowhere_gets_a_reset_and_the_beginning(watching, ask, clock, last_event_id):
    clock.run()
    example.progress["ada"] = 30
    reset, *others = resume(ask, watching(example).url, last_event_id)
    client = list(example.progress)[-1]
    assert CLIENT.fullmatch(client)
    assert reset == ["event: reset", f"id: {client}.0", RESET]
    assert others == events(client, *range(1, 11))
    assert example.progress == {"ada": 30, client: 10}


def test_no_id_can_be_used_to_write_into_the_stream(watching, ask, clock):
    clock.run()
    stream = ask(watching(example).url, f"{STREAM}?last_event_id=x%0Aevent:%20evil%0A%0A")
    assert not [line for event in stream.rest() for line in event if "evil" in line]


def test_progress_of_the_client_unheard_of_for_longest_is_forgotten(monkeypatch):
    monkeypatch.setattr(example, "CLIENTS", 3)
    for client in ("a", "b", "c", "a", "d"):
        example.remember(client, 1)
    assert list(example.progress) == ["c", "a", "d"]
    example.remember("e", 7)
    assert example.progress == {"a": 1, "d": 1, "e": 7}


def test_head_starts_nothing(watching, ask):
    answer = ask(watching(example).url, STREAM, "HEAD")
    assert answer.status == 200
    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    assert answer.response.read() == b""
    assert example.progress == {}


def shown(page):
    """The id and the data that the page shows."""
    return re.fullmatch(r"Event (\w+)\.(\d+): step (\d+)", page.locator("[data-template]").inner_text()).groups()


def wait_for_step(page, step):
    page.get_by_text(re.compile(rf"Event \w+\.{step}: step {step}$")).wait_for()


def state_is(page, state):
    page.get_by_text(f"Connection: {state}", exact=True).wait_for()


def test_open_close_and_open_again_goes_on_where_it_was(watching, page, clock, event_sources):
    watched = watching(example)
    page.goto(watched.url)
    state_is(page, "closed")
    assert not watched.to(STREAM)

    page.get_by_role("button", name="Open").click()
    state_is(page, "open")
    for step in (1, 2, 3):
        clock.tick()
        wait_for_step(page, step)
    client = shown(page)[0]
    page.get_by_role("button", name="Close").click()
    state_is(page, "closed")

    page.get_by_role("button", name="Open").click()
    state_is(page, "open")
    clock.tick(asked=5)
    wait_for_step(page, 4)
    assert shown(page) == (client, "4", "4")
    first, second = watched.to(STREAM)
    assert first.query == ""
    assert parse_qs(second.query) == {"last_event_id": [f"{client}.3"]}
    assert "last-event-id" not in second.headers
    assert [source["readyState"] for source in event_sources()] == [2, 1]
    assert page.locator("#notice").inner_text() == ""


def test_a_reconnect_of_the_browser_itself_sends_the_header(watching, page, clock, event_sources):
    clock.run()
    example.progress["ada"] = 2
    watched = watching(example)
    page.goto(watched.url)
    page.evaluate(
        """() => {
            const state = document.querySelector("#state");
            window.states = [];
            new MutationObserver(() => states.push(state.textContent)).observe(state, { childList: true });
        }"""
    )
    page.get_by_role("button", name="Open").click()
    requests = watched.wait_for(STREAM, 3)
    page.wait_for_function("states.length >= 5")
    assert page.evaluate("states.slice(0, 5)") == ["connecting", "open", "connecting", "open", "connecting"]
    client = shown(page)[0]
    assert [request.headers.get("last-event-id") for request in requests[:3]] == [None, f"{client}.10", f"{client}.20"]
    assert len(event_sources()) == 1
    page.get_by_role("button", name="Close").click()
    state_is(page, "closed")


def test_after_a_restart_of_the_server_the_page_is_told_to_begin_again(watching, page, clock):
    watched = watching(example)
    page.goto(watched.url)
    page.get_by_role("button", name="Open").click()
    clock.tick()
    wait_for_step(page, 1)
    before = shown(page)[0]
    page.get_by_role("button", name="Close").click()
    example.progress.clear()
    page.get_by_role("button", name="Open").click()
    page.get_by_text("The server cannot tell where you were").wait_for()
    clock.tick(asked=3)
    page.wait_for_function("id => !document.querySelector('[data-template]').textContent.includes(id)", arg=before)
    assert shown(page)[1:] == ("1", "1")
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Open").click()
    clock.tick(asked=5)
    wait_for_step(page, 2)


def test_an_opening_that_brought_no_event_forgets_nothing(watching, page, clock):
    watched = watching(example)
    page.goto(watched.url)
    page.get_by_role("button", name="Open").click()
    clock.tick()
    wait_for_step(page, 1)
    for _ in range(2):
        page.get_by_role("button", name="Close").click()
        page.get_by_role("button", name="Open").click()
        state_is(page, "open")
    last_event_id = {"last_event_id": [f"{shown(page)[0]}.1"]}
    assert [parse_qs(request.query) for request in watched.to(STREAM)] == [{}, last_event_id, last_event_id]


def test_opening_twice_leaves_one_connection(watching, page, clock, event_sources):
    watched = watching(example)
    page.goto(watched.url)
    page.get_by_role("button", name="Open").dblclick()
    state_is(page, "open")
    assert [source["readyState"] for source in event_sources()] == [2, 1]


def test_what_is_subscribed_while_open_is_heard_once_and_survives_a_reopen(watching, page, clock):
    """The class itself, in a page that serves it alone."""
    page.goto(watching(example).url)
    definition = example.SCRIPT[: example.SCRIPT.index("const find")]
    page.add_script_tag(content=definition + "window.ResumableStream = ResumableStream;")
    page.evaluate(
        """() => {
            window.heard = [];
            window.stream = new ResumableStream("sse-stream");
            stream.open();
            stream.on("progress", () => heard.push("forgotten"));
            stream.on("progress", event => heard.push(event.data));
        }"""
    )
    clock.tick()
    page.wait_for_function("heard.join() == '1'")
    page.evaluate("stream.close(); stream.open()")
    clock.tick(asked=3)
    page.wait_for_function("heard.join() == '1,2'")


def test_a_template_is_text_and_nothing_else(watching, page, clock):
    page.goto(watching(example).url)
    page.evaluate(
        """() => {
            const element = document.querySelector("[data-template]");
            element.dataset.template = "<b>{data}</b> ${alert(1)} {constructor} {id} {id}";
        }"""
    )
    page.get_by_role("button", name="Open").click()
    clock.tick()
    page.get_by_text("<b>1</b> ${alert(1)} {constructor}").wait_for()
    assert page.locator("[data-template] b").count() == 0
