import os

import pytest

from streamside import process
from streamside.listening_program import ProcessError
from streamside.process import printed_after

posix = pytest.mark.skipif(os.name == "nt", reason="signals and process groups are those of POSIX")

PROGRAM = """
import asyncio, time

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise ValueError("knows no lifespan")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    await send({"type": "http.response.body", "body": b"data: 1\\n\\n", "more_body": True})
    BODY
    print("over")
"""
LEAVING = PROGRAM.replace("BODY", 'while (await receive())["type"] != "http.disconnect": pass')
STAYING = PROGRAM.replace("BODY", "await asyncio.sleep(60)")
BLOCKING = PROGRAM.replace("BODY", "time.sleep(60)")
ENDING = PROGRAM.replace("BODY", 'return await send({"type": "http.response.body"})')


@posix
def test_a_reader_who_leaves():
    assert printed_after("leave", LEAVING, seconds=3) == "over\n(3 s later, that is all)"
    assert printed_after("leave", BLOCKING, seconds=0.5) == "(0.5 s later, that is all)"


@posix
def test_ctrl_c_waits_for_a_stream():
    *_, waiting, last = printed_after("Ctrl-C", STAYING, seconds=3).splitlines()
    assert waiting == "INFO:     Waiting for connections to close. (CTRL+C to force quit)"
    assert last == "(3 s later, the server is still waiting)"


@posix
def test_ctrl_c_with_a_limit_shows_no_frames_of_the_traceback():
    printed = printed_after("Ctrl-C", STAYING, "--timeout-graceful-shutdown", "1")
    assert "Traceback (most recent call last):\n  …\nasyncio.exceptions.CancelledError" in printed
    assert "INFO:     Finished server process\n" in printed
    assert 'File "' not in printed
    assert printed.endswith("\n(the server has ended)")


@posix
def test_an_edit_starts_the_server_again_if_no_stream_is_in_its_way():
    first, *_, last = printed_after("edit", ENDING).splitlines()
    assert first.endswith("detected changes in 'program.py'. Reloading...")
    assert last == "(the server has started again)"
    assert printed_after("edit", STAYING, seconds=0.5).endswith("(0.5 s later, the server is still waiting)")


@posix
def test_a_second_reader():
    assert printed_after("second reader", STAYING) == "(a second reader gets 200 and an event)"
    assert printed_after("second reader", BLOCKING, seconds=0.5) == "(0.5 s later, a second reader is still waiting)"


@posix
def test_an_example_can_be_imported():
    assert printed_after("second reader", "from examples.basic_stream import app").startswith(
        "(a second reader gets 200"
    )


@posix
@pytest.mark.parametrize(
    ("program", "said"), [("no_such_name", "NameError"), ("app = 1", "'int' object is not callable")]
)
def test_a_program_that_serves_nothing(program, said):
    with pytest.raises(ProcessError, match=said):
        printed_after("leave", program)


def test_on_windows_it_says_that_it_cannot_and_where_it_can(monkeypatch):
    monkeypatch.setattr(process.sys, "platform", "win32")
    with pytest.raises(ProcessError, match=r"^Windows has no signals such as Ctrl-C's: run this on .* or in WSL$"):
        printed_after("leave", LEAVING)
