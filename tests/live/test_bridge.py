"""Servers start, stop and restart, each with its application's lifespan."""

import asyncio
import sys
import weakref
from typing import Any

import pytest
from bridge.lifespan import Lifespan
from bridge.program import ExampleError

from tests.live.host import HEAD, Host, run, turns


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


def test_an_application_without_lifespan_and_one_that_fails_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    async def without(scope: Any, _receive: Any, _send: Any) -> None:
        assert scope["type"] == "http"

    def failing(message: str) -> Any:
        async def app(_scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "lifespan.startup.failed", "message": message})

        return app

    async def test() -> None:
        lifespan = Lifespan(without)
        await lifespan.startup()
        await lifespan.shutdown()
        with pytest.raises(ExampleError, match=r"^The application did not start: no database$"):
            await Lifespan(failing("no database")).startup()
        trace = (
            'Traceback (most recent call last):\n  File "x.py", line 2, in start\nValueError: no\n'  # Starlette's way
        )
        with pytest.raises(ExampleError, match=r"^The application did not start: ValueError: no$"):
            await Lifespan(failing(trace)).startup()
        assert capsys.readouterr().err == trace

    run(test)


async def endless_stream(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send(HEAD)
    await receive()


PROGRAM = "async def app(scope, receive, send):\n    raise ValueError(__name__)\n"


def test_start_restart_and_a_new_service_worker() -> None:
    async def test() -> None:
        host = Host(endless_stream)
        name = host.request()
        await turns()
        host.bridge.forget()
        assert host.said("end", name)[0]["error"] == "The service worker was replaced."
        await host.settled()
        await host.bridge.stop("server-1")
        await host.bridge.start("server-1", "program", {"program.py": PROGRAM})
        host.bridge.servers["server-1"].cookies().store("localhost", "/", ["a=1"])
        await host.bridge.restart("server-1", "program", {"program.py": PROGRAM})
        assert host.bridge.servers["server-1"].cookies().header("/") == "a=1"
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
        await host.bridge.start("server-1", "program", {"program.py": SLOW})
        restarting = [
            asyncio.create_task(host.bridge.restart("server-1", "program", {"program.py": SLOW})) for _ in range(2)
        ]
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
        await host.bridge.start("server-1", "program", {"program.py": SLOW})
        restarting = asyncio.create_task(host.bridge.restart("server-1", "program", {"program.py": SLOW}))
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
        starting = asyncio.create_task(host.bridge.start("server-2", "program", {"program.py": program}))
        await turns()
        await host.bridge.stop("server-2")
        with pytest.raises(ExampleError, match="stopped"):
            await starting
        starting = asyncio.create_task(host.bridge.start("server-2", "program", {"program.py": program}))
        stopping = asyncio.create_task(host.bridge.stop("server-2"))  # before the application's first step
        await asyncio.wait([starting, stopping], timeout=5)
        assert isinstance(starting.exception(), ExampleError)
        assert "server-2" not in host.bridge.servers
        assert "server-2" not in sys.modules

    run(test)
    assert capsys.readouterr().out == "given up\n"


def test_a_stopped_server_leaves_no_memory_behind() -> None:
    async def test() -> None:
        host = Host(None)
        program = SLOW + "class Large:\n    pass\nkept = Large()\nkept.me = kept\n"
        await host.bridge.start("server-1", "program", {"program.py": program})
        kept = weakref.ref(sys.modules["server-1"].kept)
        await host.bridge.stop("server-1")
        assert kept() is None

    run(test)
