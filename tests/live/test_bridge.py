"""The bridge under CPython: messages in, ASGI out, and back."""

import asyncio
import importlib.util
import sys
import weakref
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio.to_thread
import pytest
from starlette.responses import StreamingResponse

PATH = Path(__file__).parents[2] / "blog/live/python/bridge.py"
spec = importlib.util.spec_from_file_location("bridge", PATH)
assert spec is not None
assert spec.loader is not None
bridge = importlib.util.module_from_spec(spec)
sys.modules["bridge"] = bridge
spec.loader.exec_module(bridge)

HEAD = {"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", b"text/event-stream")]}


def body(content: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": more}


class Host:
    """A bridge with one server, and everything that it has posted."""

    def __init__(self, app: Any) -> None:
        self.posted: list[dict[str, Any]] = []
        self.bridge = bridge.Bridge(self.posted.append)
        self.server = bridge.Server("server-1", app, self.bridge)
        self.bridge.servers["server-1"] = self.server
        self._count = 0

    def request(self, method: str = "GET", path: str = "/", **content: Any) -> str:
        self._count += 1
        name = f"life {self._count}"
        defaults = {"query": "", "headers": [], "body": None, "source": None}
        where = {"scheme": "http", "host": "localhost", "port": 80, "server": "server-1"}
        self.bridge.receive(
            {"kind": "request", "id": name, "method": method, "path": path, **defaults, **where, **content}
        )
        return name

    def tell(self, kind: str, name: str, **content: Any) -> None:
        self.bridge.receive({"kind": kind, "id": name, **content})

    def said(self, kind: str, name: str | None = None) -> list[dict[str, Any]]:
        return [each for each in self.posted if each["kind"] == kind and name in (None, each["id"])]

    def chunks(self, name: str) -> bytes:
        return b"".join(each["body"] for each in self.said("chunk", name))

    async def settled(self) -> None:
        """Until all answers are complete."""
        while self.bridge.connections:  # noqa: ASYNC110  # the bridge has no event for tests alone
            await asyncio.sleep(0)


def headers(message: dict[str, Any]) -> dict[str, str]:
    return dict(message["headers"])


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _modules_and_threads() -> Iterator[None]:
    modules, threads = dict(sys.modules), anyio.to_thread.run_sync
    yield
    anyio.to_thread.run_sync = threads
    for name in ("uvicorn", "uvicorn.main", "server-1"):
        if name in modules:
            sys.modules[name] = modules[name]
        else:
            sys.modules.pop(name, None)


def test_a_request_becomes_a_scope_and_its_answer_messages() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope, body=(await receive())["body"])
        await send({"type": "http.response.start", "status": 201, "headers": [(b"X-Name", b"caf\xe9")]})
        await send(body(b"one"))
        await send(body(b"", more=True))
        await send(body(b"two", more=False))

    async def test() -> None:
        host = Host(app)
        name = host.request("POST", "/a%20b", query="q=1", headers=[["X", "é"], ["x", "2"]], body=b"content")
        await host.settled()
        assert seen["path"] == "/a b"
        assert seen["raw_path"] == b"/a%20b"
        assert seen["query_string"] == b"q=1"
        assert seen["body"] == b"content"
        assert seen["headers"] == [(b"X", b"\xe9"), (b"x", b"2"), (b"content-length", b"7")]
        assert [each["kind"] for each in host.posted] == ["request", "response", "chunk", "chunk", "end"]
        assert host.said("response") == [
            {"kind": "response", "id": name, "status": 201, "headers": [("x-name", "café")]}
        ]
        assert host.said("end")[0]["error"] is None

    run(test)


def test_receive_waits_for_the_disconnect() -> None:
    received: list[str] = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        received.append((await receive())["type"])
        await send(HEAD)
        received.append((await receive())["type"])
        await send(body(b"to nobody"))

    async def test() -> None:
        host = Host(app)
        name = host.request()
        await turns()
        assert received == ["http.request"]
        host.tell("cancel", name)
        await host.settled()
        assert received == ["http.request", "http.disconnect"]
        assert not host.said("chunk")
        assert not host.said("end")

    run(test)


def test_receive_ends_when_the_answer_is_complete() -> None:
    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(HEAD)
        await send(body(b"", more=False))
        assert (await receive())["type"] == "http.disconnect"

    async def test() -> None:
        host = Host(app)
        host.request()
        await asyncio.wait_for(host.settled(), 5)

    run(test)


