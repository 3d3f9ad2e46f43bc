"""Each promise of the hub, kept while clients stall, fail, leave and come in numbers."""

import asyncio
import contextlib
import functools
import gc
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.routing import Route

from benchmarks import open_files
from examples import broadcast
from examples.broadcast import Log, Reader
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
SCOPE = {"type": "http", "method": "GET"}


class Client:
    """The server's end of one request: notes what is sent, and holds it back while `free` is not set."""

    def __init__(self, log, last_event_id="", middleware=lambda app: app):
        self.sent, self.given_up, self.fault = [], 0, None
        self.left, self.free, self.heard = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.free.set()
        app = middleware(Reader(log, last_event_id))
        self.task = asyncio.create_task(app(SCOPE, self.receive, self.send))

    async def receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.fail()
        try:
            await self.free.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        self.fail()
        self.sent.append(message)
        self.heard.set()
        if self.ended:
            self.left.set()  # a server has nothing more to tell, either

    def fail(self):
        """Raise the fault that the test has put in, once."""
        fault, self.fault = self.fault, None
        if fault:
            raise fault

    async def news(self):
        """Wait for one more message."""
        self.heard.clear()
        await self.heard.wait()

    @property
    def bodies(self):
        return [message["body"] for message in self.sent[1:]]

    @property
    def data(self):
        """The data of the events that came, or their type where they have none; a comment as itself."""
        patterns = "data: (.+)", "event: (.+)", "(:)"
        events = b"".join(self.bodies).decode().split("\n\n")[:-1]
        return [next(filter(None, (re.search(p, event) for p in patterns)))[1] for event in events]

    @property
    def ended(self):
        return self.sent[-1]["type"] == "http.response.body" and not self.sent[-1].get("more_body", False)

    async def leave(self):
        self.left.set()
        await self.task


@asynccontextmanager
async def opened(log):
    """The log, open; afterwards it must have left no task and no timer of its own."""
    before = asyncio.all_tasks()
    log.open()
    yield log
    log.close()
    await settled()
    assert log.timer.cancelled()
    assert asyncio.all_tasks() == before


async def settled():
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def joined(log, count=1, **more):
    clients = [Client(log, **more) for _ in range(count)]
    await settled()
    return clients


def in_loop(test):
    """Run a test that is a coroutine function."""

    @functools.wraps(test)
    def run(**arguments):
        asyncio.run(test(**arguments))

    return run


@in_loop
async def test_everybody_gets_the_same_bytes_and_one_piece_for_all_that_came_at_once():
    async with opened(Log()) as log:
        clients = await joined(log, 3)
        for text in "abc":
            log.publish("message", text)
        await settled()
        assert [client.data for client in clients] == [["joined", "a", "b", "c"]] * 3
        assert [len(client.bodies) for client in clients] == [2, 2, 2]
        assert len({client.bodies[-1] for client in clients}) == 1
        for client in clients:
            await client.leave()
        assert log.readers == 0


@in_loop
async def test_who_stalls_holds_nobody_up_and_is_told_how_many_events_it_missed():
    async with opened(Log(max_events=3)) as log:
        slow, quick = await joined(log, 2)
        slow.free.clear()
        for number in range(10):
            log.publish("message", str(number))
            await settled()
        assert quick.data == ["joined", *map(str, range(10))]
        assert len(log.events) == 3
        assert slow.data == ["joined"]
        slow.free.set()
        await settled()
        # One was already on its way, six were lost, three were kept.
        assert slow.data == ["joined", "0", "6", "7", "8", "9"]
        assert slow.bodies[2] == b"event: dropped\ndata: 6\n\n"
        log.publish("message", "10")
        await settled()
        assert slow.data[-1] == quick.data[-1] == "10"
        await slow.leave(), await quick.leave()


@in_loop
async def test_one_who_stalls_again_and_again_gets_everything_that_the_history_held():
    async with opened(Log(max_events=100)) as log:
        (client,) = await joined(log)
        for number in range(60):
            (client.free.clear if number % 7 == 3 else client.free.set)()
            log.publish("message", str(number))
            await asyncio.sleep(0)
        client.free.set()
        await settled()
        assert client.data == ["joined", *map(str, range(60))]
        await client.leave()


@in_loop
async def test_what_is_published_while_a_client_catches_up_comes_after_what_it_missed():
    async with opened(Log()) as log:
        (first,) = await joined(log)
        place = f"{log.token}-0"
        log.publish("message", "a")
        back = Client(log, last_event_id=place)
        back.free.clear()
        await settled()
        log.publish("message", "b")
        back.free.set()
        await settled()
        log.publish("message", "c")
        await settled()
        assert back.data == ["a", "b", "c"]
        await first.leave(), await back.leave()


