import asyncio
import json
import runpy
import signal
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import uvicorn
from django.contrib.auth import get_user_model
from django.core.handlers.asgi import ASGIHandler
from django.db import connections, transaction
from django.db.backends.signals import connection_created
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include, path

from examples import django_yo as example
from examples.django_yo import demo, settings, sse
from examples.django_yo.lifespan import lifespan
from examples.django_yo.models import Yo
from streamside.server import serve
from tests.patience import PATIENCE

LISTENING = ["event: listening", "data: from now on"]
STOPPING = (signal.SIGINT, signal.SIGTERM)
User = get_user_model()


def yo(number, sender, receiver):
    return ["event: yo", f'data: {{"id": {number}, "text": "yo from {sender} to {receiver}"}}']


def test_the_bytes_of_a_stream(serving, visitor, listening, send):
    url = serving(example.app)
    stream = listening(url)
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream"
    assert stream.header("cache-control") == "no-store, no-transform"
    assert stream.header("x-accel-buffering") == "no"
    assert send(visitor(url, "ann"), 2).status_code == 204
    assert stream.event() == ["event: yo", 'data: {"id": 1, "text": "yo from ann to ben"}']


def test_a_refusal_is_an_ordinary_response(serving, ask):
    url = serving(example.app)
    refusal = ask(url, "/events/mine")
    assert refusal.status == 403
    assert refusal.header("content-type") == "text/plain"
    assert refusal.response.read() == b"Sign in first.\n"
    head = ask(url, "/events/yo", method="HEAD")
    assert (head.status, head.header("allow")) == (405, "GET")


def test_each_user_hears_only_their_own(serving, visitor, listening, send):
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
    assert [bens.event()] == [yo(1, "ann", "ben")]
    assert [anns.event(), anns.event()] == [yo(2, "ben", "ann"), yo(3, "ann", "ann")]
    assert [everybodys.event() for _ in range(3)] == [yo(1, "ann", "ben"), yo(2, "ben", "ann"), yo(3, "ann", "ann")]
    sse.publish("yo.2", "yo", "the next one")
    assert bens.event() == ["event: yo", "data: the next one"]


def test_a_yo_needs_the_token_a_user_and_a_receiver(serving, visitor, send):
    url = serving(example.app)
    ann, nobody = visitor(url, "ann"), visitor(url)
    assert ann.post("/send", data={"to_user": 2}).status_code == 403
    assert send(nobody, 2).headers["location"].startswith("/sign-in")
    assert send(ann, 99).status_code == 400
    assert ann.get("/send").status_code == 405


# Who publishes


def test_a_signal_in_another_thread_reaches_the_stream(serving, listening, database, layer, in_a_thread):
    url = serving(example.app)
    stream, threads = listening(url), []
    deliver = layer.group_send

    async def group_send(group, message):
        threads.append(threading.current_thread())
        await deliver(group, message)

    layer.group_send = group_send

    def work():
        Yo.objects.create(from_user_id=1, to_user_id=2)
        return threading.current_thread()

    worker = in_a_thread(work)
    assert stream.event() == yo(1, "ann", "ben")
    # In the worker's own thread the event would have waited in the queue until something else woke the server's loop.
    assert len(threads) == 2
    assert worker not in threads


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
        yo(kept.pk, "ben", "ann"),
        ["event: yo", "data: the last"],
    ]


def test_rows_that_are_written_without_save_are_not_announced(serving, listening, database):
    stream = listening(serving(example.app))
    Yo.objects.bulk_create([Yo(from_user_id=1, to_user_id=2)])
    Yo.objects.update(to_user_id=1)
    sse.publish("yo", "yo", "the last")
    assert stream.event() == ["event: yo", "data: the last"]


def test_a_yo_is_saved_though_nobody_can_be_told(serving, visitor, database, layer, caplog, send):
    url = serving(example.app)

    async def group_send(group, message):
        raise ConnectionError("no Redis")

    layer.group_send = group_send
    assert send(visitor(url, "ann"), 2).status_code == 204
    assert Yo.objects.count() == 1
    assert "no Redis" in caplog.text


def test_publishing_from_asynchronous_code(serving, listening, in_a_thread):
    stream = listening(serving(example.app))

    async def publish():
        await sse.apublish("yo", "yo", "from another loop")
        with pytest.raises(RuntimeError, match="just await the async function"):
            sse.publish("yo", "yo", "this would block the loop")

    in_a_thread(asyncio.run, publish())
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


def test_a_user_whose_name_no_group_could_have(serving, visitor, listening, database, send):
    url = serving(example.app)
    name = "élise+<b>" + "@" * 120
    User.objects.create_user(name, password="…")
    elise = visitor(url, name, "…")
    stream = listening(url, "/events/mine", elise)
    send(elise, User.objects.get(username=name).pk)
    assert json.loads(stream.event()[1].removeprefix("data: ")) == {"id": 1, "text": f"yo from {name} to {name}"}


# What a stream must not do to others


def test_a_slow_synchronous_view_does_not_hold_up_streams(serving, listening, visitor, send):
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
                assert stream.event() == yo(1, "ann", "ben")
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


