"""The server's side of a page: ASGI applications whose requests arrive as messages instead of over a socket.

`service-worker.js` sends the messages and gets the answers; `python-worker.js` carries them into Python and back.
Nothing here knows of JavaScript but `connect` at the end, so that it is tested under CPython. What uvicorn does
for an application, this does in the same order: applications should not notice the difference.

From the service worker: `request` (id, server, method, scheme, host, port, path, query, headers, body, source,
cookies: whether they are sent and stored), `pulled` (id, size: the client has taken so many more bytes), `cancel`
(id: the client is gone). To it: `request` (id, headers as the application gets them), `response` (id, status,
headers), `chunk` (id, body), `end` (id, error: None, or why the answer is incomplete).
"""

import asyncio
import gc
import importlib.abc
import importlib.machinery
import linecache
import random
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from email.utils import mktime_tz, parsedate_tz
from functools import cache
from http.cookies import CookieError, SimpleCookie
from types import ModuleType
from typing import Any
from urllib.parse import unquote

from streamside.wire import EventParser, encode

WINDOW = 65_536  # bytes that may be under way to the client before `send` waits
GRACE = 0.5  # seconds that an application has to end its streams when its server stops

Message = dict[str, Any]
Post = Callable[[Message], None]
Header = tuple[str, str]

printing: ContextVar[str | None] = ContextVar("printing", default=None)  # the server on whose behalf Python prints


class ExampleError(Exception):
    """The example cannot be served; the message says why, `line` where (from 1) if it is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class Bridge:
    """All the servers of one page. `post` takes the messages for the service worker."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.servers: dict[str, Server] = {}
        self.sources: dict[str, Source] = {}
        self.connections: dict[str, Connection] = {}
        self.arriving: dict[str, Connection] = {}  # over, with bytes that their event source has yet to take
        self.starting: dict[str, Server] = {}
        self.restarting: dict[str, asyncio.Future[None]] = {}  # by the server's name
        self.waiting: dict[str, Message] = {}  # requests for those, by id

    async def start(self, name: str, example: str, program: str) -> None:
        """Run an example's program and its application's start-up, under a name. Raises `ExampleError`."""
        printing.set(name)
        server = self.starting[name] = Server(name, load(name, example, program), self)
        try:
            await server.lifespan.startup()
        except ExampleError:
            sys.modules.pop(name, None)
            raise
        finally:
            del self.starting[name]
        self.servers[name] = server
        gc.collect()
        gc.freeze()  # what a running server is made of need not be looked at again by each later collection

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
        await server.stop()
        sys.modules.pop(name, None)
        del server
        gc.unfreeze()  # or it would stay for ever, frozen as it is
        gc.collect()
        gc.freeze()

    async def restart(self, name: str, example: str, program: str) -> None:
        """Stop and start; clients keep their cookies, and who asks meanwhile waits. Raises `ExampleError`."""
        if name not in self.restarting:
            self.restarting[name] = asyncio.ensure_future(self._restart(name, example, program))
        await self.restarting[name]

    async def _restart(self, name: str, example: str, program: str) -> None:
        try:
            if name in self.servers:
                cookies = self.servers[name].cookies
                await self._stop(name)
                await self.start(name, example, program)
                self.servers[name].cookies = cookies
        finally:
            del self.restarting[name]
            for request in [each for each in self.waiting.values() if each["server"] == name]:
                del self.waiting[request["id"]]
                self._open(request)

    def receive(self, message: Message) -> None:
        """Take one message of the service worker."""
        name = message["id"]
        connection = self.connections.get(name) or self.arriving.get(name)
        if message["kind"] == "request":
            self._open(message)
        elif connection and message["kind"] == "pulled":
            connection.pulled(message["size"])
        elif message["kind"] == "cancel":
            self.waiting.pop(name, None)
            if connection:
                connection.leave()

    def _open(self, request: Message) -> None:
        server = self.servers.get(request["server"])
        if not server:
            if request["server"] in self.restarting:
                self.waiting[request["id"]] = request
            else:
                self.post({"kind": "end", "id": request["id"], "error": "The server is not running."})
            return
        source = self.sources.setdefault(request["source"], Source()) if request["source"] else None
        self.connections[request["id"]] = connection = Connection(request, server, source)
        connection.task = asyncio.ensure_future(connection.run())

    def forget(self) -> None:
        """A new service worker has taken over: the streams of the old one end, if it still is there to hear of it."""
        for connection in list(self.connections.values()):
            connection.end("The service worker was replaced.")
        self.arriving.clear()
        self.waiting.clear()

    def resumption(self, source: str) -> Message:
        """What an event source has heard: its last event ID, and its reconnection time if the stream has set one."""
        known = self.sources.get(source) or Source()
        return {"lastEventId": known.last_event_id, "reconnectionTime": known.reconnection_time}


