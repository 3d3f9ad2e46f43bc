"""The server that everything here runs on: it starts, stops within a second, and leaves nothing behind."""

import asyncio
import http.client
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from streamside.server import ServerError, serve
from tests.patience import PATIENCE


class Endless:
    """An endless stream that notes how it ended; `deaf` ones do not listen for the client leaving."""

    def __init__(self, deaf: bool = False) -> None:
        self.deaf = deaf
        self.ended: list[str] = []

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": b"data: hello\n\n", "more_body": True})
        try:
            if self.deaf:
                await asyncio.Event().wait()
            await receive()
            while (await receive())["type"] != "http.disconnect":
                pass
            self.ended.append("disconnect")
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise


@contextmanager
def open_stream(url: str) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)
    connection.request("GET", "/")
    response = connection.getresponse()
    assert response.read1() == b"data: hello\n\n"
    yield response
    response.close()
    connection.close()


def test_stopping_ends_an_open_stream_and_the_application_hears_of_it():
    app = Endless()
    with serve(app) as server, open_stream(server.url) as response:
        server.stop()
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            response.read()
    assert app.ended == ["disconnect"]


def test_an_application_that_does_not_listen_is_cancelled(capfd):
    app = Endless(deaf=True)
    with serve(app) as server, open_stream(server.url):
        server.stop()
    assert app.ended == ["cancelled"]


def test_the_port_is_free_again():
    server = serve(Endless())
    port = int(server.url.rsplit(":", 1)[1])
    server.stop()
    socket.create_server(("127.0.0.1", port)).close()


def test_stopping_twice_does_nothing():
    server = serve(Endless())
    server.stop()
    server.stop()


def test_two_servers_have_two_addresses():
    with serve(Endless()) as one, serve(Endless()) as other:
        assert one.url != other.url


def test_a_lifespan_that_fails_is_said():
    async def app(scope, receive, send):
        assert scope["type"] == "lifespan"
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(ServerError, match="did not start"):
        serve(app)


def test_a_server_left_behind_does_not_keep_the_process_alive():
    program = """
        from streamside.server import serve
        async def app(scope, receive, send):
            if scope["type"] == "http":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await receive(), await receive()
        server = serve(app)
        raise SystemExit(f"left behind at {server.url}")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("left behind at http://127.0.0.1:")