def test_a_transaction_around_every_request_is_not_for_streams(serving, visitor, listening, monkeypatch, send):
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    url = serving(example.app)
    stream = listening(url)
    send(visitor(url, "ann"), 2)
    assert stream.event() == yo(1, "ann", "ben")


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


def test_the_middleware_that_compresses_leaves_streams_alone(serving, ask):
    url = serving(with_middleware("django.middleware.gzip.GZipMiddleware"))
    stream = ask(url, "/events/yo", headers={"Accept-Encoding": "gzip"})
    assert stream.event() == LISTENING
    assert stream.header("content-encoding") is None
    assert ask(url, "/", headers={"Accept-Encoding": "gzip"}).header("content-encoding") == "gzip"


# How streams end


def test_silence_is_broken_by_a_comment(serving, listening, monkeypatch):
    monkeypatch.setattr(sse, "HEARTBEAT", 0.05)
    stream = listening(serving(example.app))
    assert [stream.event(), stream.event()] == [[": still here"]] * 2
    sse.publish("yo", "yo", "news")
    while (event := stream.event()) == [": still here"]:
        pass
    assert event == ["event: yo", "data: news"]


def test_nothing_is_left_of_listeners_who_leave(serving, listening, layer, until):
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
    assert not sse._open
    assert layer.groups == layer.channels == {}


@pytest.mark.parametrize("ticks", range(12))
def test_a_client_that_leaves_while_an_event_comes_is_let_go(layer, ticks):
    """On Python 3.11 `asyncio.wait_for` gives the event, and forgets the cancellation (cpython issue 86296)."""

    async def run():
        listening = asyncio.Event()

        async def read():
            async for _ in sse.listen("yo"):
                listening.set()

        reading = asyncio.create_task(read())
        await listening.wait()
        await sse.apublish("yo", "yo", "at the same time")
        for _ in range(ticks):
            await asyncio.sleep(0)
        reading.cancel()
        done, _ = await asyncio.wait([reading], timeout=PATIENCE)
        assert done

    asyncio.run(run())
    assert layer.groups == {}


def test_nothing_is_left_though_the_layer_fails_at_the_end(layer):
    async def group_discard(group, channel):
        raise ConnectionError("no Redis")

    layer.group_discard = group_discard

    async def run():
        stream = sse.listen("yo")
        await anext(stream)
        with pytest.raises(ConnectionError):
            await stream.aclose()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=PATIENCE)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())
    assert not sse._open


def test_a_stream_that_is_open_for_days_still_hears(serving, listening, layer):
    stream = listening(serving(example.app))
    for channel in layer.groups["yo"]:
        layer.groups["yo"][channel] = 1  # joined in 1970
    sse.publish("yo", "yo", "still here")
    assert stream.event() == ["event: yo", "data: still here"]


def test_who_does_not_read_is_let_go_and_the_others_hear_all(serving, ask, listening, layer, until):
    url = serving(example.app)
    reader, sleeper = listening(url), socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
    sleeper.sendall(b"GET /events/yo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    until(lambda: len(layer.groups.get("yo", ())) == 2)
    # More than the kernel's buffers hold for the sleeper, and then more than may wait.
    long = "y" * 100_000
    for number in range(3 * sse.BACKLOG):
        sse.publish("yo", "yo", f"{number} {long}")
        assert reader.event() == ["event: yo", f"data: {number} {long}"]
    assert sum(queue.qsize() for queue in layer.channels.values()) < sse.BACKLOG  # they do not wait in there
    assert layer.left.acquire(timeout=PATIENCE)  # though it still does not read
    assert len(sse._open) == 1
    with sleeper, sleeper.makefile("rb") as file:  # it wakes up, and finds the stream's end
        lines = [line for line in file if line.startswith(b"data") and line.endswith(b"y\n")]
    assert len(lines) < 2 * sse.BACKLOG
    assert [int(line.split()[1]) for line in lines] == list(range(len(lines)))


def test_stopping_the_server_ends_its_streams(listening, layer):
    with serve(example.app) as server:
        stream = listening(server.url)
    assert stream.rest() == []
    assert layer.left.acquire(timeout=PATIENCE)
    assert layer.groups == layer.channels == {}
    assert not settings.OWN_DATABASE.exists()


def test_a_request_to_stop_ends_the_streams_at_once(layer, monkeypatch):
    """What uvicorn does in a process's main thread, step by step."""
    handled, heard = [], []
    before = {number: signal.signal(number, lambda *_: handled.append("server")) for number in STOPPING}

    async def run():
        steps, said = asyncio.Queue(), asyncio.Queue()
        server = asyncio.create_task(lifespan(steps.get, said.put))
        await steps.put({"type": "lifespan.startup"})
        assert await said.get() == {"type": "lifespan.startup.complete"}
        stream = sse.listen("yo")
        heard.append(await anext(stream))
        signal.raise_signal(signal.SIGTERM)
        heard.extend([text async for text in stream])
        await steps.put({"type": "lifespan.shutdown"})
        await server

    try:
        asyncio.run(run())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert heard == ["event: listening\ndata: from now on\n\n"]
    assert handled == ["server"]
    assert layer.groups == layer.channels == {}


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