class Source:
    """What the server's side remembers of one `EventSource` of a page.

    Chromium hides `Last-Event-ID` from service workers. The bytes that an event source was given tell its last event
    ID as well; the probe in the page names the event source in its requests, so that a new one starts without.
    """

    def __init__(self) -> None:
        self.connected_before = False
        self.last_event_id = ""
        self.reconnection_time: int | None = None
        self._parser = EventParser()

    def connect(self) -> None:
        """A new stream begins."""
        self.connected_before = True
        self._parser = EventParser()
        if self.last_event_id:
            self._parser.feed(encode(None, id=self.last_event_id))

    def feed(self, chunk: bytes) -> None:
        """These bytes have reached the event source."""
        self._parser.feed(chunk)
        self.last_event_id = self._parser.last_event_id
        if self._parser.reconnection_time is not None:
            self.reconnection_time = self._parser.reconnection_time


class Server:
    """One application, its connections and its visitor's cookies."""

    def __init__(self, name: str, app: Any, bridge: Bridge) -> None:
        self.name = name
        self.app = app
        self.bridge = bridge
        self.lifespan = Lifespan(app)
        self.cookies = CookieJar()

    async def stop(self) -> None:
        """End what is open, as uvicorn does with a grace period, then the application."""
        uvicorn_server(self.name)().handle_exit(signal.SIGINT, None)
        await asyncio.sleep(0)  # those who wait for that may end in their own way
        open_now = [each for each in self.bridge.connections.values() if each.server is self]
        for connection in open_now:
            connection.end("The server was stopped.")
        tasks = [connection.task for connection in open_now if connection.task]
        if tasks:
            _, pending = await asyncio.wait(tasks, timeout=GRACE)
            for task in pending:
                task.cancel()
            if pending:
                await asyncio.wait(pending, timeout=GRACE)
        await self.lifespan.shutdown()


