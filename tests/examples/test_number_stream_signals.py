"""`number_stream` and the signals that stop a server: apart from its other tests, for signals need the main thread."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from examples import number_stream as example
from tests.patience import PATIENCE

STREAM = "/sse-stream"
ROOT = Path(example.__file__).resolve().parent.parent
SERVE = """
import sys, uvicorn
from examples.number_stream import app
uvicorn.run(app, fd=int(sys.argv[1]), log_level="warning")
"""

both_signals = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@both_signals
def test_a_signal_ends_the_streams_and_goes_on_to_the_server(number, monkeypatch):
    heard = []

    def servers_own(number, frame):
        heard.append(number)

    async def live():
        life = example.lifespan(example.app)
        await anext(life)
        stream = example.numbers(example.app.state.stopping)
        assert "<p>1</p>" in await anext(stream)
        assert not heard
        signal.raise_signal(number)
        assert [event async for event in stream] == []
        assert [state async for state in life] == []

    before = signal.signal(number, servers_own)
    try:
        asyncio.run(asyncio.wait_for(live(), PATIENCE))
        assert heard == [number]
        assert signal.getsignal(number) is servers_own, "the handler is put back"
    finally:
        signal.signal(number, before)


@both_signals
@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.SIG_IGN])
def test_a_signal_that_nobody_handles_is_left_alone(number, handler):
    """Neither a server that dies of it nor one that ignores it (as below `nohup`) waits for its streams."""

    async def live():
        life = example.lifespan(example.app)
        await anext(life)
        assert signal.getsignal(number) is handler
        assert [state async for state in life] == []

    before = signal.signal(number, handler)
    try:
        asyncio.run(live())
        assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no way to send one process a Ctrl-C")
@both_signals
def test_a_signal_ends_every_stream_and_the_server(ask, number):
    """With no time limit on uvicorn's side, so that nothing but the example can end the streams."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        descriptor = listening.fileno()
        server = subprocess.Popen(
            [sys.executable, "-u", "-c", SERVE, str(descriptor)],  # a SIGTERM would take along what is not written yet
            cwd=ROOT,
            pass_fds=[descriptor],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            streams = [ask(url, STREAM) for _ in range(2)]
            for stream in streams:
                stream.event()
            server.send_signal(number)
            for stream in streams:
                stream.rest()  # a proper end of the body: anything else raises
            output, _ = server.communicate(timeout=PATIENCE)
        finally:
            server.kill()
            server.communicate()
    assert re.fullmatch(r"(stopped at \d+\n){2}", output), output
    assert -server.returncode == number or server.returncode == 0
