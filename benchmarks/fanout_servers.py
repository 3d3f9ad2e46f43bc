"""The servers that `benchmarks.fanout` compares, each the same fan-out: what is published goes to every subscriber.

`python -m benchmarks.fanout_servers NAME` runs one. It prints its port as JSON, answers each line of its standard
input, a command in JSON, with a line of JSON, and ends when its standard input does.
"""

import asyncio
import gc
import json
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, NamedTuple

import psutil
import uvicorn
from bareasgi import Application, HttpResponse
from fasthtml.common import EventStream, FastHTML
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

from examples import broadcast

MARK = "~"  # once in each event, and nowhere else: whoever counts these counts events
PADDING = "x" * 60  # makes the events about 100 bytes long
HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]


class Contestant(NamedTuple):
    """A server: an ASGI application or a protocol, how to publish, and how many listen."""

    serves: Any
    publish: Callable[[str], None]
    count: Callable[[], int]


def encode(number: int, data: str) -> bytes:
    return f"id: {number}\nevent: message\ndata: {data}\n\n".encode()


class Queues:
    """The fan-out that most people write: a queue for each client, and an event encoded once for all of them."""

    def __init__(self) -> None:
        self.queues: set[asyncio.Queue[bytes]] = set()
        self.number = 0

    def publish(self, data: str) -> None:
        self.number += 1
        event = encode(self.number, data)
        for queue in self.queues:
            queue.put_nowait(event)

    async def events(self) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self.queues.remove(queue)

    def contestant(self, app: Any) -> Contestant:
        return Contestant(app, self.publish, lambda: len(self.queues))


def hub() -> Contestant:
    log = broadcast.logs["lobby"]
    return Contestant(broadcast.app, lambda data: log.publish("message", data), lambda: log.readers)


def asgi() -> Contestant:
    """The least that a queue per client needs: no framework."""
    fan = Queues()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            streaming = asyncio.create_task(stream(send))
            while (await receive())["type"] != "http.disconnect":
                pass
            streaming.cancel()

    async def stream(send: Any) -> None:
        async with aclosing(fan.events()) as events:
            async for event in events:
                await send({"type": "http.response.body", "body": event, "more_body": True})

    return fan.contestant(app)


def starlette() -> Contestant:
    fan = Queues()

    async def events(_request: Any) -> StreamingResponse:
        return StreamingResponse(fan.events(), media_type="text/event-stream")

    return fan.contestant(Starlette(routes=[Route("/events", events)]))


def fasthtml() -> Contestant:
    fan, app = Queues(), FastHTML(sess_cls=None)

    @app.get("/events")
    async def events():
        return EventStream(fan.events())

    return fan.contestant(app)


def sse_starlette() -> Contestant:
    fan = Queues()

    async def events(_request: Any) -> EventSourceResponse:
        return EventSourceResponse(fan.events())

    return fan.contestant(Starlette(routes=[Route("/events", events)]))


def bareasgi() -> Contestant:
    fan, app = Queues(), Application()

    async def nudged() -> AsyncIterator[bytes]:
        async with aclosing(fan.events()) as events:
            async for event in events:
                yield event
                yield b""  # see examples/bare_ticker.py

    async def events(_request: Any) -> HttpResponse:
        return HttpResponse(200, HEADERS, nudged())

    app.http_router.add({"GET"}, "/events", events)
    return fan.contestant(app)


def limit() -> Contestant:
    """No HTTP server at all: whatever the request was, the same bytes to every connection."""
    transports: set[asyncio.Transport] = set()
    number = 0

    class Everybody(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, _data: bytes) -> None:
            head = b"".join(b"%b: %b\r\n" % header for header in HEADERS)
            self.transport.write(b"HTTP/1.1 200 OK\r\n%btransfer-encoding: chunked\r\n\r\n" % head)
            transports.add(self.transport)

        def connection_lost(self, _error: Exception | None) -> None:
            transports.discard(self.transport)

    def publish(data: str) -> None:
        nonlocal number
        number += 1
        event = encode(number, data)
        chunk = b"%x\r\n%b\r\n" % (len(event), event)
        for transport in transports:
            transport.write(chunk)

    return Contestant(Everybody, publish, lambda: len(transports))


CONTESTANTS = {
    "asyncio.Protocol (the limit)": limit,
    "broadcast": hub,
    "ASGI, queues": asgi,
    "Starlette StreamingResponse, queues": starlette,
    "bareASGI, queues": bareasgi,
    "FastHTML EventStream, queues": fasthtml,
    "sse-starlette, queues": sse_starlette,
}


async def serve(contestant: Contestant, listener: socket.socket, config: uvicorn.Config) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    if isinstance(contestant.serves, type):
        server = await loop.create_server(contestant.serves, sock=listener, backlog=2048)
        await obey(commands, contestant)
        server.close()
    else:
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await obey(commands, contestant)
        server.should_exit = True
        await serving


async def obey(commands: asyncio.StreamReader, contestant: Contestant) -> None:
    async for line in commands:
        command = json.loads(line)
        if "publish" in command:
            for number in range(1, command["publish"] + 1):
                contestant.publish(f"{MARK}{time.monotonic_ns():020d}{PADDING}")
                if number % command["burst"] == 0:
                    await asyncio.sleep(command["interval"])
        state: dict[str, float] = {"subscribers": contestant.count(), "cpu": time.process_time()}
        if "memory" in command:  # which takes a while to see
            state["memory"] = memory()
        print(json.dumps(state), flush=True)


def memory() -> int:
    """Bytes of this process that are in memory now."""
    gc.collect()
    return int(psutil.Process().memory_info().rss)


def main(name: str) -> None:
    contestant = CONTESTANTS[name]()
    config = uvicorn.Config(contestant.serves, log_level="critical", backlog=2048, timeout_graceful_shutdown=1)
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:  # uvloop where there is one, for all alike
        runner.run(serve(contestant, listener, config))


if __name__ == "__main__":
    main(sys.argv[1])