class Connection:
    """One request and its answer: the `receive` and `send` of its application."""

    def __init__(self, request: Message, server: Server, source: Source | None) -> None:
        self.id: str = request["id"]
        self.server = server
        self.task: asyncio.Future[None] | None = None
        self._source = source
        self._method: str = request["method"]
        self._path: str = request["path"]
        self._body: bytes | None = bytes(request["body"] or b"")  # None once the application has it
        self._with_cookies: bool = request.get("cookies", True)
        self._status: int | None = None
        self._gone = False
        self._over = asyncio.Event()  # the answer is complete or the client gone
        self._under_way = bytearray()  # sent, not yet taken by the client
        self._room = asyncio.Event()
        self._room.set()
        self._scope = self._make_scope(request, self._headers(request))

    def _headers(self, request: Message) -> list[Header]:
        headers: list[Header] = [(name, value) for name, value in request["headers"]]
        names = {name for name, _ in headers}
        if self._source:
            if self._source.connected_before and self._source.last_event_id and "last-event-id" not in names:
                headers.append(("last-event-id", self._source.last_event_id))
            self._source.connect()
        if self._body and "content-length" not in names:
            headers.append(("content-length", str(len(self._body))))
        cookies = self.server.cookies.header(self._path)
        if cookies and self._with_cookies:
            headers.append(("cookie", cookies))
        self._post("request", headers=headers)
        return headers

    def _make_scope(self, request: Message, headers: Sequence[Header]) -> Message:
        raw = [(name.encode("latin-1"), _header_bytes(name, value)) for name, value in headers]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self._method,
            "scheme": request["scheme"],
            "path": unquote(self._path),
            "raw_path": self._path.encode("ascii"),
            "query_string": request["query"].encode("ascii"),
            "root_path": "",
            "headers": raw,
            "client": ("127.0.0.1", 0),
            "server": (request["host"], request["port"]),
            "state": self.server.lifespan.state.copy(),
            "extensions": {},
        }

    async def run(self) -> None:
        """Call the application; whatever becomes of it, the client hears of the end."""
        printing.set(self.server.name)
        error: str | None = "The application returned before its answer was complete."
        try:
            await self.server.app(self._scope, self.receive, self.send)
        except Exception as exception:
            if not self._gone:
                traceback.print_exc()
                error = f"The application raised {type(exception).__name__}."
                if self._status is None:
                    await self._send_error()
        finally:
            left = self._gone
            self.end(error)
            del self.server.bridge.connections[self.id]
            if self._source and self._under_way:
                self.server.bridge.arriving[self.id] = self
        if left:
            # A generator that was cancelled inside `send` can hang in a cycle with its exception: have it closed now.
            await asyncio.sleep(0)
            gc.collect()

    async def receive(self) -> Message:
        """ASGI's `receive`: the body, once; then nothing until there is nobody to answer."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """ASGI's `send`: waits while the client is behind by `WINDOW`; does nothing when it is gone, as uvicorn."""
        if self._over.is_set():
            await asyncio.sleep(0)  # or a generator without any other await would never let go
        elif message["type"] == "http.response.start":
            self._start(message)
        elif message["type"] == "http.response.body":
            await self._send_body(message.get("body", b""))
            if not message.get("more_body", False):
                self.end(None)

    def _start(self, message: Message) -> None:
        if self._status is not None:
            raise RuntimeError("the application starts its answer twice")
        self._status = message["status"]
        headers = [(bytes(n).decode("latin-1").lower(), bytes(v).decode("latin-1")) for n, v in message["headers"]]
        if self._with_cookies:
            self.server.cookies.store(self._path, [value for name, value in headers if name == "set-cookie"])
        self._post("response", status=self._status, headers=headers)

    async def _send_body(self, body: bytes) -> None:
        if self._status is None:
            raise RuntimeError("the application sends a body before it starts its answer")
        await self._room.wait()
        if not body or self._over.is_set() or self._method == "HEAD":
            return
        self._under_way += body
        self._watch_room()
        self._post("chunk", body=bytes(body))

    async def _send_error(self) -> None:
        self._start({"status": 500, "headers": [(b"content-type", b"text/plain; charset=utf-8")]})
        await self._send_body(b"Internal Server Error")
        self.end(None)

    def _watch_room(self) -> None:
        if len(self._under_way) < WINDOW:
            self._room.set()
        else:
            self._room.clear()

    def pulled(self, size: int) -> None:
        """The client has taken the first `size` bytes of what is under way."""
        taken = bytes(self._under_way[:size])
        del self._under_way[:size]
        if self._source:
            self._source.feed(taken)
        if not self._under_way:
            self.server.bridge.arriving.pop(self.id, None)
        self._watch_room()

    def leave(self) -> None:
        """The client is gone; what was under way did not arrive."""
        self._gone = True
        self._under_way.clear()
        self.server.bridge.arriving.pop(self.id, None)
        self._close()

    def end(self, error: str | None) -> None:
        """The answer is complete, or broken off for the reason given; only the first end counts."""
        if self._over.is_set():
            return
        self._post("end", error=error)
        self._close()

    def _close(self) -> None:
        self._over.set()
        self._room.set()

    def _post(self, kind: str, **content: Any) -> None:
        self.server.bridge.post({"kind": kind, "id": self.id, **content})


