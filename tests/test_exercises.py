"""Statements about what must be seen: when they hold, and what they say where they do not."""

import pytest

from streamside.exercises import (
    Exercise,
    Statement,
    answer,
    app,
    closed,
    end,
    event,
    exactly,
    from_json,
    line,
    log,
    missing,
    no,
    request,
    to_json,
    unheard,
)
from tests.test_sightings import chunk, response
from tests.test_sightings import request as asked

# One stream of four events, 500 ms apart, that ends and is asked for again two seconds later.
STREAM = [
    asked(1, 0, "/stream?x=1"),
    response(1, 0),
    *(chunk(1, 500 * n, f"event: tick\nid: {n}\ndata: {text}\n\n") for n, text in enumerate(["a", "b", "c", "DONE"])),
    {"kind": "end", "connection": 1, "time": 2000, "why": "The server ended the response."},
    asked(2, 4000, "/stream?x=1", last_event_id="3"),
]
SOURCE = {"kind": "source", "source": 1, "url": "stream", "readyState": 1}


def said(*see: Statement, messages=STREAM, now=10_000) -> str:
    assert from_json(to_json(see)) == list(see)  # on its way to the page nothing is lost
    return missing(see, messages, now)


@pytest.mark.parametrize(
    "statement",
    [
        event(),
        event("tick", "ON", nth=4),
        event("tick", data="c", id="2"),
        event("tick", times=4),
        event("tick", "DONE", after=event("tick", nth=1), within=1.5),
        event("tick", "DONE", after=event("tick", nth=1), within=[1.4, 1.6]),
        request("/stream"),
        request("stream?x=1"),
        request("/stream", header="Last-Event-ID", after=end(), within=2),
        request("/stream", without="last-event-id"),
        answer(200),
        line("event: tick", times=4),
        line("event: tick", after=line("event: tick"), within=[0.4, 0.6]),
        end("server ended"),
        no(event("reset")),
        no(request("/stream"), after=end(), within=1.9),
        no(event("tick"), before=request("/stream", times=1)),
        exactly(4, event("tick"), before=end()),
        exactly(1, request("/stream"), before=end()),
    ],
)
def test_what_was_seen(statement: Statement):
    assert said(statement) == ""


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (event("tock"), "Missing: an event “tock” (the types so far: tick)."),
        (
            event("tick", "DONE", nth=2),
            "Missing: an event “tick” with “DONE” as the second of its response (it came as number 4).",
        ),
        (event("tick", "x"), "Missing: an event “tick” with “x” (the last one says “DONE”)."),
        (
            event("tick", "DONE", id=""),
            "Missing: an event “tick” with “DONE” and no ID (the last one has the ID “3”).",
        ),
        (event("tick", times=5), "Missing: an event “tick”, 5 times (so far 4)."),
        (
            event("tick", "DONE", after=event("tick", nth=1), within=[0.1, 0.8]),
            "Missing: an event “tick” with “DONE” 0.1 to 0.8 s after an event “tick” as the first of its response "
            "(it came after 1.5 s).",
        ),
        (
            log("x", after=event("tock"), within=1),
            "Missing: “x” in what Python printed at most 1 s after an event “tock” (there is no event “tock” yet).",
        ),
        (request("/news"), "Missing: a request for “/news” (so far: GET /stream?x=1)."),
        (
            request("/stream", without="Last-Event-ID", times=2),
            "Missing: a request for “/stream” without the header Last-Event-ID, 2 times (so far 1).",
        ),
        (answer(204), "Missing: an answer with status 204 (so far: 200)."),
        (line("data"), "Missing: the line “data” on the wire (the last one is “data: DONE”)."),
        (end("cut"), "Missing: the end of a response (“cut”)."),
        (closed(), "Missing: an event source that is closed for good."),
        (unheard("tick"), "Missing: an event “tick” that nobody listens to (the last one says “DONE”)."),
        (app("DONE"), "Missing: “DONE” in the app."),
        (no(event("tick")), "There is an event “tick”, and there should be none."),
        (
            no(request("/stream"), after=end(), within=3),
            "There is a request for “/stream” within 3 s after the end of a response, and there should be none.",
        ),
        (no(request("/stream"), after=closed()), "Missing: an event source that is closed for good."),
        (
            no(event("tick", "c"), before=event("tick", "DONE")),
            "There is an event “tick” with “c”, and there should be none.",
        ),
        (no(event("tick"), before=closed()), "Missing: an event source that is closed for good."),
        (
            exactly(3, event("tick"), before=end()),
            "Before the end of a response there should be an event “tick” 3 times, not 4 times.",
        ),
        (
            exactly(3, event("tick"), before=closed()),
            "Wait for an event source that is closed for good (so far 4 of 3 times an event “tick”).",
        ),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(statement: Statement, sentence: str):
    assert said(statement) == sentence