@in_loop
async def test_an_id_that_the_history_no_longer_reaches_is_reset():
    async with opened(Log(max_events=3)) as log:
        assert log.last_id == f"{log.token}-0"
        for number in range(5):
            log.publish("message", str(number))
        token = log.token
        old, oldest_known = await joined(log, last_event_id=f"{token}-1") + await joined(
            log, last_event_id=f"{token}-2"
        )
        future, newest = await joined(log, last_event_id=f"{token}-6") + await joined(log, last_event_id=f"{token}-5")
        assert old.data == future.data == ["Events may be missing."]
        assert old.sent[1]["body"].startswith(f"id: {token}-5\nevent: reset\n".encode())
        assert oldest_known.data == ["2", "3", "4"]
        assert newest.data == []
        log.publish("message", "5")
        await settled()
        assert {client.data[-1] for client in (old, oldest_known, future, newest)} == {"5"}
        for client in (old, oldest_known, future, newest):
            await client.leave()


@in_loop
async def test_a_client_that_leaves_in_the_middle_of_a_send_leaves_nothing():
    async with opened(Log()) as log:
        gone, stays = await joined(log, 2)
        gone.free.clear()
        log.publish("message", "x")
        await settled()
        await gone.leave()
        await settled()
        assert gone.given_up == 1  # the cancellation went all the way into the server's `send`
        assert gone.data == ["joined"]
        log.publish("message", "y")
        await settled()
        assert stays.data == ["joined", "x", "y"]
        assert log.readers == 1
        await stays.leave()


@in_loop
async def test_a_client_that_leaves_before_its_task_has_run_leaves_nothing():
    async with opened(Log()) as log:
        client = Client(log)
        await client.leave()
        assert log.readers == 0
    gc.collect()  # a coroutine that nobody awaited would complain here


@pytest.mark.parametrize("waiting", [False, True])
@in_loop
async def test_a_send_that_fails_ends_its_own_stream_only(waiting):
    async with opened(Log()) as log:
        faulty, other = await joined(log, 2)
        if waiting:
            faulty.free.clear()
            log.publish("message", "x")
            await settled()
        faulty.fault = OSError("no route to the client")
        log.publish("message", "y")
        faulty.free.set()
        await settled()
        with pytest.raises(OSError, match="no route"):
            await faulty.task
        log.publish("message", "z")
        await settled()
        assert other.data[-2:] == ["y", "z"]
        assert log.readers == 1
        await other.leave()


@in_loop
async def test_closing_ends_every_stream_and_later_ones_at_once():
    async with opened(Log()) as log:
        clients = await joined(log, 3)
        log.close()
        log.close()
        await asyncio.gather(*(client.task for client in clients))
        assert all(client.ended for client in clients)
        assert [client.data for client in clients] == [["joined", ":"]] * 3
        (late,) = await joined(log)
        assert late.ended
        assert late.data == ["joined"]
        assert log.readers == 0


@pytest.mark.parametrize("publish", [False, True], ids=["before its end", "before an event"])
@in_loop
async def test_a_server_that_waits_no_longer_cuts_off_who_does_not_read(publish):
    async with opened(Log()) as log:
        (stalled,) = await joined(log)
        stalled.free.clear()
        if publish:
            log.publish("message", "x")
            await settled()
        log.close()
        await settled()
        stalled.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stalled.task
        assert stalled.given_up == 1  # the cancellation went all the way into the server's `send`
        assert log.readers == 0


@in_loop
async def test_a_client_that_does_not_read_for_long_is_cut_off():
    async with opened(Log(heartbeat=0.1)) as log:
        stalled, quick = await joined(log, 2)
        stalled.free.clear()
        log.publish("message", "x")
        await stalled.task
        assert stalled.given_up == 1
        assert log.readers == 1
        assert [data for data in quick.data if data != ":"] == ["joined", "x"]
        await quick.leave()


@in_loop
async def test_a_quiet_stream_carries_comments():
    async with opened(Log(heartbeat=0.01)) as log:
        quiet, stalled = await joined(log, 2)
        stalled.free.clear()
        async with asyncio.timeout(PATIENCE):
            while len(quiet.sent) < 5:
                await quiet.news()
        assert set(quiet.bodies[1:]) == {b":\n\n"}
        stalled.free.set()
        await settled()
        assert len(stalled.sent) < len(quiet.sent)  # one for all that it did not get
        await quiet.leave(), await stalled.leave()


