import asyncio
import re
import time
from urllib.parse import parse_qs, quote

import pytest
from fasthtml.common import FastHTML
from starlette.responses import PlainTextResponse, Response

from examples import open_close_resume as example
from tests import browsers
from tests.patience import PATIENCE

STREAM = "/sse-stream"
RESET = "data: The server cannot tell where you were: from the beginning."
ID = re.compile(r"[0-9a-f]{32}\.(\d+)")


def events(*steps):
    return [["event: progress", f"id: {example.sign(str(step))}", f"data: {step}"] for step in steps]


def resume(ask, url, last_event_id):
    """All that a reconnect with this last event ID gets, but for the reconnection time at its beginning."""
    stream = ask(url, STREAM, headers={"Last-Event-ID": last_event_id})
    assert stream.status == 200
    assert stream.event() == ["retry: 1000"]
    return stream.rest()


def test_a_new_client_gets_the_first_steps(watching, ask, clock):
    clock.run()
    stream = ask(watching(example).url, STREAM)
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.header("cache-control") == "no-store, no-transform"
    assert stream.header("x-accel-buffering") == "no"
    assert stream.event() == ["retry: 1000"]
    received = stream.rest()
    assert received == events(*range(1, 11))
    assert all(ID.fullmatch(line.removeprefix("id: ")) for _, line, _ in received)
    assert clock.asked == [0.5] * 10


def test_the_header_and_the_parameter_resume_and_the_header_is_the_newer(watching, ask, clock):
    clock.run()
    url = watching(example).url
    three, ten = example.sign("3"), example.sign("10")
    assert resume(ask, url, ten) == events(*range(11, 21))
    assert ask(url, f"{STREAM}?last_event_id={ten}").rest()[1:] == events(*range(11, 21))
    both = ask(url, f"{STREAM}?last_event_id={three}", headers={"Last-Event-ID": ten})
    assert both.rest()[1:] == events(*range(11, 21))


def test_nothing_but_the_header_and_the_query_says_where_a_client_was(watching, ask, clock):
    """A parameter of FastHTML's would also be filled from the path, a cookie or a form, and a cookie would win."""
    clock.run()
    url = watching(example).url
    three, ten = example.sign("3"), example.sign("10")
    cookies = {"Cookie": f"last_event_id={three}; last-event-id={three}"}
    assert ask(url, STREAM, headers=cookies).rest()[1:] == events(*range(1, 11))
    assert ask(url, STREAM, headers=cookies | {"Last-Event-ID": ten}).rest()[1:] == events(*range(11, 21))
    assert ask(url, f"{STREAM}?last_event_id={ten}", headers=cookies).rest()[1:] == events(*range(11, 21))


def test_fasthtml_takes_a_cookie_for_a_parameter_before_the_header(serving, ask):
    """What lesson 9 says of 0.14: should this fail, the example may have a parameter again."""
    app = FastHTML(default_hdrs=False)

    @app.get("/")
    def say(last_event_id: str = ""):
        return PlainTextResponse(last_event_id)

    headers = {"Last-Event-ID": "header"}
    url = serving(app)
    assert ask(url, "/?last_event_id=query", headers=headers).response.read() == b"header"
    headers["Cookie"] = "last_event_id=cookie"
    assert ask(url, "/?last_event_id=query", headers=headers).response.read() == b"cookie"


@pytest.mark.parametrize(
    "last_event_id",
    [
        "nonsense",
        "3",
        ".3",
        "0" * 32 + ".3",
        "{mac}",
        "{mac}.",
        "{mac}.4",  # another step's signature
        "{mac}.03",
        "{mac}.+3",
        "{mac}.3 3",
        "{mac}.３",  # a digit to Python, as it is in the query
        "x{mac}.3",
        "é{mac}.3",
        "." + "9" * 5000,
    ],
)
def test_an_id_that_leads_nowhere_gets_a_reset_and_the_beginning(watching, ask, clock, last_event_id):
    clock.run()
    url = watching(example).url
    forged = last_event_id.format(mac=example.sign("3").partition(".")[0])
    reset = ["event: reset", f"id: {example.sign('0')}", RESET]
    received = ask(url, f"{STREAM}?last_event_id={quote(forged)}").rest()
    assert received[1:] == [reset, *events(*range(1, 11))]
    in_header = forged.encode().decode("latin-1")  # as a browser sends it
    assert resume(ask, url, in_header) == [reset, *events(*range(1, 11))]


