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

MARK = b"\xef\xbb\xbf"

HEAR = """
([paths, types]) => Promise.all(paths.map((path) => new Promise((resolve) => {
    const source = new EventSource(path);
    const events = [];
    for (const type of types) {
        source.addEventListener(type, ({type, data, lastEventId}) => events.push([type, data, lastEventId]));
    }
    source.onerror = () => {  // the end of the stream
        source.close();
        resolve(events);
    };
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


STREAMS = {f"/{number}": stream for number, (stream, _) in enumerate(rules().values())}
EVENTS = {
    rule: [[event.type, event.data, event.last_event_id] for event in events] for rule, (_, events) in rules().items()
}


def test_chromium_dispatches_what_the_lesson_says(page: Page, serving: Callable[[Any], str]) -> None:
    page.goto(serving(answering(STREAMS)))
    heard = page.evaluate(HEAR, [list(STREAMS), ["message", "x"]])
    assert len(heard) == 22
    assert dict(zip(EVENTS, heard, strict=True)) == EVENTS


def test_firefox_differs_in_two(tab: Tab, serving: Callable[[Any], str]) -> None:
    """Of Firefox 153; should a later one keep the rules, the lesson's sentence can go."""
    tab.open(serving(answering(STREAMS)))
    heard = tab.evaluate(f"(values) => ({HEAR})(JSON.parse(values))", json.dumps([list(STREAMS), ["message", "x"]]))
    differing = {rule: events for rule, events in zip(EVENTS, heard, strict=True) if events != EVENTS[rule]}
    assert differing == {
        "an ID needs no data": [["message", "a", ""]],  # the ID is forgotten
        "an ID with NUL is ignored": [],  # and so is the line after it
    }


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
