"""The first stream in six frameworks: one test for all, and what is one framework's alone."""

import asyncio
import threading
import time
from contextlib import contextmanager
from queue import Empty, Queue

import pytest
import waitress
from aiohttp import web

from examples import close_on_message, in_aiohttp, in_fastapi, in_flask, in_quart, in_sse_starlette, in_starlette
from streamside.example_script import running
from streamside.server import serve
from tests.patience import PATIENCE

EXAMPLES = [in_starlette, in_sse_starlette, in_fastapi, in_quart, in_flask, in_aiohttp]
STREAM = "/sse-stream"


@contextmanager
def on_uvicorn(app):
    with serve(app) as server:
        yield server.url


@contextmanager
def on_waitress(app):
    server = waitress.create_server(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.trigger.pull_trigger(server.close)  # in its own thread, which may be waiting for its sockets
    server.task_dispatcher.shutdown()
    thread.join(PATIENCE)


@contextmanager
def on_its_own(app):
    """aiohttp's server, as `run_app` starts it, for another application: each has one loop in its life."""
    another = web.Application()
    for route in app.router.routes():
        another.router.add_route(route.method, route.resource.canonical, route.handler)
    loop, runner = asyncio.new_event_loop(), web.AppRunner(another, handler_cancellation=True, shutdown_timeout=0.1)

    async def start():
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner.addresses[0]

    def do(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(PATIENCE)

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield "http://{}:{}".format(*do(start()))
    do(runner.cleanup())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
    loop.close()


SERVERS = {in_flask: on_waitress, in_aiohttp: on_its_own}


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda example: example.__name__.partition(".")[2])
def served(request):
    """An example and its address; one server for all tests."""
    with SERVERS.get(request.param, on_uvicorn)(request.param.app) as url:
        yield request.param, url


@pytest.fixture
def printed(served, monkeypatch):
    queue = Queue()
    monkeypatch.setattr(served[0], "print", queue.put, raising=False)
    return queue


def waiting(example, seconds):
    """What stands in for the example's `sleep`."""
    return (lambda _: time.sleep(seconds)) if example is in_flask else (lambda _: asyncio.sleep(seconds))


def bytes_of_lesson_3(monkeypatch):
    async def collected():
        return "".join([event async for event in close_on_message.progress()])

    monkeypatch.setattr(close_on_message, "sleep", waiting(close_on_message, 0))
    return asyncio.run(collected()).encode()


def test_the_bytes_are_those_of_lesson_3_and_the_headers_are_ours(served, ask, printed, monkeypatch):
    example, url = served
    monkeypatch.setattr(example, "sleep", waiting(example, 0))
    stream = ask(url, STREAM)
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.header("cache-control").endswith("no-store, no-transform")
    assert stream.header("x-accel-buffering") == "no"
    assert stream.response.read() == bytes_of_lesson_3(monkeypatch)
    assert printed.get(timeout=PATIENCE) == "over at message number 9"


def test_the_page_is_there_and_a_request_for_the_headers_alone_leaves_the_connection_of_use(served, ask, printed):
    _, url = served
    head = ask(url, STREAM, method="HEAD")
    assert head.response.read() == b""
    assert head.status in (200, 405)
    head.connection.request("GET", "/")
    page = head.connection.getresponse()
    assert page.getheader("content-type").startswith("text/html")
    assert b'sse-connect="sse-stream"' in page.read()
    assert printed.empty(), "no stream has begun"


def test_who_leaves_is_noticed_at_once_but_by_flask_when_it_sends(served, ask, printed, monkeypatch):
    example, url = served
    is_over = threading.Event()
    wait = (
        (lambda _: is_over.wait(PATIENCE) and time.sleep(0.05)) if example is in_flask else waiting(example, PATIENCE)
    )
    monkeypatch.setattr(example, "sleep", wait)
    stream = ask(url, STREAM)
    assert stream.event() == ["event: progress", "data: <p>message number 0</p>"]
    stream.leave()
    if example is in_flask:
        with pytest.raises(Empty):
            printed.get(timeout=0.5)
        is_over.set()
        assert printed.get(timeout=PATIENCE) in [f"over at message number {number}" for number in range(1, 9)]
    else:
        assert printed.get(timeout=PATIENCE / 2) == "over at message number 0"


@pytest.mark.parametrize(("example", "is_told"), [(in_flask, False), (in_aiohttp, True)])
def test_ctrl_c_ends_also_what_is_not_on_uvicorn(example, is_told, ask):
    """Flask's threads are left behind by a process that ends, and no `finally` runs."""
    with running(example, {"sleep(0.5)": "sleep(60)"}) as script:
        ask(script.url, STREAM).event()
        script.interrupt()
        assert script.ends(PATIENCE)
        assert ("over at message number 0" in script.printed) == is_told


def test_the_page_shows_the_messages_and_closes_the_stream(watching, page, clock, event_sources):
    clock.run()
    watched = watching(in_starlette)
    page.goto(watched.url)
    page.get_by_text("DONE").wait_for()
    assert page.locator("p").all_inner_texts() == [*(f"message number {number}" for number in range(10)), "DONE"]
    page.wait_for_function("eventSources[0].readyState === EventSource.CLOSED")
    assert [source["url"] for source in event_sources()] == [watched.url + STREAM]


example = in_starlette  # whose clock the test of its page stops
