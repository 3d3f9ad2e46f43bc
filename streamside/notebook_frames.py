"""What a notebook's frames are served from: the page's own element, over examples in processes of their own.

One server for a kernel, in a thread, on a free port of this machine; all its addresses begin with a secret, because
whoever knows it can run programs here. Frames reach it directly or through the proxy of the Jupyter server.
"""

import asyncio
import atexit
import html
import json
import mimetypes
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from watchfiles import awatch

from streamside import assets
from streamside.catalogue import Example, Project
from streamside.errors import UserError
from streamside.example_process import ExampleProcess
from streamside.exercises import from_json, missing
from streamside.paths import ROOT
from streamside.wire_proxy import Place, Wire

WINDOW = 64  # entries that a page may have yet to be told, before its servers have to wait
FROM_ANYWHERE = {"access-control-allow-origin": "*"}  # who asks knows the secret
HEARTBEAT = 15.0  # seconds
PATIENCE = 5.0  # seconds that a page may be silent before its servers end
SCRIPTS = {"live": ROOT / "blog" / "live", "theme": ROOT / "blog" / "theme"}
PAGE = (SCRIPTS["live"] / "notebook" / "frame.html").read_text(encoding="utf-8")
# The script in an output that needs this server.
IN_OUTPUT = (SCRIPTS["live"] / "notebook" / "output.js").read_text(encoding="utf-8")


class Running:
    """An example that runs for a page."""

    def __init__(self, tab: "Tab", server: str, about: dict[str, Any]) -> None:
        self._tab, self._server, self._about = tab, server, about
        self.wire = Wire(self._tell)
        self._process: ExampleProcess | None = None
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> dict[str, str] | None:
        """Start it, or start it again; what is wrong if that fails."""
        if self._process:
            await self._process.stop()
        example, files = self._about["example"], self._about["files"]
        self._process = ExampleProcess(example, files, self._about["environment"])
        last = await self._process.start(
            lambda text: self._tab.tell({"kind": "log", "server": self._server, "text": text})
        )
        self.wire.port = self._process.port
        if not last and files == files_of(example):
            self._looking = asyncio.create_task(self._look(example, files))
        return {"message": last} if last else None

    async def stop(self) -> None:
        """End it with all its connections."""
        if self._looking:
            self._looking.cancel()
        await self.wire.close()
        if self._process:
            await self._process.stop()

    async def _look(self, example: str, files: dict[str, str]) -> None:
        """Say so when the example's files are no longer those that run."""
        path = Project().example(example).path
        async for _ in awatch(path if path.is_dir() else path.parent):  # editors put a new file in the old one's place
            if files != files_of(example):
                break
        why = f"The files of the example {example} have changed: Run starts it as they are now."
        self._tab.tell({"kind": "ended", "server": self._server, "why": why})
        self._tab.stop_later(self._server)

    async def _tell(self, message: dict[str, Any]) -> None:
        kind = message["kind"]
        about = message if kind == "answered" else {"kind": "wire", "message": message}
        self._tab.tell({**about, "server": self._server})
        await self._tab.told()


class Tab:
    """An open page: what runs for it, and what it is to be told."""

    def __init__(self) -> None:
        self.servers: dict[str, Running] = {}
        self.listeners = 0
        self._stopping: set[asyncio.Task[None]] = set()
        self._waiting: deque[dict[str, Any]] = deque()
        self._has_come, self._has_gone = asyncio.Event(), asyncio.Event()

    def tell(self, entry: dict[str, Any]) -> None:
        """Tell it something."""
        self._waiting.append(entry)
        self._has_come.set()

    async def told(self) -> None:
        """Wait until not too much is yet to be told; nobody waits for a page that does not listen."""
        while self.listeners and len(self._waiting) > WINDOW:
            self._has_gone.clear()
            await self._has_gone.wait()

    async def entries(self) -> list[dict[str, Any]]:
        """What there is to be told; nothing after a while in which nothing happened."""
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT):
                await self._has_come.wait()
        self._has_come.clear()
        entries = list(self._waiting)
        self._waiting.clear()
        self._has_gone.set()
        return entries

    def leave(self) -> None:
        """A listener has gone."""
        self.listeners -= 1
        self._has_gone.set()

    async def stop(self, server: str) -> None:
        """End one of its servers."""
        if running := self.servers.pop(server, None):
            await running.stop()

    def stop_later(self, server: str) -> None:
        """End one of its servers soon."""
        task = asyncio.create_task(self.stop(server))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def close(self) -> None:
        """End all of its servers."""
        for server in self.servers:
            self.stop_later(server)
        await asyncio.gather(*self._stopping)


