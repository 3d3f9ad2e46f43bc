"""Lesson 10's hub: readers who come back, and one who does not read."""

from collections import Counter

import pytest

from examples import broadcast

STREAM = "/events?group=tea"


@pytest.fixture
def log(monkeypatch):
    """A log that nobody has used, in the place of the example's."""
    monkeypatch.setitem(broadcast.logs, "tea", broadcast.Log())
    return broadcast.logs["tea"]


def test_all_readers_hear_the_same(serve, ask, log):
    url = serve(broadcast.app).url
    streams = [ask(url, STREAM) for _ in range(2)]
    for stream in streams:
        assert "event: joined" in stream.event()
    log.publish("message", "Hot.")
    assert [stream.event() for stream in streams] == [[f"id: {log.last_id}", "event: message", "data: Hot."]] * 2


def test_who_was_cut_off_inside_an_event_gets_all_of_it(serve, ask, log):
    server = serve(broadcast.app)
    stream = ask(server.url, STREAM)
    last_event_id = stream.event()[0].removeprefix("id: ")
    log.publish("message", "x" * 50_000)
    stream.response.read(100)
    server.cut()
    log.publish("message", "y")
    again = ask(server.url, STREAM, headers={"Last-Event-ID": last_event_id})
    assert [again.event()[2] for _ in range(2)] == [f"data: {'x' * 50_000}", "data: y"]


def test_who_does_not_read_holds_nobody_up(serve, ask, log):
    url = serve(broadcast.app).url
    stalled, quick = ask(url, STREAM), ask(url, STREAM)
    quick.event()
    for number in range(1, 201):
        log.publish("message", f"{number} {'x' * 50_000}")
        assert quick.event()[2].startswith(f"data: {number} ")
    late, data = Counter(), ""
    while not data.startswith("200 "):
        *_, kind, data = (line.partition(": ")[2] for line in stalled.event())
        late[kind] += int(data) if kind == "dropped" else 1
    assert late["dropped"] > 0
    assert late["message"] + late["dropped"] == 200


def test_a_quiet_stream_shows_that_it_is_alive(serve, ask, log):
    log.heartbeat = 0.05
    stream = ask(serve(broadcast.app).url, STREAM)
    assert "event: joined" in stream.event()
    assert stream.event() == [":"]
