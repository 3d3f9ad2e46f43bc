"""What lesson 7 says of browsers: its rules, what breaks, and the answers to its exercises."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from examples import raw_asgi as example
from streamside.catalogue import Project, cell_text
from streamside.wire import Event
from tests.browser.firefox import Tab
from tests.event_streams import CASES

MARK = b"\xef\xbb\xbf"

# The events of each path, until its stream has ended.
HEAR = """
([paths, types]) => Promise.all(paths.map((path) => new Promise((resolve) => {
    const source = new EventSource(path);
    const events = [];
    for (const type of types) {
        source.addEventListener(type, (event) => {
            if (event instanceof MessageEvent) events.push([event.type, event.data, event.lastEventId]);
        });
    }
    source.addEventListener("error", (event) => {
        if (event instanceof MessageEvent) return;  // an event of that type, and not the end of the stream
        source.close();
        resolve(events);
    });
})))
"""


def rules() -> dict[str, tuple[bytes, list[Event]]]:
    """The rules as they stand in the lesson."""
    [lesson] = [lesson for lesson in Project().lessons if lesson.number == 7]
    names: dict[str, Any] = {"Event": Event}
    for cell in lesson.notebook["cells"]:
        if cell["id"].startswith("rules-") and cell["cell_type"] == "code":
            exec(cell_text(cell), names)
    return names["RULES"]


def answering(streams: dict[str, bytes]) -> Any:
    async def app(scope: dict[str, Any], receive: Callable, send: Callable) -> None:
        if scope["type"] != "http":
            return
        body = streams.get(scope["path"])
        kind = b"text/html" if body is None else b"text/event-stream"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": body or b""})

    return app


STREAMS = {f"/{number}": case.stream for number, case in enumerate(CASES.values())}
TYPES = sorted({"message", *(kind for case in CASES.values() for kind, _, _ in case.events)})
EVENTS = {name: [list(event) for event in case.events] for name, case in CASES.items()}


def differing(heard: list[Any]) -> dict[str, Any]:
    """The cases in which something else was heard than the standard says, and what."""
    return {name: events for name, events in zip(EVENTS, heard, strict=True) if events != EVENTS[name]}


def test_the_rules_of_the_lesson_are_among_the_cases() -> None:
    events_of = {case.stream: list(case.events) for case in CASES.values()}
    assert len(rules()) == 22
    for stream, events in rules().values():
        assert [(event.type, event.data, event.last_event_id) for event in events] == events_of[stream]


def test_chromium_dispatches_what_the_standard_says(page: Page, serving: Callable[[Any], str]) -> None:
    page.goto(serving(answering(STREAMS)))
    # Chromium 156 loses the line after a first line that is a byte order mark and nothing else.
    assert differing(page.evaluate(HEAR, [list(STREAMS), TYPES])) == {"a byte order mark alone on its line": []}


def test_firefox_differs(tab: Tab, serving: Callable[[Any], str]) -> None:
    """Of Firefox 153. The lesson says it of two of its rules: should a later one keep them, that sentence can go."""
    tab.open(serving(answering(STREAMS)))
    heard = differing(tab.evaluate(f"(values) => ({HEAR})(JSON.parse(values))", json.dumps([list(STREAMS), TYPES])))
    of_the_lesson = {stream for stream, _ in rules().values()}
    assert {name: events for name, events in heard.items() if CASES[name].stream in of_the_lesson} == {
        "an id without data counts": [["message", "a", ""]],  # the ID is forgotten
        "an id that is NUL is ignored": [],  # and so is the line after it
    }
    assert all(b"\0" in CASES[name].stream for name in heard if name != "an id without data counts")
    assert heard["a NUL in data"] == [["message", "ab", ""]]
    assert len(heard) == 9


THROW = """
() => new Promise((resolve) => {
    const source = new EventSource("/stream");
    const heard = [];
    source.onmessage = ({data}) => {
        heard.push(data);
        if (data === "end") {
            source.close();
            resolve(heard);
        }
        JSON.parse(data);
    };
})
"""


def test_data_that_is_no_json_costs_one_event_and_not_the_stream(page: Page, serving: Callable[[Any], str]) -> None:
    stream = b'data: {"a": 1}\n\ndata: nonsense\n\ndata: "end"\n\ndata: end\n\n'
    page.goto(serving(answering({"/stream": stream})))
    page.evaluate("() => { window.thrown = []; window.onerror = (message) => thrown.push(message) > 0; }")
    assert page.evaluate(THROW) == ['{"a": 1}', "nonsense", '"end"', "end"]
    assert page.evaluate("thrown.length") == 2


def test_a_form_sends_the_line_ends_of_a_textarea_as_CRLF(page: Page, serving: Callable[[Any], str]) -> None:  # noqa: N802
    received = []

    async def app(scope: dict[str, Any], receive: Callable, send: Callable) -> None:
        if scope["type"] != "http":
            return
        received.append((await receive()).get("body"))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        form = b"<form method=post action=post><textarea name=text></textarea><button>Send</button></form>"
        await send({"type": "http.response.body", "body": form})

    page.goto(serving(app))
    page.get_by_role("textbox").press_sequentially("one\ntwo")
    with page.expect_navigation():
        page.get_by_role("button").click()
    assert b"text=one%0D%0Atwo" in received


@pytest.fixture
def items(
    page: Page, serving: Callable[[Any], str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[list[bytes], int], list[str]]:
    """`items(events, count)`: what the example's page lists, given these events, once there are `count` items."""

    def items(events: list[bytes], count: int) -> list[str]:
        monkeypatch.setattr(example, "EVENTS", events)
        page.goto(serving(example.app))
        expect(page.get_by_role("listitem").nth(count - 1)).to_be_attached()
        texts = page.get_by_role("listitem").all_text_contents()[:count]  # a page that connects again lists more
        return [text.replace("\n", "⏎") for text in texts]

    return items


def test_without_its_empty_line_the_last_event_is_lost_and_the_page_connects_again(items):
    *first, last = [event.replace(b"10000", b"100") for event in example.EVENTS]
    assert items([*first, last.removesuffix(b"\n")], 4)[2:] == [
        'message, last event ID "3": an ID, kept from here on',
        'message, last event ID "3": no type is the type message',
    ]


def test_an_exercise_with_an_empty_line_of_data(items):
    events = [event.replace(b"two lines\n", b"two lines\ndata\n") for event in example.EVENTS]
    assert items(events, 4)[1] == 'greeting, last event ID "": two lines⏎⏎in one event'


def test_an_exercise_with_NUL_in_an_ID(items, page):  # noqa: N802
    events = [event.replace(b"id: 3", b"id: 3\0") for event in example.EVENTS]
    assert items(events, 4) == [
        'message, last event ID "": no type is the type message',
        'greeting, last event ID "": two lines⏎in one event',
        'message, last event ID "": an ID, kept from here on',
        'done, last event ID "": ',
    ]
    assert page.evaluate("source.readyState") == 2


def test_an_exercise_with_a_byte_order_mark_before_each_piece(items):
    """The first mark is dropped. The event that went had its data in its first line, and no other."""
    assert items([MARK + event for event in example.EVENTS], 3) == [
        'message, last event ID "": two lines⏎in one event',
        'message, last event ID "": an ID, kept from here on',
        'message, last event ID "": ',
    ]
