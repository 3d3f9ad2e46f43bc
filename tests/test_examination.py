"""What is asked, and how: a handful of requests, GET and HEAD alone, each with the reader's own headers."""

import pytest

from streamside.errors import UserError
from streamside.examination import STRANGER, examine
from tests import wrong_streams


@pytest.fixture
def requests(monkeypatch):
    """The requests that reach the server: method, headers."""
    seen = []
    answer = wrong_streams.Request.do_GET

    def note(request):
        seen.append((request.command, {name.lower(): value for name, value in request.headers.items()}))
        answer(request)

    monkeypatch.setattr(wrong_streams.Request, "do_GET", note)
    monkeypatch.setattr(wrong_streams.Request, "do_HEAD", note)
    return seen


def test_a_handful_of_requests_at_most(requests, monkeypatch):
    ending = wrong_streams.stream(*wrong_streams.EVENTS, ends=True)
    monkeypatch.setitem(wrong_streams.WAYS, "ending", (ending, "", "", ""))
    with wrong_streams.serving() as server:
        evidence = examine(f"{server.url}/ending", {"Authorization": "Bearer x"}, 5)
    assert sorted(method for method, _ in requests) == ["GET"] * 4 + ["HEAD"]
    assert len(evidence.asked) == 5
    assert {headers["authorization"] for _, headers in requests} == {"Bearer x"}
    assert {headers["accept"] for _, headers in requests} == {"text/event-stream"}
    assert [headers["origin"] for _, headers in requests if "origin" in headers] == [STRANGER]
    assert [headers["last-event-id"] for _, headers in requests if "last-event-id" in headers] == ["5", "2"]
    assert (evidence.named, evidence.first.ids) == ("2", ["1", "2", "3", "4", "5"])
    assert evidence.head.recording.body == b""


def test_an_id_is_sent_as_utf_8(requests, monkeypatch):
    monkeypatch.setitem(wrong_streams.WAYS, "greek", (wrong_streams.stream("id: α\ndata\n\n".encode()), "", "", ""))
    monkeypatch.setattr(wrong_streams.Request, "named", 0)
    with wrong_streams.serving() as server:
        examine(f"{server.url}/greek", {}, 0.2)
    sent = [headers["last-event-id"] for _, headers in requests if "last-event-id" in headers]
    assert [text.encode("latin-1").decode() for text in sent] == ["α"]


def test_what_is_no_stream_is_asked_once(requests):
    with wrong_streams.serving() as server:
        evidence = examine(f"{server.url}/missing", {}, 5)
    assert (len(requests), evidence.asked) == (1, ("first",))
    with pytest.raises(UserError, match="no answer to GET"):
        examine(server.url, {}, 5)
