"""An ASGI application on 127.0.0.1, on a free port, in a background thread; it stops within a second."""

import asyncio
import socket
import threading
from types import TracebackType
from typing import Any, Self

import uvicorn

from streamside.time_limits import START_SECONDS

GRACE = 0.5  # seconds that applications get to notice that their clients are gone, before they are cancelled


class ServerError(Exception):
    """The application did not start; the message says why."""


class Server:
    """A running server: `url` is its address, `stop()` (or leaving the `with` block) ends it."""

    def __init__(self, app: Any) -> None:
        config = uvicorn.Config(
            app,
            log_level="error",
            date_header=False,  # recordings are the same run after run
            server_header=False,
            timeout_graceful_shutdown=GRACE,  # type: ignore[arg-type]  # it takes fractions
        )
        self._server = _Uvicorn(config)
        self._socket = socket.create_server(("127.0.0.1", 0))
        # A daemon: a server that a failed cell left behind keeps neither the kernel nor pytest alive.
        self._thread = threading.Thread(target=self._run, name=f"server of {app!r}", daemon=True)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def _run(self) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[self._socket]))
        except SystemExit:
            pass  # uvicorn's way to say that the start-up failed; `_start` sees that the thread has ended
        finally:
            self._server.settled.set()

    def _start(self) -> Self:
        self._thread.start()
        if not self._server.settled.wait(START_SECONDS) or not self._server.started:
            self.stop()
            raise ServerError(
                f"the application did not start: its lifespan failed or took longer than {START_SECONDS:.0f} s"
            )
        return self

    def stop(self) -> None:
        """Stop listening, end what is open, and wait until nothing is left. Calling it again does nothing."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(START_SECONDS)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Uvicorn(uvicorn.Server):
    """uvicorn, telling another thread when it has started or given up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # To an open stream this is its client leaving: the one ending that every framework passes on to the generator.
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


def serve(app: Any) -> Server:
    """Serve an ASGI application until `stop()`; raise `ServerError` if it does not start."""
    return Server(app)._start()