class Lifespan:
    """An application's start-up and shutdown, if it has any (ASGI's lifespan protocol)."""

    def __init__(self, app: Any) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._requests: asyncio.Queue[Message] = asyncio.Queue()
        self._answered = asyncio.Event()
        self._answer: Message = {}
        self._task: asyncio.Future[None] | None = None

    async def startup(self) -> None:
        """Raises `ExampleError` if the application says that it cannot start, or is given up."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self._task = asyncio.ensure_future(self._run(scope))
        await self._ask("startup")
        if self._task.cancelled():
            raise ExampleError("The application was stopped before it had started.")
        if self._answer.get("type") == "lifespan.startup.failed":
            raise ExampleError(f"The application did not start: {self._answer.get('message', '')}".removesuffix(": "))

    def give_up(self) -> None:
        """Wait no longer for the start-up."""
        if self._task:
            self._task.cancel()

    async def shutdown(self) -> None:
        """Have it clean up; not for longer than `GRACE`."""
        if self._task and not self._task.done():
            try:
                await asyncio.wait_for(self._ask("shutdown"), GRACE)
            except TimeoutError:
                self._task.cancel()

    async def _run(self, scope: Message) -> None:
        try:
            await self._app(scope, self._requests.get, self._send)
        except Exception:
            if self._answer:  # an application that knows no lifespan raises at once, and runs without
                traceback.print_exc()
        finally:
            self._answered.set()

    async def _ask(self, what: str) -> None:
        self._answered.clear()
        self._requests.put_nowait({"type": f"lifespan.{what}"})
        await self._answered.wait()

    async def _send(self, message: Message) -> None:
        self._answer = message
        self._answered.set()


class CookieJar:
    """The cookies of one visitor of one server: service workers neither see cookies nor set them."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str], str] = {}  # by path and name

    def store(self, path: str, values: Sequence[str]) -> None:
        """Take the `Set-Cookie` headers of an answer to `path`. A cookie that is over is removed."""
        for value in values:
            try:
                morsels = SimpleCookie(value).items()
            except CookieError:
                continue
            for name, morsel in morsels:
                key = (morsel["path"] if morsel["path"].startswith("/") else path.rpartition("/")[0] or "/", name)
                self._cookies.pop(key, None)
                if not _is_over(morsel):
                    self._cookies[key] = morsel.coded_value

    def header(self, path: str) -> str:
        """The `Cookie` header of a request for `path`; the longer its path, the earlier a cookie stands (RFC 6265)."""
        fitting = [(len(where), name, value) for (where, name), value in self._cookies.items() if _below(path, where)]
        fitting.sort(key=lambda cookie: -cookie[0])
        return "; ".join(f"{name}={value}" for _, name, value in fitting)


def _is_over(morsel: Mapping[str, str]) -> bool:
    if morsel["max-age"]:
        return str(morsel["max-age"]).startswith(("-", "0"))
    expires = parsedate_tz(morsel["expires"])
    return expires is not None and mktime_tz(expires) < time.time()


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder if folder.endswith("/") else folder + "/")


def _header_bytes(name: str, value: str) -> bytes:
    # An event source sends its last event ID in UTF-8; all other values have come as browsers show them, in Latin-1.
    return value.encode() if name == "last-event-id" else value.encode("latin-1")


def load(name: str, example: str, program: str) -> Any:
    """Run a program as a module and return its `app`. Raises `ExampleError` with the line where it went wrong."""
    file = f"{example}.py"
    module = ModuleType(name)
    module.__file__ = file
    linecache.cache[file] = (len(program), None, program.splitlines(keepends=True), file)  # for tracebacks
    sys.modules[name] = module
    try:
        exec(compile(program, file, "exec"), module.__dict__)  # noqa: S102  # the reader's own program, in their page
    except SyntaxError as error:
        raise ExampleError(f"{type(error).__name__}: {error.msg}", error.lineno) from error
    except ModuleNotFoundError as error:
        message = f"There is no module “{error.name}” in this page: it has the tutorial's own packages only."
        raise ExampleError(message, _line_in(file, error)) from error
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | asyncio.CancelledError):
            raise
        traceback.print_exc()
        raise ExampleError(f"{type(error).__name__}: {error}", _line_in(file, error)) from error
    if not callable(module.__dict__.get("app")):
        raise ExampleError("The example has no “app”: the server needs an ASGI application of that name.")
    return module.__dict__["app"]


def _line_in(file: str, error: BaseException) -> int | None:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None


def adapt() -> None:
    """Give Python what it lacks in a page: `uvicorn` by name, and functions that run where threads would."""
    uvicorn, main = ModuleType("uvicorn"), ModuleType("uvicorn.main")
    # Never called: a page serves `app` itself. FastHTML looks `run` up to serve, and `Server` to hear of the shutdown.
    uvicorn.__dict__.update(run=lambda *_arguments, **_options: None, main=main)
    main.__dict__["__getattr__"] = lambda _name: uvicorn_server(printing.get())
    sys.modules.update({"uvicorn": uvicorn, "uvicorn.main": main})

    import anyio.to_thread

    anyio.to_thread.run_sync = run_in_place


