"""Ctrl-C ends every example on uvicorn, an open stream or not, and nobody is shown a traceback."""

import importlib
import logging
import socket
import threading
from asyncio import CancelledError

import pytest
import uvicorn

from examples import is_news
from tests.examples.members import bearer
from tests.examples.test_scripts import ON_UVICORN
from tests.patience import PATIENCE

# Where it is not the same for all.
STREAMS = {
    **dict.fromkeys(("bare_clock", "bare_clock_typed", "bare_ticker", "raw_asgi", "broadcast"), "/events"),
    "button_stream": "/sse-stream?name=Ada",
    "heartbeats": "/events",
    "htmx4_streams": "/progress?name=Ada",
    "htmx4_two_readers": "/browser/stop",
    "relay": "/events",
    "hundred_updates": "/events",
    "one_stream": "/events",
    "members_only": "/events",
    "tests_on_trial": "/trials",
}
POSTED = {"fetch_stream": ("/names", "POST", {"Authorization": "Bearer sesame"}, b'{"text": "ab"}')}


@pytest.mark.parametrize("name", [script.stem for script in ON_UVICORN])
def test_an_open_stream_is_cut_off_in_a_line(name: str, ask, caplog):
    """As uvicorn does it after a Ctrl-C, which here is not sent: it would end the tests."""
    app = importlib.import_module(f"examples.{name}").app
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, timeout_graceful_shutdown=0.05, log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            url = "http://{}:{}".format(*listening.getsockname())
            asked = POSTED.get(name) or [STREAMS.get(name, "/sse-stream")]
            stream = ask(url, *asked, headers=bearer(url)) if name == "members_only" else ask(url, *asked)
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
    assert stream.header("content-type").startswith("text/event-stream")
    assert not thread.is_alive()
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


def test_any_other_error_is_shown():
    def record(error: BaseException | None) -> logging.LogRecord:
        info = (type(error), error, None) if error else None
        return logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "Exception", None, info)

    assert is_news(record(None))
    assert is_news(record(ValueError("graceful shutdown")))
    cut = CancelledError("timeout graceful shutdown exceeded")
    assert not is_news(record(cut))
    another = CancelledError()  # a task group may raise one in its place
    another.__context__ = cut
    assert not is_news(record(another))
    assert is_news(record(CancelledError()))
