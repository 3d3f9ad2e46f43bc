"""All the servers of one page: the service worker's messages go to their connections, and the answers back."""

import asyncio
import gc
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from bridge.connection import Connection, end_all
from bridge.event_source import Source, Sources
from bridge.in_place import without_threads
from bridge.messages import Message, Post
from bridge.output import printing
from bridge.own_requests import Door, doors
from bridge.packages import Packages
from bridge.program import ExampleError, load, unload
from bridge.request import Request
from bridge.server import Server
from bridge.web_socket import WebSocket


@contextmanager
def uncollected() -> Iterator[None]:
    """Without collections: a program that is imported makes much that stays, and little that could be collected."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Bridge:
    """All the servers of one page. `post` takes the messages for the service worker."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.packages: dict[str, Packages] = {}  # of examples that have their own
        self.handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        self.servers: dict[str, Server] = {}
        self.sources = Sources()
        self.connections: dict[str, Connection] = {}
        self.arriving: dict[str, Connection] = {}  # over, with bytes that their event source has yet to take
        self.starting: dict[str, Server] = {}
        self.restarting: dict[str, asyncio.Future[None]] = {}  # by the server's name
        self.waiting: dict[str, Message] = {}  # requests for those, by id

    async def start(self, name: str, example: str, files: Mapping[str, str]) -> None:
        """Run an example's program and its application's start-up, under a name. Raises `ExampleError`."""
        printing.set(name)
        if f"{example}.py" not in files and any(each.example == example for each in self.servers.values()):
            raise ExampleError(f"“{example}” is a package, which cannot run twice in a page: stop it first.")
        without_threads(asyncio.get_running_loop())
        try:
            with uncollected():
                app = load(name, example, files)
            gc.freeze()  # nor need what it is made of be looked at by each later collection
            server = self.starting[name] = Server(name, example, app)
            await server.lifespan.startup()
        except BaseException:
            self._unload(name, example)
            raise
        finally:
            self.starting.pop(name, None)
        self.servers[name] = server
        doors[name] = Door(server.addresses, partial(self._connect, server))
        gc.collect()
        gc.freeze()  # likewise what its start-up has made

    async def stop(self, name: str) -> None:
        """End a server's connections, which breaks them off for its clients, then its application, started or not."""
        if name in self.starting:
            self.starting[name].lifespan.give_up()
        if name in self.restarting:
            await asyncio.wait([self.restarting[name]])
        await self._stop(name)

    async def _stop(self, name: str) -> None:
        printing.set(name)
        server = self.servers.pop(name, None)
        if not server:
            return
        doors.pop(name, None)
        server.announce_stop()
        await asyncio.sleep(0)  # those who wait for that may end in their own way
        await end_all([each for each in self.connections.values() if each.server is server], "The server was stopped.")
        await server.lifespan.shutdown()
        self._unload(name, server.example)
        del server
        gc.unfreeze()  # or it would stay for ever, frozen as it is
        gc.collect()
        gc.freeze()

    def _unload(self, name: str, example: str) -> None:
        unload(name, example)
        if example in self.packages:
            self.packages[example].forget()
        if not self.servers:
            for number, handler in self.handlers.items():  # through which programs that are over could be reached
                signal.signal(number, handler)

    async def restart(self, name: str, example: str, files: Mapping[str, str]) -> None:
        """Stop and start; clients keep their cookies, and who asks meanwhile waits. Raises `ExampleError`."""
        if name not in self.restarting:
            self.restarting[name] = asyncio.ensure_future(self._restart(name, example, files))
        await self.restarting[name]

    async def _restart(self, name: str, example: str, files: Mapping[str, str]) -> None:
        try:
            if name in self.servers:
                jars = self.servers[name].jars
                await self._stop(name)
                await self.start(name, example, files)
                self.servers[name].jars = jars
        finally:
            del self.restarting[name]
            for request in [each for each in self.waiting.values() if each["server"] == name]:
                del self.waiting[request["id"]]
                self._open(request)

    def receive(self, message: Message) -> None:
        """Take one message of the service worker."""
        name = message["id"]
        connection = self.connections.get(name) or self.arriving.get(name)
        if message["kind"] == "cookie" and message["server"] in self.servers:
            self.servers[message["server"]].cookies(message["jar"]).set_by_script(*message["cookie"])
        elif message["kind"] in ("request", "handshake"):
            self._open(message)
        elif connection and message["kind"] == "pulled":
            connection.pulled(message["size"])
        elif connection and message["kind"] == "frame":
            connection.hear(message)
        elif message["kind"] == "cancel":
            self.waiting.pop(name, None)
            if connection:
                connection.leave(message.get("code"))
        if name in self.arriving and not self.arriving[name].arriving:
            del self.arriving[name]

    def _open(self, request: Message) -> None:
        server = self.servers.get(request["server"])
        if not server:
            if request["server"] in self.restarting:
                self.waiting[request["id"]] = request
            else:
                self.post({"kind": "end", "id": request["id"], "error": "The server is not running."})
            return
        self._connect(server, request, self.post)

    def _connect(self, server: Server, request: Message, post: Post) -> Connection:
        if request["kind"] == "handshake":
            connection: Connection = WebSocket(request, server, post)
        else:
            connection = Request(request, server, self.sources, post)
        self.connections[request["id"]] = connection
        connection.task = asyncio.ensure_future(self._serve(connection))
        return connection

    async def _serve(self, connection: Connection) -> None:
        try:
            await connection.run()
        finally:
            del self.connections[connection.id]
            if connection.arriving:
                self.arriving[connection.id] = connection

    def forget(self) -> None:
        """A new service worker has taken over: the streams of the old one end, if it still is there to hear of it."""
        for connection in list(self.connections.values()):
            connection.end("The service worker was replaced.")
        self.arriving.clear()
        self.waiting.clear()

    def resumption(self, source: str) -> Message:
        """What an event source has heard: its last event ID, and its reconnection time if the stream has set one."""
        known = self.sources.named(source) or Source()
        return {"lastEventId": known.last_event_id, "reconnectionTime": known.reconnection_time}