def test_no_more_is_under_way_than_the_window() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(HEAD)
        while True:
            await send(body(b"x" * 1000))

    async def test() -> None:
        host = Host(app)
        name = host.request()
        await turns(500)
        assert bridge.WINDOW <= len(host.chunks(name)) < bridge.WINDOW + 1000
        host.tell("pulled", name, size=10_000)
        await turns(500)
        assert bridge.WINDOW + 10_000 <= len(host.chunks(name)) < bridge.WINDOW + 11_000
        host.tell("cancel", name)
        await turns()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    run(test)


def test_a_client_that_leaves_ends_a_generator_that_never_awaits() -> None:
    ended = []

    async def endless() -> Any:
        try:
            while True:
                yield b"data: x\n\n"
        finally:
            ended.append(True)

    async def test() -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await StreamingResponse(endless(), media_type="text/event-stream")(scope, receive, send)

        host = Host(app)
        name = host.request()
        await turns(500)
        host.tell("cancel", name)
        await asyncio.wait_for(host.settled(), 5)
        await turns()
        assert ended

    run(test)


def test_what_an_application_raises(capsys: pytest.CaptureFixture[str]) -> None:
    async def before(_scope: Any, _receive: Any, _send: Any) -> None:
        raise ValueError("early")

    async def during(_scope: Any, _receive: Any, send: Any) -> None:
        await send(HEAD)
        await send(body(b"data: half"))
        raise ValueError("late")

    async def test() -> None:
        host = Host(before)
        host.request()
        await host.settled()
        assert host.said("response")[0]["status"] == 500
        assert host.said("end")[0]["error"] is None
        host = Host(during)
        host.request()
        await host.settled()
        assert host.said("end")[0]["error"] == "The application raised ValueError."

    run(test)
    assert "ValueError: early" in capsys.readouterr().err


