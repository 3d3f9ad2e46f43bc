"""The log's counts are what happens to readers, a stranger's text is in none of them; probes, signals, the page."""

import asyncio
import runpy
import signal
import socket
import struct
import sys
import threading
from http.client import IncompleteRead

import pytest
import uvicorn
from prometheus_client.parser import text_string_to_metric_families

from examples import in_service as example
from examples.in_service import event_log
from tests.examples.test_heartbeats import wait_until
from tests.patience import PATIENCE

STREAM = "/events"


@pytest.fixture(autouse=True)
def as_after_a_start():
    example.log.__init__()


@pytest.fixture
def by_hand(monkeypatch):
    """Nothing is published but by the test."""

    async def nothing():
        await asyncio.Event().wait()

    monkeypatch.setattr(example, "count", nothing)


def numbers(ask, url):
    """What /metrics says: name and labels' values → number."""
    answer = ask(url, "/metrics")
    assert answer.header("content-type").startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.response.read().decode())
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


def append(loop_of, *texts):
    """Publish in the server's own thread, in one go."""
    done = threading.Event()
    loop_of.call_soon_threadsafe(lambda: ([example.log.append(text) for text in texts], done.set()))
    assert done.wait(PATIENCE)


@pytest.fixture
def loop(monkeypatch):
    """`loop()`: that of the server, once it has started."""
    loops = []
    lifespan = example.log.open_again

    def note():
        loops.append(asyncio.get_running_loop())
        lifespan()

    monkeypatch.setattr(example.log, "open_again", note)
    return lambda: loops[-1]


def test_readers_join_resume_or_are_told_that_they_cannot(serving, ask, by_hand, loop):
    url, log = serving(example.app), example.log
    stream = ask(url, STREAM)
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.header("cache-control") == "no-store, no-transform"
    assert stream.header("x-accel-buffering") == "no"
    retry, *joined = stream.event()
    assert 1000 <= int(retry.removeprefix("retry: ")) <= 5000
    assert joined == [f"id: {log.token}-0", "event: joined", "data: "]
    for text in "ab":
        append(loop(), text)
        assert stream.event() == [f"id: {log.token}-{log.last}", f"data: {text}"]
    back = ask(url, STREAM, headers={"Last-Event-ID": f"{log.token}-1"})
    assert back.event()[0].startswith("retry: ")
    assert back.event() == [f"id: {log.token}-2", "data: b"]
    strange = ask(url, f"{STREAM}?last_event_id=<script>")
    assert strange.event()[1:] == [f"id: {log.token}-2", "event: reset", "data: "]
    told = numbers(ask, url)
    assert told["streams_open",] == 3
    assert [told["stream_requests_total", how] for how in ("joined", "resumed", "reset", "refused")] == [1, 1, 1, 0]
    assert "script" not in str(told), "what strangers write makes no label"
    for each in (stream, back, strange):
        each.leave()
    wait_until(lambda: log.open == 0)
    assert log.ended["left"] == 3
    assert ask(url, STREAM, method="HEAD").rest() == []
    assert log.requests.total() == 3


def test_one_too_many_is_told_to_come_later_and_probes_and_numbers_are_answered(serving, ask, monkeypatch):
    monkeypatch.setattr(example, "MAX_STREAMS", 1)
    url = serving(example.app)
    ask(url, STREAM).event()
    refused = ask(url, STREAM)
    assert refused.status == 200
    ((retry,),) = refused.rest()
    assert 20_000 <= int(retry.removeprefix("retry: ")) <= 40_000
    assert numbers(ask, url)["stream_requests_total", "refused"] == 1
    assert [ask(url, path).status for path in ("/live", "/ready", "/")] == [200, 200, 200]
    example.app.state.draining = True
    assert [ask(url, path).status for path in ("/live", "/ready", "/")] == [200, 503, 200]


def test_each_stream_ends_for_a_reason_that_is_counted(serving, ask, by_hand, loop, monkeypatch):
    monkeypatch.setattr(event_log, "HEARTBEAT", 0.02)
    url, log = serving(example.app), example.log
    monkeypatch.setattr(event_log, "LIFE", 0)
    assert len(ask(url, STREAM).rest()) == 1
    monkeypatch.setattr(event_log, "LIFE", 600)
    stream = ask(url, STREAM)
    assert [stream.event()[2], stream.event()] == ["event: joined", [":"]]
    log.max_bytes = 0
    append(loop(), "more than the log holds")
    while stream.event():
        pass
    stream = ask(url, STREAM)
    stream.event()
    loop().call_soon_threadsafe(log.close)
    while stream.event():
        pass
    wait_until(lambda: log.ended.total() == 3)
    assert dict(+log.ended) == {"life": 1, "slow": 1, "closed": 1}


