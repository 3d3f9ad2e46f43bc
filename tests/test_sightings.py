"""The messages of a Wire, as what there is to see in them."""

from streamside.sightings import sightings

STREAM = [["content-type", "text/event-stream; charset=utf-8"]]


def request(connection, time, path="/stream", **headers):
    named = [[name.replace("_", "-"), value] for name, value in headers.items()]
    return {"kind": "request", "connection": connection, "time": time, "method": "GET", "path": path, "headers": named}


def response(connection, time, status=200, headers=STREAM):
    return {"kind": "response", "connection": connection, "time": time, "status": status, "headers": headers}


def chunk(connection, time, text):
    return {"kind": "chunk", "connection": connection, "time": time, "text": text}


def of_kind(kind, messages):
    return [each for each in sightings(messages) if each.kind == kind]


def test_events_are_numbered_within_their_response_however_it_is_cut():
    pieces = ["event: a\nda", "ta: one\n\nid: 7\r", "\ndata: two\r\n\r\n", ": hi\n\n"]
    messages = [request(1, 0), response(1, 1), *(chunk(1, 2 + n, text) for n, text in enumerate(pieces))]
    messages += [request(2, 9), response(2, 9), chunk(2, 9, "data: three\n\n")]
    seen = [(each.name, each.text, each.id, each.number, each.time) for each in of_kind("event", messages)]
    assert seen == [("a", "one", "", 1, 3), ("message", "two", "7", 2, 4), ("message", "three", "", 1, 9)]
    lines = [each.text for each in of_kind("line", messages)]
    assert lines == ["event: a", "data: one", "id: 7", "data: two", ": hi", "data: three"]


def test_a_reconnected_source_keeps_its_last_event_id():
    messages = [request(1, 0, last_event_id="5"), response(1, 1), chunk(1, 2, "data: x\n\n")]
    assert of_kind("event", messages)[0].id == "5"


def test_requests_answers_and_the_ends_of_streams():
    page = [["content-type", "text/html"]]
    messages = [request(1, 0, "/", Accept="text/html"), response(1, 1, headers=page), chunk(1, 2, "<p>data: no\n\n")]
    messages += [{"kind": "end", "connection": 1, "time": 3, "why": "over"}, request(2, 4), response(2, 5)]
    messages += [{"kind": "end", "connection": 2, "time": 6, "why": "The cable was cut."}, response(3, 7, 204, [])]
    seen = [(each.kind, each.name, each.text) for each in sightings(messages)]
    assert seen == [
        ("request", "GET /", ""),
        ("answer", "GET /", "200"),
        ("request", "GET /stream", ""),
        ("answer", "GET /stream", "200"),
        ("end", "", "The cable was cut."),
        ("answer", "", "204"),
    ]
    assert sightings(messages)[0].headers == {"accept": "text/html"}


def test_the_browsers_part_the_log_and_the_app():
    source = {"kind": "source", "source": 1, "time": 1, "url": "stream", "readyState": 1}
    messages = [
        source | {"what": "event", "type": "a", "data": "x", "unheard": True},
        source | {"what": "event", "type": "b", "data": "x"},
        source | {"what": "error", "readyState": 0},
        source | {"what": "error", "readyState": 2},
        {"kind": "log", "time": 2, "text": "left"},
        {"kind": "app", "time": 3, "text": "DONE"},
        {"kind": "waiting", "time": 4, "connection": 1, "method": "GET", "path": "/"},
    ]
    seen = [(each.kind, each.name, each.text, each.place) for each in sightings(messages)]
    assert seen == [("unheard", "a", "x", 0), ("closed", "", "", 1), ("log", "", "left", 2), ("app", "", "DONE", 3)]
