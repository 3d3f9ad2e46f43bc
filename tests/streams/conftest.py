"""Fixtures for tests of event streams: a real server, and its readers. One file for you to take."""

import asyncio
import socket
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from threading import Event, Thread

import pytest
import uvicorn

PATIENCE = 60  # seconds that a test waits for anything; then it fails


class Server(uvicorn.Server):  # on a free port; its end tells what readers have left behind
    def __init__(self, app):
        super().__init__(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        self.ready, self.left_behind, port = Event(), ["uvicorn"], socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{port.getsockname()[1]}"
        self.thread = Thread(target=self.run, args=[[port]], name=repr(app), daemon=True)
        self.thread.start()
        self.ready.wait(PATIENCE)
        assert self.started, "the application does not start"

    async def startup(self, sockets=None):
        try:
            await super().startup(sockets)
            self.loop, self.its_own = asyncio.get_running_loop(), asyncio.all_tasks()
        finally:
            self.ready.set()

    async def shutdown(self, sockets=None):
        self.cut()
        tasks = asyncio.all_tasks() - self.its_own
        late = (await asyncio.wait(tasks, timeout=PATIENCE))[1] if tasks else ()
        await super().shutdown(sockets)
        self.left_behind = [task.get_coro().__qualname__ for task in late]

    def cut(self):  # all connections, as a network does
        for connection in list(self.server_state.connections):
            self.loop.call_soon_threadsafe(connection.transport.abort)

    def close(self):
        self.should_exit = True
        self.thread.join(3 * PATIENCE)
        assert not self.left_behind, f"tasks are left behind: {self.left_behind}"


class Stream:  # an answer that is read as it comes
    def __init__(self, url, path, method="GET", headers=None, body=None):
        self.connection = HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)
        self.connection.request(method, path, body, headers or {})
        self.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)  # little for who does not read
        self.response = self.connection.getresponse()
        self.status, self.header = self.response.status, self.response.getheader

    def event(self):  # its lines; none at the end of the stream
        lines = []
        while (line := self.response.readline()) not in (b"", b"\n"):
            lines.append(line.decode().removesuffix("\n"))
        assert line or not lines, f"the stream ended inside an event: {lines}"
        return lines

    def close(self):
        self.response.close()
        self.connection.close()


@pytest.fixture
def serve():
    """`serve(app)` is its server, with `url` and `cut()`, until the test ends."""
    with ExitStack() as servers:
        yield lambda app: servers.enter_context(closing(Server(app)))


@pytest.fixture
def ask():
    """`ask(url, path)` is a stream whose headers have come; `close()` it to leave."""
    with ExitStack() as streams:
        yield lambda *request, **more: streams.enter_context(closing(Stream(*request, **more)))