class Frames:
    """The server of a kernel's frames: `port`, and the `secret` with which its addresses begin."""

    def __init__(self, check: Callable[[int], str] = str) -> None:
        self.secret = secrets.token_urlsafe(16)
        self._check = check
        self._pages: list[tuple[str, str]] = []
        self._tabs: dict[str, Tab] = {}
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="frames", daemon=True)
        self._stopping = asyncio.Event()
        self._thread.start()

    def add(self, title: str, content: str) -> int:
        """Have one more page; returns its number."""
        self._pages.append((title, content))
        return len(self._pages) - 1

    def stop(self) -> None:
        """End the server and all that runs for its pages."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        # Without a limit on what a page sends: examples say themselves what is too much.
        app = web.Application(client_max_size=1 << 30)
        app.add_routes(self._routes())
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.SockSite(runner, self._socket).start()
        await self._stopping.wait()
        for tab in self._tabs.values():
            await tab.close()
        await runner.cleanup()

    def _routes(self) -> list[web.RouteDef]:
        site = f"/{self.secret}"
        return [
            web.get(f"{site}/alive", _alive),
            web.get(f"{site}/{{page:\\d+}}.html", self._page),
            web.post(f"{site}/check/{{task:\\d+}}", self._verdict),
            web.get(f"{site}/local/{{tab}}/wire", self._listen),
            web.post(f"{site}/local/{{tab}}/{{kind}}", self._command),
            web.get(f"{site}/live/examples/{{name}}", _program),
            web.get(f"{site}/live/assets/{{link:.*}}", _asset),
            web.route("*", f"{site}/live/{{tab:tab-[0-9a-f]+}}/{{server:\\w+-\\d+}}/{{rest:.*}}", self._app),
            web.route(
                "*",
                f"{site}/live/{{tab:tab-[0-9a-f]+}}/{{server:\\w+-\\d+}}~{{reader:\\d}}~{{jar:\\d}}/{{rest:.*}}",
                self._app,
            ),
            web.get(f"{site}/{{folder:live|theme}}/{{path:.*}}", _script),
        ]

    async def _page(self, request: web.Request) -> web.Response:
        number = int(request.match_info["page"])
        if number >= len(self._pages):
            raise web.HTTPNotFound
        title, content = self._pages[number]
        text = PAGE.replace("{{title}}", html.escape(title)).replace("{{content}}", content)
        return web.Response(text=text, content_type="text/html")

    async def _verdict(self, request: web.Request) -> web.Response:
        """What is missing yet in a task; the notebook asks, from another origin."""
        verdict = await asyncio.to_thread(self._check, int(request.match_info["task"]))
        return web.Response(text=verdict, headers=FROM_ANYWHERE)

    async def _listen(self, request: web.Request) -> web.StreamResponse:
        """What happens, as an event stream, of course."""
        tab = self._tabs.setdefault(request.match_info["tab"], Tab())
        response = web.StreamResponse(headers={"content-type": "text/event-stream", "cache-control": "no-store"})
        await response.prepare(request)
        await response.write(_event([{"kind": "clock", "time": time.time() * 1000}]))
        tab.listeners += 1
        try:
            while True:
                entries = await tab.entries()
                await response.write(_event(entries) if entries else b":\n\n")
        finally:
            tab.leave()
            self._end_later(tab)

    def _end_later(self, tab: Tab) -> None:
        """End what runs for a page that has gone, unless it comes back."""

        def end() -> None:
            for server in () if tab.listeners else tab.servers:
                tab.stop_later(server)

        self._loop.call_later(PATIENCE, end)

    async def _command(self, request: web.Request) -> web.Response:
        tab = self._tabs.setdefault(request.match_info["tab"], Tab())
        message = json.loads(await request.text())
        server = message.get("server", "")
        match request.match_info["kind"]:
            case "start":
                tab.servers[server] = Running(tab, server, message)
                result: Any = await tab.servers[server].start()
                if result:
                    await tab.stop(server)
            case "restart":
                tab.servers[server].wire.break_off("server", "The server was restarted.")
                result = await tab.servers[server].start()
            case "stop":
                await tab.stop(server)
                result = None
            case "cable":
                if server in tab.servers:
                    tab.servers[server].wire.change(message["cable"])
                result = None
            case "resumption":
                parsers = [each.wire.parsers.get(message["source"]) for each in tab.servers.values()]
                known = next(filter(None, parsers), None)
                result = known and {"lastEventId": known.last_event_id, "reconnectionTime": known.reconnection_time}
            case "check":
                result = missing(from_json(message["see"]), message["messages"], message["now"])
            case _:
                raise web.HTTPNotFound
        return web.json_response(result)

    async def _app(self, request: web.Request) -> web.StreamResponse:
        found = request.match_info
        running = self._tabs[found["tab"]].servers.get(found["server"]) if found["tab"] in self._tabs else None
        if not running:
            text = "<!doctype html><html lang=en><title>Not running</title><p>This server is not running any more."
            return web.Response(status=503, text=text, content_type="text/html")
        below = request.raw_path.removeprefix(f"/{self.secret}/")
        target = "/" + below.split("/", 3)[3]
        place = Place.of(found.get("reader"), found.get("jar"), target, below.partition("?")[0].count("/"))
        return await running.wire.answer(request, place)


@cache
def start(check: Callable[[int], str]) -> Frames:
    """The frames of this process, served until it ends; `check` says of a task what is missing yet."""
    frames = Frames(check)
    atexit.register(frames.stop)
    return frames


async def _alive(_: web.Request) -> web.Response:
    """The notebook asks, from another origin, whether it gets here."""
    return web.Response(status=204, headers=FROM_ANYWHERE)


async def _program(request: web.Request) -> web.Response:
    name, _, kind = request.match_info["name"].rpartition(".")
    example = _example(name)
    if kind == "py":
        return web.Response(text=example.text, content_type="text/x-python")
    return web.json_response(example.program)


async def _asset(request: web.Request) -> web.Response:
    try:
        path = assets.find("https://cdn.jsdelivr.net/npm/" + request.match_info["link"])
    except UserError as error:
        return web.Response(status=404, text=str(error))
    return web.Response(body=path.read_bytes(), content_type=mimetypes.guess_type(path.name)[0])


async def _script(request: web.Request) -> web.StreamResponse:
    folder = SCRIPTS[request.match_info["folder"]]
    path = (folder / request.match_info["path"]).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        raise web.HTTPNotFound
    if path == folder / "frame" / "probe.js":
        return web.Response(text=_probe(path), content_type="text/javascript")
    kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
    headers = {"cache-control": "no-cache"}
    return web.Response(body=path.read_bytes(), content_type=kind or "application/octet-stream", headers=headers)


def _probe(path: Path) -> str:
    """In a page it is one file with what stands for a service worker's part; here WebSockets are the browser's own."""
    own = (SCRIPTS["live"] / "notebook" / "addresses.js").read_text(encoding="utf-8")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return own + "".join(line for line in lines if not line.startswith("import "))


def _example(name: str) -> Example:
    try:
        return Project().example(name)
    except UserError:
        raise web.HTTPNotFound from None


def files_of(example: str) -> dict[str, str]:
    """An example's files as they are now, as pages name them; none where they cannot be read."""
    try:
        return Project().example(example).program["files"]
    except (UserError, OSError, UnicodeDecodeError):
        return {}


def _event(entries: list[dict[str, Any]]) -> bytes:
    return f"data: {json.dumps(entries)}\n\n".encode()