@in_loop
async def test_a_log_is_bounded_in_bytes_too():
    async with opened(Log(max_bytes=1000)) as log:
        (client,) = await joined(log)
        with pytest.raises(ValueError, match="too long"):
            log.publish("message", "é" * 500)
        for number in range(100):
            log.publish("message", f"{number} {'é' * 100}")
            assert sum(map(len, log.events)) <= 1000
            await settled()
        assert len(log.events) == 4
        assert len(client.data) == 101
        await client.leave()


@in_loop
async def test_an_id_of_another_process_is_answered_with_reset():
    async with opened(Log()) as one, opened(Log()) as other:
        for log in (one, other):
            log.publish("message", "x")
        (client,) = await joined(other, last_event_id=one.last_id)
        assert client.data == ["Events may be missing."]
        await client.leave()


@in_loop
async def test_a_page_that_shows_the_log_so_far_gets_the_rest():
    async with opened(Log()) as log:
        position = log.last_id
        log.publish("message", "in between")
        (client,) = await joined(log, last_event_id=position)
        assert client.data == ["in between"]
        await client.leave()


@in_loop
async def test_what_threads_publish_while_the_loop_is_busy_is_one_piece_for_everybody():
    async with opened(Log()) as log:
        clients = await joined(log, 2)
        thread = threading.Thread(target=lambda: [log.publish("message", str(n)) for n in range(1000)])
        thread.start()
        thread.join()  # here, in the loop
        await settled()
        assert [client.data[1:] for client in clients] == [[str(number) for number in range(1000)]] * 2
        assert [len(client.bodies) for client in clients] == [2, 2]
        for client in clients:
            await client.leave()


@pytest.mark.no_cover
@in_loop
async def test_a_thread_that_publishes_without_pause_holds_nobody_up():
    async with opened(Log()) as log:
        clients = await joined(log, 10)
        published = threading.Event()

        def publish():
            for number in range(20_000):
                log.publish("message", str(number))
            published.set()

        thread = threading.Thread(target=publish)
        thread.start()
        async with asyncio.timeout(PATIENCE):
            while not all("19999" in client.data[-1:] for client in clients):
                await clients[0].news()
        thread.join()
        for client in clients:
            assert len(client.bodies) < 20_000  # many in a piece
            lost = [int(lost) for lost in re.findall(rb"event: dropped\ndata: (\d+)", b"".join(client.bodies))]
            got = b"".join(client.bodies).count(b"event: message")
            assert got + sum(lost) == 20_000
            await client.leave()


def test_who_publishes_before_the_application_has_started_is_told():
    with pytest.raises(RuntimeError, match="not started"):
        Log().publish("message", "x")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@in_loop
async def test_a_signal_ends_the_streams_and_reaches_the_server_too(number, monkeypatch):
    heard = []
    outer = signal.signal(number, lambda number, frame: heard.append(number))
    server = signal.getsignal(number)
    monkeypatch.setattr(broadcast, "logs", {"tea": (log := Log()), "coffee": (other := Log())})
    try:
        async with asynccontextmanager(broadcast.lifespan)(None):
            clients = await joined(log) + await joined(other)
            signal.raise_signal(number)
            await asyncio.gather(*(client.task for client in clients))
            assert all(client.ended for client in clients)
        assert heard == [number]
        assert signal.getsignal(number) is server
        assert log.timer.cancelled()
    finally:
        signal.signal(number, outer)


RUN = "import uvicorn; from examples.broadcast import app, logs; uvicorn.run(app, port=0)"

STALL = """
import sys, threading, time
from examples import broadcast

waiting = set()

class Slow(broadcast.Reader):
    async def __call__(self, scope, receive, send):
        async def sending(message):
            waiting.add(self)
            await send(message)
            waiting.remove(self)
        await super().__call__(scope, receive, sending)

def publish():
    while logs["lobby"].readers < 3:
        time.sleep(0.01)
    while len(waiting) < 3:
        logs["lobby"].publish("message", "x" * 90_000)
        time.sleep(0.001)
    print("all stalled", file=sys.stderr, flush=True)

broadcast.Reader = Slow
threading.Thread(target=publish).start()
"""


