"""The wire is printed as it happens, in the lessons' form; following it is what an event source does."""

import re
from threading import Event

import pytest

from streamside import listen
from streamside.errors import UserError
from tests import wrong_streams
from tests.patience import PATIENCE
from tests.wrong_streams import EVENTS, stream, when


def shown(text: str) -> list[str]:
    """The lines of the body, without their times."""
    return [re.sub(r"^ *[\d.]* ?s? (?=[│↳■])", "", line) for line in text.splitlines() if re.search("[│↳■]", line)]


def test_bytes_are_printed_as_they_come(monkeypatch, capsys):
    printed, heard, news = [], [], Event()

    def show(line):
        printed.append(line)
        if line.kind == "stream":
            news.set()

    monkeypatch.setattr(listen, "_show", show)

    def way(request):
        request.begin()
        request.piece(b": caf\xc3")
        assert news.wait(PATIENCE)
        heard.append([line.text for line in printed if line.kind == "stream"])
        request.piece(b"\xa9\ndata: a\n\ndata: b")
        request.piece(b"")

    monkeypatch.setitem(wrong_streams.WAYS, "slow", (way, "", "", ""))
    with wrong_streams.serving() as server:
        assert listen.run(f"{server.url}/slow", {"X-Sent": "1"}, None, follow=False) == 0
    assert heard == [[": caf"]]
    lines = [(line.kind, line.text) for line in printed]
    assert lines[:2] == [("sent", "GET /slow"), ("sent", "accept: text/event-stream")]
    assert ("sent", "x-sent: 1") in lines
    assert ("received", "200 OK") in lines
    assert lines[-4:-1] == [("stream", "data: a"), ("stream", ""), ("stream", "data: b")]
    assert lines[-1] == ("end", "The server ended the response, in the middle of a line.")


def test_following_reconnects_after_the_last_event_until_there_is_no_more(monkeypatch, capsys):
    monkeypatch.setattr(listen, "RECONNECTION_TIME", 10)
    ending = stream(b"retry: 20\n\n" + EVENTS[4], ends=True)
    over = when(wrong_streams.resumes, lambda request: request.begin(204), ending)
    for name, way in {"ending": over, "endless": ending}.items():
        monkeypatch.setitem(wrong_streams.WAYS, name, (way, "", "", ""))
    with wrong_streams.serving() as server:
        assert listen.run(f"{server.url}/ending", {}, None, follow=True) == 0
        text = capsys.readouterr().out
        assert re.findall("^[<>] (?:GET|last-event-id|204).*", text, re.M) == [
            "> GET /ending",
            "> GET /ending",
            "> last-event-id: 5",
            "< 204 No Content",
        ]
        assert listen.run(f"{server.url}/endless", {}, 0.3, follow=True) == 0
        assert capsys.readouterr().out.count("> GET") > 1
        assert listen.run(f"{server.url}/right", {}, 0.1, follow=True) == 0
        assert shown(capsys.readouterr().out)[-1] == "■ The client closed the connection."


def test_a_server_that_is_away_for_a_while_is_waited_for(monkeypatch, capsys):
    def drop(request):
        request.close_connection = True

    ending = stream(b"retry: 20\n\n" + EVENTS[4], ends=True)
    monkeypatch.setitem(wrong_streams.WAYS, "away", (when(wrong_streams.resumes, drop, ending), "", "", ""))
    with wrong_streams.serving() as server:
        assert listen.run(f"{server.url}/away", {}, 0.3, follow=True) == 0
        assert capsys.readouterr().err.count(f"streamside: {server.url}/away: no answer to GET (") > 1
    with pytest.raises(UserError, match="no answer to GET"):
        listen.run(f"{server.url}/away", {}, 0.5, follow=True)
