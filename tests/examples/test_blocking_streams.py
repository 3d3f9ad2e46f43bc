"""What lesson 6 says of streams done wrong: they block the threads that others wait for, or go on for nobody."""

import asyncio
import os
import threading

import pytest
from fasthtml.common import EventStream, FastHTML, sse_message

from tests.patience import PATIENCE

POOL = 40  # AnyIO's threads: plain generators and plain routes
EXECUTOR = min(32, (os.cpu_count() or 1) + 4)  # asyncio's: `to_thread`


class Blocking:
    """An application whose streams block after their first event, until the gate is opened."""

    def __init__(self):
        self.gate = threading.Event()
        self.blocked = threading.Semaphore(0)  # released once by every thread that blocks
        self.page_came_after_the_gate = None
        self.app = FastHTML(default_hdrs=False, secret_key="of no use")
        self.app.get("/")(self.page)
        self.app.get("/alive")(self.alive)
        self.app.get("/plain")(lambda: EventStream(self.plain()))
        self.app.get("/thread")(lambda: EventStream(self.thread()))

    def page(self):
        self.page_came_after_the_gate = self.gate.is_set()
        return "a page"

    async def alive(self):
        return "alive"

    def block(self):
        self.blocked.release()
        self.gate.wait(PATIENCE)

    def plain(self):
        yield sse_message("here", event="news")
        self.block()

    async def thread(self):
        yield sse_message("here", event="news")
        await asyncio.to_thread(self.block)

    def wait_for(self, count):
        for _ in range(count):
            assert self.blocked.acquire(timeout=PATIENCE)


@pytest.fixture
def blocking():
    application = Blocking()
    yield application
    application.gate.set()


def test_forty_plain_generators_hold_up_every_plain_route_even_when_their_readers_have_left(watching, ask, blocking):
    url = watching(blocking.app).url
    streams = [ask(url, "/plain") for _ in range(POOL)]
    for stream in streams:
        stream.event()
    blocking.wait_for(POOL)
    for stream in streams:
        stream.leave()
    visitor = threading.Thread(target=ask, args=(url, "/"))
    visitor.start()
    assert ask(url, "/alive").response.read() == b"alive"
    assert visitor.is_alive()
    blocking.gate.set()
    visitor.join(PATIENCE)
    assert blocking.page_came_after_the_gate


def test_to_thread_blocks_as_many_streams_as_asyncio_has_threads(watching, ask, blocking):
    url = watching(blocking.app).url
    for _ in range(EXECUTOR + 1):
        ask(url, "/thread").event()
    blocking.wait_for(EXECUTOR)
    assert ask(url, "/").response.read(), "the other pool is free"
    assert not blocking.blocked.acquire(blocking=False), "one stream waits for a thread"


def test_a_generator_that_swallows_its_cancellation_goes_round_and_round_for_nobody(watching, ask):
    swallowed, often = 0, threading.Event()

    async def stubborn():
        nonlocal swallowed
        while not often.is_set():
            yield sse_message("here", event="news")
            try:
                await asyncio.sleep(PATIENCE)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 100:
                    often.set()

    app = FastHTML(default_hdrs=False, secret_key="of no use")
    app.get("/")(lambda: EventStream(stubborn()))
    stream = ask(watching(app).url, "/")
    stream.event()
    stream.leave()
    assert often.wait(PATIENCE)