def test_whoever_was_reset_and_lost_the_connection_at_once_is_not_reset_again(watching, ask, clock):
    clock.run()
    url = watching(example).url
    reset = resume(ask, url, "nonsense")[0]
    assert resume(ask, url, reset[1].removeprefix("id: ")) == events(*range(1, 11))


def test_another_process_does_not_know_the_ids_unless_it_has_the_secret(watching, ask, clock, monkeypatch):
    clock.run()
    url = watching(example).url
    monkeypatch.setattr(example, "SECRET", b"one for all workers")
    ten = example.sign("10")
    assert resume(ask, url, ten) == events(*range(11, 21))
    monkeypatch.setattr(example, "SECRET", b"another")
    assert resume(ask, url, ten)[0][0] == "event: reset"


@pytest.mark.no_cover
def test_any_number_of_clients_resume_and_the_server_keeps_nothing(monkeypatch):
    """Above 1,000 clients nobody could, when the server kept a table of them."""

    async def turn(last_event_id):
        return [event async for event in example.steps(last_event_id)][1:]

    async def scenario():
        monkeypatch.setattr(example, "sleep", lambda _: asyncio.sleep(0))
        turns = [""] * 1500
        for done in (0, 10, 20):
            received = await asyncio.gather(*map(turn, turns))
            assert all(f"data: {done + 10}\n" in events[-1] and len(events) == 10 for events in received)
            turns = [re.search("id: (.*)", events[-1])[1] for events in received]

    before = {name: len(value) for name, value in vars(example).items() if isinstance(value, dict | list | set)}
    asyncio.run(scenario())
    assert before == {name: len(vars(example)[name]) for name in before}


def test_no_id_can_be_used_to_write_into_the_stream(watching, ask, clock):
    clock.run()
    stream = ask(watching(example).url, f"{STREAM}?last_event_id=x%0Aevent:%20evil%0A%0A")
    assert not [line for event in stream.rest() for line in event if "evil" in line]


def test_head_starts_nothing(watching, ask, clock):
    answer = ask(watching(example).url, STREAM, "HEAD")
    assert answer.status == 200
    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    assert answer.response.read() == b""
    assert clock.asked == []


def step_of(page):
    """The step whose id and data the page shows."""
    shown = re.fullmatch(r"Event (\S+): step (\d+)", page.locator("[data-template]").inner_text())
    assert shown[1] == example.sign(shown[2])
    return int(shown[2])


def wait_for_step(page, step):
    page.get_by_text(re.compile(rf"Event \S+\.{step}: step {step}$")).wait_for()


def state_is(page, state):
    page.get_by_text(f"Connection: {state}", exact=True).wait_for()


def wait_until(holds, otherwise):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.01)


def press(page, name):
    page.get_by_role("button", name=name).click()


def query(request):
    return parse_qs(request.query)


def test_open_close_and_open_again_goes_on_where_it_was(watching, page, clock, event_sources):
    watched = watching(example)
    page.goto(watched.url)
    state_is(page, "closed")
    assert not watched.to(STREAM)

    press(page, "Open")
    state_is(page, "open")
    for step in (1, 2, 3):
        clock.tick()
        wait_for_step(page, step)
    press(page, "Close")
    state_is(page, "closed")

    press(page, "Open")
    state_is(page, "open")
    clock.tick(asked=5)
    wait_for_step(page, 4)
    assert step_of(page) == 4
    first, second = watched.to(STREAM)
    assert first.query == ""
    assert query(second) == {"last_event_id": [example.sign("3")]}
    assert "last-event-id" not in second.headers
    assert [source["readyState"] for source in event_sources()] == [2, 1]
    assert page.locator("#notice").inner_text() == ""