@pytest.mark.parametrize("messages", [[HEAD, HEAD], [body(b"x")]])
def test_an_application_that_breaks_the_protocol(messages: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    async def test() -> None:
        host = Host(app)
        host.request()
        await host.settled()

    run(test)
    assert "RuntimeError" in capsys.readouterr().err


def test_an_application_that_says_nothing_breaks_off() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(HEAD)

    async def test() -> None:
        host = Host(app)
        host.request()
        await host.settled()
        assert "before its answer was complete" in host.said("end")[0]["error"]

    run(test)


def test_the_answer_to_head_has_no_body() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(HEAD)
        await send(body(b"content", more=False))

    async def test() -> None:
        host = Host(app)
        name = host.request("HEAD")
        await host.settled()
        assert host.chunks(name) == b""
        assert host.said("end")

    run(test)


async def stream_with_ids(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send(HEAD)
    await send(body(b"retry: 70\nid: 1\ndata: a\n\n"))
    await send(body("id: zwei·\ndata: b\n\n".encode()))
    await send(body(b"id: 3\ndata: cut o"))
    await receive()


def test_a_reconnect_gets_the_id_that_has_arrived() -> None:
    async def test() -> None:
        host = Host(stream_with_ids)
        first = host.request(source="s-1")
        await turns()
        sent = host.said("chunk", first)
        host.tell("pulled", first, size=len(sent[0]["body"]))
        assert host.bridge.resumption("s-1") == {"lastEventId": "1", "reconnectionTime": 70}
        host.tell("pulled", first, size=len(sent[1]["body"]) - 1)  # the blank line is still missing
        host.tell("cancel", first)
        await host.settled()
        second = host.request(source="s-1")
        await turns()
        assert headers(host.said("request", second)[0])["last-event-id"] == "1"
        for chunk in host.said("chunk", second):
            host.tell("pulled", second, size=len(chunk["body"]))
        host.tell("cancel", second)
        third = host.request(source="s-1")
        assert headers(host.said("request", third)[0])["last-event-id"] == "zwei·"
        assert host.bridge.connections[third]._scope["headers"] == [(b"last-event-id", "zwei·".encode())]
        other = host.request(source="s-2")
        assert "last-event-id" not in headers(host.said("request", other)[0])
        assert host.bridge.resumption("unknown") == {"lastEventId": "", "reconnectionTime": None}
        for name in (third, other):
            host.tell("cancel", name)
        await host.settled()

    run(test)


async def one_event(scope: Any, receive: Any, send: Any) -> None:
    await send(HEAD)
    await send(body(b"id: 7\ndata: the last\n\n"))


def test_what_arrives_after_the_answer_is_over_counts() -> None:
    async def test() -> None:
        host = Host(one_event)
        first, lost = host.request(source="s-1"), host.request(source="s-2")
        await host.settled()
        assert host.bridge.resumption("s-1")["lastEventId"] == ""
        host.tell("pulled", first, size=len(host.chunks(first)))
        assert host.bridge.resumption("s-1")["lastEventId"] == "7"
        host.tell("cancel", lost)
        assert host.bridge.resumption("s-2")["lastEventId"] == ""
        assert not host.bridge.arriving

    run(test)


def test_an_id_outlives_a_stream_without_any() -> None:
    source = bridge.Source()
    source.connect()
    source.feed(b"id: 1\n\n")
    source.connect()
    source.feed(b"data: x\n\n")
    assert source.last_event_id == "1"
    source.feed(b"id\n\n")
    assert source.last_event_id == ""


def test_a_browser_that_says_the_last_event_id_itself_is_believed() -> None:
    async def test() -> None:
        host = Host(stream_with_ids)
        first = host.request(source="s-1")
        await turns()
        host.tell("pulled", first, size=1000)
        host.tell("cancel", first)
        second = host.request(source="s-1", headers=[["last-event-id", "its own"]])
        assert host.said("request", second)[0]["headers"] == [("last-event-id", "its own")]
        host.tell("cancel", second)
        await host.settled()

    run(test)


def test_cookies() -> None:
    jar = bridge.CookieJar()
    jar.store("/shop/cart", ["a=1; Path=/; HttpOnly", 'b="two words"; Path=/shop', "c=3"])
    assert jar.header("/") == "a=1"
    assert jar.header("/shop/x") == 'b="two words"; c=3; a=1'
    assert jar.header("/shopping") == "a=1"
    jar.store("/", ["a=; Max-Age=0; Path=/", "b=; expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/shop", "bad cookie\x01"])
    assert jar.header("/shop/x") == "c=3"
    future, past = "Wed, 01 Jan 2200 00:00:00 GMT", "Wed, 05 Mar 2025 10:00:00 GMT"
    jar.store(
        "/", [f"d=4; expires={future}", f"e=5; expires={past}", f"f=6; Max-Age=9; expires={past}", "g=7; expires=x"]
    )
    assert jar.header("/") == "d=4; f=6; g=7"


def test_a_server_is_stopped_with_its_streams() -> None:
    said = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["word"] = "kept"
            said.append((await receive())["type"])
            await send({"type": "lifespan.startup.complete"})
            said.append((await receive())["type"])
            await send({"type": "lifespan.shutdown.complete"})
            return
        said.append(scope["state"]["word"])
        await send(HEAD)
        try:
            await asyncio.Event().wait()  # deaf to the disconnect
        finally:
            said.append("finally")

    async def test() -> None:
        host = Host(app)
        await host.server.lifespan.startup()
        name = host.request()
        await turns()
        await host.bridge.stop("server-1")
        await host.bridge.stop("server-1")
        assert said == ["lifespan.startup", "kept", "finally", "lifespan.shutdown"]
        assert host.said("end", name)[0]["error"] == "The server was stopped."
        host.request()
        assert host.said("end")[-1]["error"] == "The server is not running."

    run(test)


def test_an_application_without_lifespan_and_one_that_fails_to_start() -> None:
    async def without(scope: Any, _receive: Any, _send: Any) -> None:
        assert scope["type"] == "http"

    async def failing(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    async def test() -> None:
        lifespan = bridge.Lifespan(without)
        await lifespan.startup()
        await lifespan.shutdown()
        with pytest.raises(bridge.ExampleError, match=r"^The application did not start: no database$"):
            await bridge.Lifespan(failing).startup()

    run(test)


PROGRAM = "async def app(scope, receive, send):\n    raise ValueError(__name__)\n"


def test_start_restart_and_a_new_service_worker() -> None:
    async def test() -> None:
        host = Host(stream_with_ids)
        name = host.request()
        await turns()
        host.bridge.forget()
        assert host.said("end", name)[0]["error"] == "The service worker was replaced."
        await host.settled()
        await host.bridge.stop("server-1")
        await host.bridge.start("server-1", "program", PROGRAM)
        host.bridge.servers["server-1"].cookies.store("/", ["a=1"])
        await host.bridge.restart("server-1", "program", PROGRAM)
        assert host.bridge.servers["server-1"].cookies.header("/") == "a=1"
        await host.bridge.stop("server-1")

    run(test)


SLOW = """
import asyncio

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.sleep(0.1)
        await send({"type": "lifespan.shutdown.complete"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"answered"})
"""


def test_who_asks_while_the_server_restarts_is_answered_by_the_new_one() -> None:
    async def test() -> None:
        host = Host(None)
        await host.bridge.start("server-1", "program", SLOW)
        restarting = [asyncio.create_task(host.bridge.restart("server-1", "program", SLOW)) for _ in range(2)]
        await turns()
        name, gone = host.request(), host.request()
        host.tell("cancel", gone)
        await asyncio.gather(*restarting)
        await host.settled()
        assert host.chunks(name) == b"answered"
        assert not host.chunks(gone)
        await host.bridge.stop("server-1")

    run(test)


def test_a_server_that_is_stopped_while_it_restarts_is_stopped() -> None:
    async def test() -> None:
        host = Host(None)
        await host.bridge.start("server-1", "program", SLOW)
        restarting = asyncio.create_task(host.bridge.restart("server-1", "program", SLOW))
        await turns()
        waiting = host.request()
        await host.bridge.stop("server-1")
        await restarting
        await host.settled()
        assert not host.bridge.servers
        assert host.said("end", waiting)

    run(test)


def test_a_start_that_does_not_end_is_given_up_by_a_stop(capsys: pytest.CaptureFixture[str]) -> None:
    program = """
import asyncio

async def app(scope, receive, send):
    try:
        await asyncio.Event().wait()
    finally:
        print("given up")
"""

    async def test() -> None:
        host = Host(None)
        starting = asyncio.create_task(host.bridge.start("server-2", "program", program))
        await turns()
        await host.bridge.stop("server-2")
        with pytest.raises(bridge.ExampleError, match="stopped"):
            await starting
        assert "server-2" not in host.bridge.servers
        assert "server-2" not in sys.modules

    run(test)
    assert capsys.readouterr().out == "given up\n"


def test_a_stopped_server_leaves_no_memory_behind() -> None:
    async def test() -> None:
        host = Host(None)
        await host.bridge.start(
            "server-1", "program", SLOW + "class Large:\n    pass\nkept = Large()\nkept.me = kept\n"
        )
        kept = weakref.ref(sys.modules["server-1"].kept)
        await host.bridge.stop("server-1")
        assert kept() is None

    run(test)


@pytest.mark.parametrize(
    ("program", "message", "line"),
    [
        ("def f(:\n", "SyntaxError", 1),
        ("\nimport no_such_module\n", "There is no module “no_such_module”", 2),
        ("def f():\n    return [][1]\n\nf()\n", "IndexError: list index out of range", 2),
        ("raise SystemExit(3)\n", "SystemExit: 3", 1),
        ("app = None\n", "The example has no “app”", None),
    ],
)
def test_programs_that_cannot_be_served(program: str, message: str, line: int | None) -> None:
    with pytest.raises(bridge.ExampleError, match=message) as caught:
        bridge.load("server-1", "program", program)
    assert caught.value.line == line


def test_what_a_page_lacks_is_given() -> None:
    bridge.adapt()
    import uvicorn

    assert uvicorn.run(None) is None

    async def test() -> None:
        from fasthtml.core import signal_shutdown
        from starlette.concurrency import run_in_threadpool

        first = second = None
        bridge.printing.set("one")
        first = signal_shutdown()
        bridge.printing.set("two")
        second = signal_shutdown()
        assert await run_in_threadpool(lambda: 42) == 42
        host = Host(None)
        host.server.name = "one"
        await host.server.stop()
        assert first.is_set()
        assert not second.is_set()

    run(test)


def test_prints_go_to_the_server_on_whose_behalf_they_are() -> None:
    told: list[tuple[str | None, str]] = []
    printer = bridge.Printer(lambda server, text: told.append((server, text)))
    print("no server", file=printer)
    token = bridge.printing.set("one")
    print("one", "line", file=printer)
    printer.write("half ")
    bridge.printing.reset(token)
    print("between", file=printer)
    token = bridge.printing.set("one")
    printer.write("a line\nand more\n")
    bridge.printing.reset(token)
    printer.flush()
    assert not printer.isatty()
    assert told == [(None, "no server"), ("one", "one line"), (None, "between"), ("one", "half a line\nand more")]


def test_rare_modules_come_when_the_archive_is_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fetched = []
    archive = tmp_path / "archive.zip"

    def fetch() -> None:
        fetched.append(True)
        with zipfile.ZipFile(archive, "w") as out:
            out.writestr("rare_package/__init__.py", "")
            out.writestr("rare_package/inner.py", "value = 7")

    names = frozenset(map(bridge.module_name, ("rare_package/__init__.pyc", "rare_package/inner.pyc")))
    assert names == {"rare_package", "rare_package.inner"}
    monkeypatch.syspath_prepend(str(archive))
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, bridge.Rest(names, fetch)])
    try:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("in_no_archive")
        assert not fetched
        module: ModuleType = importlib.import_module("rare_package.inner")
        assert module.value == 7
        assert fetched == [True]
    finally:
        for name in names:
            sys.modules.pop(name, None)
