"""The client records what it sees, and reconnects as the standard says."""

import asyncio

import pytest

from streamside.client import follow, record
from streamside.errors import UserError

STREAM = [(b"content-type", b"text/event-stream"), (b"x-more", b"yes")]


class Stream:
    """Answers each request with the next of `answers`: (status, chunks); then the last one again."""

    def __init__(self, *answers: tuple[int, list[bytes]], stays_open: bool = False) -> None:
        self.answers = answers
        self.stays_open = stays_open
        self.requests: list[dict[str, str]] = []

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        self.requests.append({name.decode(): value.decode() for name, value in scope["headers"]})
        status, chunks = self.answers[min(len(self.requests), len(self.answers)) - 1]
        await send({"type": "http.response.start", "status": status, "headers": STREAM if status == 200 else []})
        for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await asyncio.sleep(0.06)
        while self.stays_open and (await receive())["type"] != "http.disconnect":
            pass
        await send({"type": "http.response.body"})


def test_a_response_that_ends_is_recorded_whole(serving):
    recording = record(serving(Stream((200, [b"data: a\n\n", b"data: b\n\n"]))) + "/path?x=1", headers={"X-Sent": "1"})
    assert (recording.method, recording.path, recording.status) == ("GET", "/path?x=1", 200)
    assert recording.request_headers == (("x-sent", "1"),)
    assert recording.headers == (("content-type", "text/event-stream"), ("x-more", "yes"))
    assert recording.body == b"data: a\n\ndata: b\n\n"
    assert recording.ended_by == "server"
    assert recording.chunks[0].time <= recording.chunks[-1].time <= recording.ended_at
    assert recording.ended_at > 0.1  # of the two pauses


def test_a_request_may_have_a_method_and_a_body(serving):
    received = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            received.append((scope["method"], dict(scope["headers"])[b"content-length"], (await receive())["body"]))
            await send({"type": "http.response.start", "status": 200, "headers": STREAM})
            await send({"type": "http.response.body", "body": b"data: a\n\n"})

    url = serving(app)
    recording = record(url, method="POST", body="é", headers={"content-type": "text/plain"})
    assert received == [("POST", b"2", "é".encode())]
    assert (recording.method, recording.request_body, len(recording.events)) == ("POST", "é".encode(), 1)
    with pytest.raises(UserError, match="no answer to PUT"):
        record("http://127.0.0.1:9/", method="PUT", body=b"x")


def test_it_stops_after_so_many_events(serving):
    recording = record(serving(Stream((200, [b"data: a\n\n"] * 9), stays_open=True)), events=2)
    assert len(recording.events) == 2
    assert recording.ended_by == "client"


def test_it_stops_after_so_many_seconds(serving):
    recording = record(serving(Stream((200, [b"data: a\n\n"]), stays_open=True)), seconds=0.3)
    assert recording.ended_by == "client"
    assert recording.ended_at >= 0.3


def test_seconds_bound_a_stream_that_never_pauses(serving):
    sent = 0

    async def app(scope, receive, send):
        nonlocal sent
        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 200, "headers": STREAM})
        await receive()  # the request
        left = asyncio.create_task(receive())
        while not left.done() and sent < 50_000_000:
            await send({"type": "http.response.body", "body": b"data: a\n\n" * 1000, "more_body": True})
            await asyncio.sleep(0)
            sent += 9000
        left.cancel()

    recording = record(serving(app), seconds=0.2)
    assert recording.ended_by == "client"
    assert all(chunk.time <= 0.2 for chunk in recording.chunks)
    assert sent < 50_000_000


def test_silence_without_a_limit_is_said(serving, monkeypatch):
    monkeypatch.setattr("streamside.client.SILENCE_SECONDS", 0.2)
    with pytest.raises(UserError, match=r"silent for 0 s.* say how many events= or seconds="):
        record(serving(Stream((200, []), stays_open=True)))


def test_no_server_is_said():
    with pytest.raises(UserError, match="/nothing: no answer to GET"):
        record("http://127.0.0.1:9/nothing")


def test_a_connection_that_breaks_is_no_end(serving):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
            await send({"type": "http.response.body", "body": b"data: a\n\n"})

    recording = record(serving(app))
    assert recording.body == b"data: a\n\n"
    assert recording.ended_by == "network"


def test_following_resumes_with_the_last_event_id(serving):
    app = Stream((200, [b"retry: 10\n\n", b"id: 7\ndata: a\n\n"]), (200, [b"data: b\n\n"]))
    recordings = follow(serving(app), connections=3)
    assert [recording.body[-9:] for recording in recordings] == [b"data: a\n\n", b"data: b\n\n", b"data: b\n\n"]
    assert [request.get("last-event-id") for request in app.requests] == [None, "7", "7"]
    assert {request["accept"] for request in app.requests} == {"text/event-stream"}


@pytest.mark.parametrize("status", [204, 503])
def test_following_ends_where_the_standard_fails_the_connection(serving, status):
    app = Stream((200, [b"retry: 10\ndata: a\n\n"]), (status, []))
    assert [recording.status for recording in follow(serving(app), connections=9)] == [200, status]


def test_following_keeps_to_the_reconnection_time(serving, monkeypatch):
    waited = []
    monkeypatch.setattr("streamside.client.time.sleep", waited.append)
    follow(serving(Stream((200, [b"data: a\n\n"]), (200, [b"retry: 70\n\n"]))), connections=3)
    assert waited == [3, 0.07]