@contextlib.contextmanager
def uvicorn_process(tmp_path, program=RUN):
    """`python examples/broadcast.py` but for the port, and with no limit to its patience."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stderr:
                if found := re.search(r"running on (http://\S+)", line):
                    yield process, found[1]
                    return
        finally:
            process.kill()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no way to send one process a Ctrl-C")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_uvicorn_stops_with_streams_open(tmp_path, ask, number):
    with uvicorn_process(tmp_path) as (process, url):
        streams = [ask(url, "/events") for _ in range(3)]
        for stream in streams:
            stream.event()
        process.send_signal(number)
        log = process.communicate(timeout=PATIENCE)[1]
    assert [stream.response.read() for stream in streams] == [
        b":\n\n"
    ] * 3  # would raise if the last chunk were missing
    assert "Application shutdown complete" in log
    assert "ERROR" not in log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_uvicorn_stops_when_clients_do_not_read(tmp_path, number):
    program = RUN.replace("; uvicorn.run", STALL + "uvicorn.run").replace(
        "port=0", "port=0, timeout_graceful_shutdown=0.5"
    )
    with uvicorn_process(tmp_path, program) as (process, url), contextlib.ExitStack() as clients:
        for _ in range(3):
            clients.enter_context(stalled_connection(url))
        assert "all stalled\n" in process.stderr
        process.send_signal(number)
        log = process.communicate(timeout=PATIENCE)[1]
    assert "Cancel 3 running task(s)" in log
    assert "Application shutdown complete" in log


class Sends:
    """A middleware that counts the messages that are on their way and not taken."""

    waiting = 0

    def __call__(self, app):
        @asynccontextmanager
        async def noting():
            self.waiting += 1
            yield
            self.waiting -= 1

        return around_send(lambda: noting)(app)


def application(log, **more):
    async def events(request):
        return Reader(log, request.headers.get("last-event-id", ""))

    @asynccontextmanager
    async def lifespan(_app):
        log.open()
        yield
        log.close()

    return Starlette(routes=[Route("/events", events)], lifespan=lifespan, **more)


def around_send(manager):
    """A middleware that enters `manager()` for each message."""

    def middleware(app):
        async def application(scope, receive, send):
            if scope["type"] != "http":
                return await app(scope, receive, send)
            each = manager()

            async def sending(message):
                async with each():
                    await send(message)

            return await app(scope, receive, sending)

        return application

    return middleware


@asynccontextmanager
async def failing_after():
    with anyio.fail_after(PATIENCE):
        yield


def lock():
    one = anyio.Lock()
    return lambda: one


who = ContextVar("who")


def context():
    """The context of the request is what each `send` finds."""
    who.set(mine := object())

    @asynccontextmanager
    async def same():
        assert who.get() is mine
        yield

    return same


async def dispatch(request, call_next):
    return await call_next(request)


MIDDLEWARE = {
    "asyncio.timeout": Middleware(around_send(lambda: lambda: asyncio.timeout(PATIENCE))),
    "anyio.fail_after": Middleware(around_send(lambda: failing_after)),
    "anyio.Lock": Middleware(around_send(lock)),
    "context variable": Middleware(around_send(context)),
    "BaseHTTPMiddleware": Middleware(BaseHTTPMiddleware, dispatch=dispatch),
    "sessions": Middleware(SessionMiddleware, secret_key="no secret"),
}


@pytest.mark.parametrize("middleware", MIDDLEWARE.values(), ids=MIDDLEWARE)
def test_it_works_below_any_middleware(serving, ask, middleware):
    log = Log()
    url = serving(application(log, middleware=[middleware]))
    stream = ask(url, "/events")
    place = stream.event()[0].removeprefix("id: ")
    for number in range(100):
        log.publish("message", str(number))
    assert [stream.event()[2] for _ in range(100)] == [f"data: {number}" for number in range(100)]
    back = ask(url, "/events", headers={"Last-Event-ID": place.replace("-0", "-99")})
    log.publish("message", "last")
    assert [back.event()[2] for _ in range(2)] == ["data: 99", "data: last"]
    stream.leave(), back.leave()
    wait_until(log, lambda: not log.readers)


@asynccontextmanager
async def failing_at_once():
    with anyio.fail_after(0.01):
        yield


@pytest.mark.parametrize("limit", [lambda: asyncio.timeout(0.01), failing_at_once], ids=["asyncio", "anyio"])
@in_loop
async def test_a_middleware_that_loses_patience_ends_that_stream_and_not_the_publisher(limit):
    async with opened(Log()) as log:
        (other,) = await joined(log)
        (stalled,) = await joined(log, middleware=around_send(lambda: limit))
        stalled.free.clear()
        log.publish("message", "x")
        with pytest.raises(TimeoutError):
            await stalled.task
        log.publish("message", "y")
        await settled()
        assert other.data == ["joined", "x", "y"]
        await other.leave()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.12 brought eager tasks")
@in_loop
async def test_tasks_that_start_at_once_change_nothing():
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    async with opened(Log()) as log:
        (first,) = await joined(log)
        place = log.last_id
        log.publish("message", "a")
        (back,) = await joined(log, last_event_id=place)
        log.publish("message", "b")
        await settled()
        assert first.data == ["joined", "a", "b"]
        assert back.data == ["a", "b"]
        first.fault = OSError("no route to the client")
        log.publish("message", "c")
        await settled()
        with pytest.raises(OSError, match="no route"):
            await first.task
        assert back.data == ["a", "b", "c"]
        log.close()
        await back.task
        assert back.ended


def stalled_connection(url):
    """A connection that asked for the stream and does not read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((urlsplit(url).hostname, urlsplit(url).port))
    connection.settimeout(PATIENCE)
    connection.sendall(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n")
    return connection


def wait_until(log, condition):
    """Wait in the log's own loop until a condition holds."""

    async def poll():
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 - the log tells nobody, and need not
                await asyncio.sleep(0.005)

    asyncio.run_coroutine_threadsafe(poll(), log.loop).result()


def test_a_connection_that_is_not_read_costs_no_more_than_the_history(serving, ask):
    log = Log(max_events=20, max_bytes=10_000_000)
    sends = Sends()
    url = serving(application(log, middleware=[Middleware(sends)]))
    text = "x" * 100_000
    with stalled_connection(url) as stalled:
        wait_until(log, lambda: log.readers == 1)
        quick = ask(url, "/events")
        quick.event()
        published = 0
        while published < 600:
            published += 1
            log.publish("message", f"{published} {text}")
            assert quick.event()[2] == f"data: {published} {text}"
        wait_until(log, lambda: sends.waiting == 1)  # 60 MB are more than the kernel holds
        assert len(log.events) == 20
        received = b""
        while f"data: {published} {text}".encode() not in received[-110_000:]:
            received += stalled.recv(1 << 20)
        numbers = [int(number) for number in re.findall(rb"data: (\d+) ", received)]
        lost = [int(number) for number in re.findall(rb"event: dropped\r?\ndata: (\d+)\n", received)]
    assert len(numbers) + sum(lost) == published
    gaps = [later - earlier - 1 for earlier, later in zip([0, *numbers], numbers, strict=False) if later > earlier + 1]
    assert gaps == lost
    assert len(lost) >= 1


def test_a_connection_that_breaks_while_a_send_waits_leaves_nothing(serving):
    log, sends = Log(max_bytes=200_000), Sends()
    url = serving(application(log, middleware=[Middleware(sends)]))
    with stalled_connection(url) as stalled:
        wait_until(log, lambda: log.readers)
        tasks = asyncio.run_coroutine_threadsafe(count_tasks(), log.loop).result()
        while not sends.waiting:
            log.publish("message", "x" * 100_000)
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(log, lambda: not log.readers and len(asyncio.all_tasks(log.loop)) < tasks)


SUBSCRIBERS, EVENTS = 1000, 100


@pytest.mark.no_cover
def test_a_thousand_subscribers_lose_nothing_and_leave_nothing(serving):
    open_files.allow(4096)
    log = Log()
    url = serving(application(log))
    wait_until(log, lambda: True)
    tasks = asyncio.run_coroutine_threadsafe(count_tasks(), log.loop).result()
    heard = asyncio.run(listen_a_thousand_times(log, url))
    assert len(heard) == SUBSCRIBERS
    assert len(set(heard)) == 1
    assert re.findall(r"data: (\d+)", heard[0]) == [str(number) for number in range(EVENTS)]
    wait_until(log, lambda: not log.readers)
    wait_until(log, lambda: len(asyncio.all_tasks(log.loop)) <= tasks)


async def count_tasks():
    return len(asyncio.all_tasks())


async def listen_a_thousand_times(log, url):
    """What each subscriber received after its first event, and after half of the events one more stalled and left."""
    address = urlsplit(url).hostname, urlsplit(url).port
    ready = asyncio.Semaphore(0)

    async def listen():
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"GET /events HTTP/1.0\r\nhost: localhost\r\n\r\n")
        await reader.readuntil(b"event: joined\ndata: \n\n")
        ready.release()
        text = await reader.readuntil(b"data: last\n\n")
        writer.close()
        await writer.wait_closed()
        return re.sub(r"\r\n[0-9a-f]+\r\n", "", text.decode())  # uvicorn sends chunks, and what is in one is chance

    listeners = [asyncio.create_task(listen()) for _ in range(SUBSCRIBERS)]
    for _ in listeners:
        await ready.acquire()
    publisher = threading.Thread(
        target=lambda: [log.publish("message", str(data)) for data in [*range(EVENTS), "last"]]
    )
    publisher.start()
    heard = await asyncio.gather(*listeners)
    publisher.join()
    return heard