@cache
def uvicorn_server(_name: str | None) -> type:
    """What stands for the class `uvicorn.main.Server`, of which `fasthtml.signal_shutdown` replaces `handle_exit`.

    Each server has one to itself: replacing it twice would make the first one deaf.
    """
    return type("Server", (), {"force_exit": False, "handle_exit": lambda *_: None})


async def run_in_place(function: Callable[..., Any], *arguments: Any, **_options: Any) -> Any:
    """What stands for `anyio.to_thread.run_sync`: a page has no threads. Others run first, as with a thread."""
    await asyncio.sleep(0)
    return function(*arguments)


ARCHIVE = f"/lib/python{sys.version_info[0]}{sys.version_info[1]}.zip"  # where the modules come from in a page


@cache
def archived() -> frozenset[str]:
    """The names of all modules that there are to fetch."""
    return frozenset(__loader__.get_data(f"{ARCHIVE}/modules.txt").decode().split())  # type: ignore[name-defined]


def module_name(file: str) -> str:
    """`email/mime/text.pyc` → `email.mime.text`."""
    return file.rpartition(".")[0].removesuffix("/__init__").replace("/", ".")


class Rest(importlib.abc.MetaPathFinder):
    """Finds the modules that examples hardly ever import: has the whole archive fetched when the first of them is."""

    def __init__(self, names: frozenset[str], fetch: Callable[[], None]) -> None:
        self._names = names
        self._fetch = fetch  # puts the archive where Python's own finder looks for it

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """As any finder: where the module is, or None."""
        if fullname not in self._names:
            return None
        self._names = frozenset()
        self._fetch()
        importlib.invalidate_caches()
        return importlib.machinery.PathFinder.find_spec(fullname, path, target)


class Printer:
    """What stands for `sys.stdout` and `sys.stderr`: each line goes to the server on whose behalf it is printed."""

    encoding = "utf-8"
    errors = "strict"

    def __init__(self, tell: Callable[[str | None, str], None]) -> None:
        self._tell = tell
        self._begun: dict[str | None, str] = {}

    def write(self, text: str) -> int:
        """As any file's."""
        server = printing.get()
        lines = (self._begun.pop(server, "") + text).split("\n")
        if lines[-1]:
            self._begun[server] = lines[-1]
        if lines[:-1]:
            self._tell(server, "\n".join(lines[:-1]))
        return len(text)

    def flush(self) -> None:
        """Nothing: a line goes out when it is complete."""

    def isatty(self) -> bool:
        """It is none."""
        return False


def connect(post: Any, log: Any, fetch_rest: Any) -> Any:
    """The only part that is for Pyodide: called by `python-worker.js` with its functions, returns ours to it."""
    from pyodide.ffi import to_js  # type: ignore[import-not-found]

    def to_object(value: Any) -> Any:
        from js import Object  # type: ignore[import-not-found]

        return to_js(value, dict_converter=Object.fromEntries)

    bridge = Bridge(lambda message: post(to_object(message)))
    sys.stdout = sys.stderr = Printer(log)  # type: ignore[assignment]
    sys.meta_path.append(Rest(archived(), fetch_rest))
    adapt()
    random.seed()  # a snapshot would give everybody the same numbers

    async def attempt(action: Callable[..., Awaitable[None]], *arguments: str) -> Any:
        try:
            await action(*arguments)
        except ExampleError as error:
            return to_object({"message": str(error), "line": error.line})
        return None

    return to_object(
        {
            "receive": lambda message: bridge.receive(message.to_py()),
            "start": lambda *arguments: asyncio.ensure_future(attempt(bridge.start, *arguments)),
            "stop": lambda name: asyncio.ensure_future(attempt(bridge.stop, name)),
            "restart": lambda *arguments: asyncio.ensure_future(attempt(bridge.restart, *arguments)),
            "forget": bridge.forget,
            "resumption": lambda source: to_object(bridge.resumption(source)),
        }
    )