def test_what_must_not_come_is_waited_for():
    quiet = no(request("/stream"), after=event("tick", "DONE"), within=1)
    assert said(quiet, now=2000) == (
        "So far there is no request for “/stream” within 1 s after an event “tick” with “DONE”: wait."
    )
    assert said(quiet, now=2500) == ""


def test_the_first_that_is_missing_is_said():
    assert said(event("tick"), event("x"), event("y")).startswith("Missing: an event “x”")


def test_the_order_counts():
    assert said(event("tick", "a", after=event("tick", "b")))
    assert not said(event("tick", "b", after=event("tick", "a")))


def test_an_event_after_an_event_is_of_the_same_response():
    again = [*STREAM, response(2, 4000), chunk(2, 4000, "event: tick\ndata: a\n\n")]
    assert said(event("tick", "a", after=event("tick", "b")), messages=again)


def test_the_browsers_part_the_log_and_the_app():
    messages = [
        {**SOURCE, "time": 1, "what": "event", "type": "x", "data": "one", "unheard": True},
        {**SOURCE, "time": 2, "what": "error", "readyState": 2},
        {"kind": "log", "time": 3, "text": "stopped at 3"},
        {"kind": "app", "time": 4, "text": "one\nDONE"},
    ]
    assert said(unheard("x", "one"), closed(), log("stopped", after=closed(), within=1), messages=messages) == ""
    assert said(app("DONE", without="two"), messages=messages) == ""
    assert said(app("DONE", without="one"), messages=messages) == (
        "Missing: “DONE” in the app, without “one” (it shows “one” too)."
    )
    assert said(log("left"), messages=messages) == (
        "Missing: “left” in what Python printed (the last line is “stopped at 3”)."
    )


def test_nothing_at_all():
    assert said(event("x"), messages=[]) == "Missing: an event “x” (no event has come)."
    assert said(event("x", "z" * 100), messages=[]) == f"Missing: an event “x” with “{'z' * 60}…” (no event has come)."


def test_changes_are_made_where_the_old_text_stands_once():
    def edited(text: str, changes: dict[str, str]) -> dict[str, str]:
        task = Exercise(1, "yo", "tell", "", [], "", {}, file="signals.py")
        return task.edited({"yo/__init__.py": "a", "yo/signals.py": text}, changes)

    assert edited("a b", {"a": "c", "b": "d"}) == {"yo/__init__.py": "a", "yo/signals.py": "c d"}
    for changes, count in (({"x": ""}, 0), ({"a": ""}, 2)):
        with pytest.raises(ValueError, match=f"is {count} times in examples/yo/signals.py"):
            edited("a a", changes)


def test_of_several_readers_one_is_meant():
    both = [{**message, "reader": reader} for reader in (1, 2) for message in STREAM]
    assert said(event("tick", "DONE", reader=2, times=1), messages=both) == ""
    assert said(event("tick", "DONE", reader=2, times=2), messages=both) == (
        "Missing: an event “tick” with “DONE” on reader 2’s page, 2 times (so far 1)."
    )


def test_of_what_is_to_come_later_only_that_is_counted():
    assert said(event("tick", after=event("tick", "b"), times=3)) == (
        "Missing: an event “tick”, 3 times after an event “tick” with “b” (so far 2)."
    )