def test_an_error_ends_its_own_stream_and_is_counted(serving, ask, by_hand, monkeypatch):
    url = serving(example.app)
    monkeypatch.setattr(example.log, "start", lambda _: 1 / 0)
    stream = ask(url, STREAM)
    with pytest.raises(IncompleteRead):
        stream.response.read()
    wait_until(lambda: example.log.ended["failed"] == 1)
    assert example.log.open == 0


@pytest.mark.parametrize("holds", [50_000_000, 20_001_000], ids=["next piece", "end, as it is too slow"])
def test_who_takes_nothing_shows_in_the_numbers_and_is_given_up(holds, serving, ask, by_hand, loop, monkeypatch):
    monkeypatch.setattr(event_log, "PATIENCE", 1)
    url, log = serving(example.app), example.log
    log.max_bytes = holds
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect((host, int(port)))
        stalled.sendall(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n")
        wait_until(lambda: log.open == 1)
        append(loop(), "x" * 20_000_000)  # of which the server takes all
        append(loop(), "x" * 20_000_000, "x" * 2_000)  # and what comes next has to wait
        wait_until(lambda: numbers(ask, url)["streams_oldest_send_seconds",] > 0.05)
        wait_until(lambda: log.ended["stalled"] == 1)
        assert numbers(ask, url)["streams_oldest_send_seconds",] == 0
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.fixture
def heard():
    """The signals that have reached the server's own handlers."""
    numbers = []
    before = {number: signal.signal(number, lambda number, _: numbers.append(number)) for number in SIGNALS}
    yield numbers
    for number, handler in before.items():
        signal.signal(number, handler)


async def until(heard):
    while not heard:  # noqa: ASYNC110  # a handler of signals can set no event of asyncio's
        await asyncio.sleep(0.001)


SIGNALS = (signal.SIGINT, signal.SIGTERM)


def test_sigterm_first_says_no_then_ends_the_streams_and_goes_on_to_the_server(heard, monkeypatch):
    monkeypatch.setattr(example, "DRAIN", 0.05)
    handlers = [signal.getsignal(number) for number in SIGNALS]

    async def live():
        async with example.lifespan(example.app):
            signal.raise_signal(signal.SIGTERM)
            assert example.app.state.draining
            assert not example.log.closed
            await until(heard)
            assert example.log.closed

    asyncio.run(asyncio.wait_for(live(), PATIENCE))
    assert heard == [signal.SIGTERM]
    assert [signal.getsignal(number) for number in SIGNALS] == handlers


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]], ids=["Ctrl-C", "twice"])
def test_ctrl_c_and_a_second_signal_end_it_at_once(signals, heard, monkeypatch):
    monkeypatch.setattr(example, "DRAIN", 2 * PATIENCE)

    async def live():
        async with example.lifespan(example.app):
            for number in signals:
                signal.raise_signal(number)
            await until(heard)

    asyncio.run(asyncio.wait_for(live(), PATIENCE))
    assert heard == signals[-1:]


def test_it_is_started_as_a_folder_with_limits_and_an_error_is_a_sentence(monkeypatch, capsys):
    served = []

    def run(server, sockets):
        served.append(server.config)
        options = sockets[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) if sys.platform == "linux" else 0
        served.append(options)
        sockets[0].close()
        raise KeyboardInterrupt

    monkeypatch.setattr(uvicorn.Server, "run", run)
    monkeypatch.setattr(sys, "argv", ["in_service", "--port", "0"])
    runpy.run_module("examples.in_service", run_name="__main__")
    config, given_up = served
    assert config.app is example.app
    assert config.limit_concurrency > example.MAX_STREAMS
    assert 0 < config.timeout_graceful_shutdown <= 5
    assert config.host == "127.0.0.1"
    assert given_up == (30_000 if sys.platform == "linux" else 0)
    monkeypatch.setattr(sys, "argv", ["in_service", "--port", "eighty"])
    with pytest.raises(SystemExit):
        runpy.run_module("examples.in_service", run_name="__main__")
    assert capsys.readouterr().err.endswith("error: argument --port: invalid int value: 'eighty'\n")