# Notes what the page shows, even where steps come faster than they can be seen.
OBSERVE = """
() => {
    window.shown = { states: [], steps: [] };
    const note = (selector, notes, what) => {
        const added = (records) => records.flatMap((record) => [...record.addedNodes]);
        const observer = new MutationObserver((records) => {
            notes.push(...added(records).map((node) => what(node.textContent)));
        });
        observer.observe(document.querySelector(selector), { childList: true });
    };
    note("#state", shown.states, (text) => text);
    note("[data-template]", shown.steps, (text) => Number(text.split(" ").at(-1)));
}
"""


def test_a_reconnect_of_the_browser_itself_sends_the_header(watching, page, clock, event_sources):
    clock.run()
    watched = watching(example)
    page.goto(watched.url)
    page.evaluate(OBSERVE)
    press(page, "Open")
    requests = watched.wait_for(STREAM, 3)
    page.wait_for_function("shown.states.length >= 5")
    assert page.evaluate("shown.states.slice(0, 5)") == ["connecting", "open", "connecting", "open", "connecting"]
    sent = [request.headers.get("last-event-id") for request in requests[:3]]
    assert sent == [None, example.sign("10"), example.sign("20")]
    assert len(event_sources()) == 1
    press(page, "Close")
    state_is(page, "closed")


