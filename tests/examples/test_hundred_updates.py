import asyncio
import json
import threading
import time
import zlib
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import connect

from examples import hundred_updates as example
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


PRICES = [100 + 37 * number % 100 / 100 for number in range(100)]


def publish(url, times=1):
    """Publish that many updates; the statuses of the answers."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    statuses = []
    for _ in range(times):
        connection.request("POST", "/publish")
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    return statuses


def event(number):
    return [f"id: {number}", f'data: {{"price": {PRICES[number - 1]}}}']


def test_the_stream_numbers_the_updates_and_sends_each_when_it_is_published(serving, ask):
    url = serving(example.app)
    stream = ask(url, "/events")
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.header("cache-control") == "no-store, no-transform"
    assert stream.header("x-accel-buffering") == "no"
    for number in (1, 2, 3):
        publish(url)
        assert stream.event() == event(number)


@pytest.mark.parametrize("nonsense", ["no number", "9" * 5000])
def test_a_reconnect_gets_what_follows_and_after_the_last_one_nothing(serving, ask, nonsense):
    url = serving(example.app)
    assert publish(url, 101) == [204] * 100 + [409]
    assert len(ask(url, "/events", headers={"Last-Event-ID": nonsense}).rest()) == 100
    for path, headers in (("/events?after=0", {"Last-Event-ID": "98"}), ("/events?after=98", {})):
        assert ask(url, path, headers=headers).rest() == [event(99), event(100)]
    assert ask(url, "/events", headers={"Last-Event-ID": "100"}).status == 204


def test_an_answer_to_head_ends(serving, ask):
    head = ask(serving(example.app), "/events", method="HEAD")
    assert (head.status, head.header("content-type")) == (200, "text/event-stream; charset=utf-8")
    assert head.header("content-length") == "0"


def test_polling_gets_what_is_new(serving, ask):
    url = serving(example.app)
    assert ask(url, "/updates?after=0").response.read() == b"[]"
    publish(url, 3)
    assert json.loads(ask(url, "/updates?after=1").response.read()) == [{"price": 100.37}, {"price": 100.74}]
    assert ask(url, "/updates").header("cache-control") == "no-store"


def test_each_server_begins_without_updates(serving, ask):
    for _ in range(2):
        url = serving(example.app)
        publish(url)
        assert ask(url, "/updates").response.read() == b'[{"price": 100.0}]'


def test_a_page_gets_all_hundred_in_each_of_the_three_ways(serving, page):
    page.goto(serving(example.app))
    page.get_by_role("button").click()
    for kind in ("sse", "websocket", "polling"):
        page.wait_for_function(f"document.getElementById('{kind}').value === '100: 100.63'")


def test_what_asks_again_goes_on_where_it_was(serving, page):
    sockets, polls, sources = [], [], []

    def cut_the_first(socket):
        sockets.append(socket.url.rpartition("/")[2])
        server = socket.connect_to_server()
        if len(sockets) == 1:
            server.on_message(lambda message: (socket.send(message), server.close(), socket.close(code=1012)))

    def fail_the_second(route):
        polls.append(route.request.url.rpartition("/")[2])
        match len(polls):
            case 2:
                route.abort()
            case 3:
                route.fulfill(status=502, body="[]")
            case _:
                route.continue_()

    def fail_the_first(route):
        sources.append(route.request.url.rpartition("/")[2])
        route.fulfill(status=502) if len(sources) == 1 else route.continue_()

    page.route_web_socket("**/socket?*", cut_the_first)
    page.route("**/updates?*", fail_the_second)
    page.route("**/events?*", fail_the_first)
    page.goto(serving(example.app))
    page.get_by_role("button").click()
    for kind in ("sse", "websocket", "polling"):
        page.wait_for_function(f"document.getElementById('{kind}').value === '100: 100.63'")
    assert sockets[0] == "socket?after=0"
    assert sockets[1] != "socket?after=0"  # one or two messages came before the end
    assert polls[1] == polls[2] == polls[3]
    assert sources[:2] == ["events?after=0"] * 2


@pytest.mark.parametrize("word", ["'hello'", "new Uint8Array(3)"])
def test_what_a_websocket_client_says_is_ignored(serving, page, word):
    url = serving(example.app)
    page.goto(url)
    heard = page.evaluate_handle(
        """(word) => {
        const socket = new WebSocket("socket?after=0");
        const heard = new Promise((resolve) => { socket.onmessage = (event) => resolve(event.data); });
        return new Promise((resolve) => { socket.onopen = () => resolve({ heard, said: socket.send(word) }); });
    }""".replace("send(word)", f"send({word})")
    )
    publish(url)
    assert heard.evaluate("({ heard }) => heard") == '{"price": 100.0}'


def test_nothing_is_left_of_a_websocket_client_that_leaves(serving):
    loops, ended = [], threading.Semaphore(0)

    async def app(scope, receive, send):
        loops.append(asyncio.get_running_loop())
        await example.app(scope, receive, send)
        ended.release()

    url = serving(app)
    with connect(url.replace("http", "ws") + "/socket?after=0") as client:
        client.send(b"bytes, not text")
    assert ended.acquire(timeout=PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while any("socket" in repr(task.get_coro()) for task in asyncio.all_tasks(loops[0])):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_browser_reads_a_stream_that_is_compressed_event_by_event(serving, page):
    """With the middleware of the notebook."""
    cells = json.loads((ROOT / "notebooks/comparison.ipynb").read_text(encoding="utf-8"))["cells"]
    [cell] = ["".join(cell["source"]) for cell in cells if cell["id"] == "compressed"]
    exec(cell, names := {"zlib": zlib})
    url = serving(names["compressed"](example.app))
    with page.expect_response("**/events?*") as answer:
        page.goto(url)
    assert answer.value.headers["content-encoding"] == "gzip"
    for number in (1, 2):
        publish(url)
        page.wait_for_function(f"document.getElementById('sse').value.startsWith('{number}: ')")
