"""What the tests of proxies share: streams that go on when the test says so, and proxies that end with the test."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qsl

import pytest

from streamside import proxies
from streamside.errors import UserError
from streamside.proxies import Proxy


class Pieces:
    """An application of streams of two events, with the headers that the query names; the second waits for `go`."""

    def __init__(self) -> None:
        self.go = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        headers = [(b"content-type", b"text/event-stream")]
        headers += [(name.encode(), value.encode()) for name, value in parse_qsl(scope["query_string"].decode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        while not self.go.is_set():  # noqa: ASYNC110  # an event of asyncio's cannot be set from the test's thread
            await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": b"data: 2\n\n"})


@pytest.fixture
def pieces() -> Iterator[Pieces]:
    application = Pieces()
    yield application
    application.go.set()


@pytest.fixture
def before() -> Iterator[Callable[..., Proxy]]:
    """`before("nginx", configuration, url)` starts a proxy; without the program the test is skipped."""
    with ExitStack() as running:

        def start(name: str, configuration: str, to: str) -> Proxy:
            try:
                return running.enter_context(getattr(proxies, name)(configuration, to))
            except UserError as error:
                if error.what != "there is none":
                    raise
                pytest.skip(str(error))

        yield start