class Unwell:
    """The example below a proxy: its streams get these answers, and then its own."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)

    async def __call__(self, scope, receive, send):
        status = self.statuses.pop(0) if scope["type"] == "http" and scope["path"] == STREAM and self.statuses else 200
        answer = example.app if status == 200 else Response(f"answered {status}", status)
        await answer(scope, receive, send)


def whole_pauses(page, share=1.0):
    """Make each pause as long as it can be, or the share of what chance adds; time stands still until it is run."""
    page.add_init_script(f"Math.random = () => {share}")
    page.clock.install()
    page.clock.pause_at("2030-01-01")


def fail(page, sources):
    """Wait until so many event sources were closed for good."""
    page.wait_for_function("n => eventSources.filter(each => each.readyState === 2).length === n", arg=sources)


def test_a_502_and_a_503_on_reconnects_do_not_close_the_stream_for_good(watching, page, clock, event_sources):
    clock.run()
    watched = watching(Unwell(200, 502, 503, 200, 503))
    whole_pauses(page)
    page.goto(watched.url)
    page.evaluate(OBSERVE)
    press(page, "Open")
    fail(page, 1)
    state_is(page, "connecting")
    page.clock.run_for(1000)
    fail(page, 2)
    state_is(page, "connecting")
    page.clock.run_for(2000)
    fail(page, 3)
    page.clock.run_for(1000)  # the pauses are short again
    watched.wait_for(STREAM, 6)
    wait_for_step(page, 30)
    assert page.evaluate("shown.steps.slice(0, 30)") == list(range(1, 31)), "none lost, none doubled"
    asked = [(request.headers.get("last-event-id"), query(request)) for request in watched.to(STREAM)[:6]]
    ten, twenty = example.sign("10"), example.sign("20")
    assert asked == [
        (None, {}),
        (ten, {}),  # 502
        (None, {"last_event_id": [ten]}),  # 503
        (None, {"last_event_id": [ten]}),
        (twenty, {"last_event_id": [ten]}),  # 503
        (None, {"last_event_id": [twenty]}),
    ]
    press(page, "Close")


@pytest.mark.parametrize(("share", "pauses"), [(0, [500, 1000, 2000]), (1, [1000, 2000, 4000, 8000, 16000, 30000])])
def test_the_pauses_double_up_to_half_a_minute_and_chance_takes_up_to_half(
    watching, page, event_sources, share, pauses
):
    whole_pauses(page, share)
    page.goto(watching(Unwell(*[503] * 100)).url)
    press(page, "Open")
    for attempt, pause in enumerate([*pauses, pauses[-1]] if share else pauses, start=1):
        fail(page, attempt)
        page.clock.run_for(pause - 1)
        assert len(event_sources()) == attempt
        page.clock.run_for(1)
        assert len(event_sources()) == attempt + 1


def test_a_204_looks_the_same_to_the_page_and_does_not_end_the_stream(watching, page, clock, event_sources):
    """So a stream with an end needs an event that says so."""
    whole_pauses(page)
    page.goto(watching(Unwell(204)).url)
    press(page, "Open")
    fail(page, 1)
    page.clock.run_for(1000)
    state_is(page, "open")
    assert [source["readyState"] for source in event_sources()] == [2, 1]


def test_close_while_an_attempt_waits_stays_closed(watching, page, clock, event_sources):
    watched = watching(Unwell(503))
    whole_pauses(page)
    page.goto(watched.url)
    press(page, "Open")
    fail(page, 1)
    state_is(page, "connecting")
    press(page, "Close")
    state_is(page, "closed")
    page.clock.run_for(60_000)
    assert len(event_sources()) == 1
    press(page, "Open")  # at once, although it has failed before
    state_is(page, "open")
    page.clock.run_for(60_000)
    assert len(event_sources()) == 2
    assert len(watched.to(STREAM)) == 2


def test_open_while_an_attempt_waits_leaves_one_connection(watching, page, clock, event_sources):
    whole_pauses(page)
    page.goto(watching(Unwell(503)).url)
    press(page, "Open")
    fail(page, 1)
    press(page, "Open")
    state_is(page, "open")
    page.clock.run_for(60_000)
    assert [source["readyState"] for source in event_sources()] == [2, 1]


@pytest.fixture
def page_that_is_kept(browser):
    """A page that Chromium keeps when it is left, as it does for everybody whom Playwright does not drive."""
    kept = browser.browser_type.launch(
        executable_path=browsers.program(browsers.CHROMIUM),
        args=[*browsers.ARGUMENTS, "--enable-features=BackForwardCache"],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield kept.new_page()
    kept.close()


@pytest.mark.parametrize("opened", [True, False])
def test_a_page_that_is_left_lets_its_stream_go_and_brought_back_it_goes_on(watching, page_that_is_kept, clock, opened):
    page, watched = page_that_is_kept, watching(example)
    page.goto(watched.url)
    page.evaluate("window.mark = 'kept'")
    if opened:
        press(page, "Open")
        clock.tick()
        wait_for_step(page, 1)
    page.goto(f"{watched.url}/elsewhere")
    wait_until(lambda: clock.sleepers == 0, "the server still sends to a page that was left")
    page.go_back(wait_until="commit")
    assert page.evaluate("window.mark") == "kept"
    if opened:
        clock.tick(asked=3)
        wait_for_step(page, 2)
    else:
        state_is(page, "closed")
    asked = [query(request) for request in watched.to(STREAM)]
    assert asked == ([{}, {"last_event_id": [example.sign("1")]}] if opened else [])


def test_without_pagehide_the_server_sends_on_to_a_page_that_nobody_sees(
    watching, page_that_is_kept, clock, monkeypatch
):
    """Why the example has it; of Chromium 156."""
    monkeypatch.setattr(example, "SCRIPT", example.SCRIPT.replace('"pagehide"', '"nothing"'))
    page, watched = page_that_is_kept, watching(example)
    page.goto(watched.url)
    press(page, "Open")
    clock.tick()
    wait_for_step(page, 1)
    page.goto(f"{watched.url}/elsewhere")
    for asked in (2, 3, 4):
        clock.tick(asked)
    page.go_back(wait_until="commit")
    wait_for_step(page, 4)
    assert len(watched.to(STREAM)) == 1


def test_after_a_restart_of_the_server_the_page_is_told_to_begin_again(watching, page, clock, monkeypatch):
    watched = watching(example)
    page.goto(watched.url)
    press(page, "Open")
    for step in (1, 2):
        clock.tick()
        wait_for_step(page, step)
    press(page, "Close")
    monkeypatch.setattr(example, "SECRET", b"of the next process")
    press(page, "Open")
    page.get_by_text("The server cannot tell where you were").wait_for()
    clock.tick(asked=4)
    wait_for_step(page, 1)
    press(page, "Close")
    press(page, "Open")
    clock.tick(asked=6)
    wait_for_step(page, 2)
    assert step_of(page) == 2


def test_an_opening_that_brought_no_event_forgets_nothing(watching, page, clock):
    watched = watching(example)
    page.goto(watched.url)
    press(page, "Open")
    clock.tick()
    wait_for_step(page, 1)
    for _ in range(2):
        press(page, "Close")
        press(page, "Open")
        state_is(page, "open")
    last_event_id = {"last_event_id": [example.sign("1")]}
    assert [query(request) for request in watched.to(STREAM)] == [{}, last_event_id, last_event_id]


def test_opening_twice_leaves_one_connection(watching, page, clock, event_sources):
    watched = watching(example)
    page.goto(watched.url)
    page.get_by_role("button", name="Open").dblclick()
    state_is(page, "open")
    assert [source["readyState"] for source in event_sources()] == [2, 1]


def the_class(page, url):
    """The class itself, in a page that serves it alone."""
    page.goto(url)
    definition = example.SCRIPT[: example.SCRIPT.index("const find")]
    page.add_script_tag(content=definition + "window.ResumableStream = ResumableStream;")


def test_what_is_subscribed_while_open_is_heard_once_and_survives_a_reopen(watching, page, clock):
    the_class(page, watching(example).url)
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


def test_events_of_a_type_without_a_handler_cost_nothing(serving, page):
    """The class hears no ids of theirs; they are sent again, unheard again, and nothing is lost or doubled."""
    blocks = [("known", 1), ("unknown", 2), ("known", 3), ("unknown", 4), ("unknown", 5), ("known", 6)]

    async def app(scope, receive, send):
        if scope["type"] != "http" or scope["path"] != STREAM:
            return await example.app(scope, receive, send)
        [seen] = parse_qs(scope["query_string"].decode()).get("last_event_id", ["0"])
        left = [(kind, number) for kind, number in blocks if number > int(seen)][:3]
        body = "".join(f"event: {kind}\nid: {number}\ndata: {number}\n\n" for kind, number in left)
        return await Response(body, media_type="text/event-stream")(scope, receive, send)

    the_class(page, serving(app))
    page.evaluate(
        """() => {
            window.heard = [];
            window.stream = new ResumableStream("sse-stream");
            stream.on("known", event => heard.push(event.data));
            stream.on("error", () => stream.open());  // the end of each third
            stream.open();
        }"""
    )
    page.wait_for_function("heard.includes('6')")
    page.evaluate("stream.close()")
    assert page.evaluate("heard") == ["1", "3", "6"]


def test_a_template_is_text_and_nothing_else(watching, page, clock):
    page.goto(watching(example).url)
    page.evaluate(
        """() => {
            const element = document.querySelector("[data-template]");
            element.dataset.template = "<b>{data}</b> ${alert(1)} {constructor} {id} {id}";
        }"""
    )
    press(page, "Open")
    clock.tick()
    page.get_by_text("<b>1</b> ${alert(1)} {constructor}").wait_for()
    assert page.locator("[data-template] b").count() == 0


def test_firefox_too_comes_back_after_a_502_and_a_503(watching, tab, clock):
    clock.run()
    watched = watching(Unwell(200, 502, 503))
    tab.open(watched.url)
    tab.evaluate(OBSERVE)
    tab.press("main", "Open")
    watched.wait_for(STREAM, 4)
    tab.wait("shown.steps.length >= 20")
    tab.press("main", "Close")
    assert tab.evaluate("() => shown.steps.slice(0, 20)") == list(range(1, 21)), "none lost, none doubled"
