"""What the tests of the hub in many processes share: a Redis that can be killed, the example with a log of its own."""

import importlib
import os
import time
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import pytest
from redis import Redis

from examples import redis_stream as example
from streamside.redis_server import redis_server
from tests.patience import PATIENCE

process_log = importlib.import_module("examples.redis_stream.process_log")


@pytest.fixture(scope="package")
def running_redis():
    """A Redis for all these tests. A kept entry is a node of its own, so that `MAXLEN ~` is nearly exact."""
    with redis_server("--stream-node-max-entries", "5") as server:
        yield server


@pytest.fixture
def redis(running_redis):
    """That Redis, with nothing in it; `.client` is one of its clients."""
    with Redis.from_url(running_redis.url, decode_responses=True, encoding_errors="replace") as client:
        client.flushall()
        running_redis.client = client
        yield running_redis


@pytest.fixture
def shared(redis, monkeypatch):
    """The module that feeds the log from that Redis, with less patience."""
    monkeypatch.setitem(os.environ, "REDIS_URL", redis.url)
    module = importlib.import_module("examples.redis_stream.shared")
    monkeypatch.setattr(module, "URL", redis.url)
    return module


@pytest.fixture
def log(monkeypatch):
    """A log of the test's own."""
    log = process_log.Log()
    monkeypatch.setattr(example, "log", log)
    return log


@pytest.fixture
def url(log, shared, serving):
    """The example, fed by Redis."""
    url = serving(example.app)
    until(lambda: log.last > (0, 0))
    return url


@pytest.fixture
def post():
    """`post(url, text)`: the status and the text of the answer to the form."""

    def publish(url, text):
        connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
        form = {"content-type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/publish", urlencode({"text": text}), form)
        response = connection.getresponse()
        answer = response.status, response.read().decode()
        connection.close()
        return answer

    return publish


def news(stream):
    """The next event; a heartbeat may come before it on a busy machine."""
    while (event := stream.event()) == [":"]:
        pass
    return event


def until(condition):
    """Look again and again, for what comes about without telling anybody."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
