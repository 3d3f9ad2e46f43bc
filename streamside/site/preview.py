"""Serves `_site` to this machine, builds it anew when a source changes, and has the open pages load it again.

The pages hear of it through an event stream: the preview is one more example of what the tutorial teaches.
"""

import asyncio
import contextlib
import errno
import socket
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from watchfiles import awatch

from streamside.errors import UserError
from streamside.wire import encode

PORTS = range(8765, 8865)  # away from 8000, where every example wants to be
END_SECONDS = 1.5  # that a build has after Ctrl-C
BUILD = (sys.executable, "-m", "streamside.site.build_ahead")
SOURCES = ("_quarto.yml", "index.ipynb", "about.md", "notebooks", "examples", "blog", "streamside")
# Of what else the site has, no page shows anything until it is loaded again.
LISTEN = b"""<script type="module">
const page = location.pathname.slice(1).replace(/(^|\\/)$/, "$1index.html");
new EventSource("/.preview/changes").addEventListener("changed", ({ data }) => {
  const isShown = (path) => !/\\.(html|ipynb|xml|md|json|txt)$|^service-worker\\.js$/.test(path);
  if (data.split("\\n").some((path) => path === page || isShown(path))) location.reload();
});
</script>
"""


def _say(text: str) -> None:
    print(text, flush=True)


def serve(
    root: Path, *, ports: Iterable[int] = PORTS, build: Sequence[str] = BUILD, say: Callable[[str], None] = _say
) -> None:
    """Serve the `_site` of the project in `root` until Ctrl-C, on the first of `ports` that is free.

    `build` is the command that brings the site up to date whenever it reads a line, and then writes one; what it says
    on stderr is said, and when it fails the site stays as it was. Raises `UserError` if no port is free.
    """
    out = (root / "_site").resolve()  # as what watches it names it
    with _listener(ports, say) as listener:
        say(f"Streamside is at http://127.0.0.1:{listener.getsockname()[1]}/ (Ctrl-C stops it)")
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(root, out, listener, build))
    say("Stopped")


def _listener(ports: Iterable[int], say: Callable[[str], None]) -> socket.socket:
    for port in ports:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            say(f"Port {port} is busy, trying the next one")
    raise UserError("the preview", "no port is free for it", "stop one of the programs that listen there")


async def _serve(root: Path, out: Path, listener: socket.socket, build: Sequence[str]) -> None:
    changes = Changes()
    config = uvicorn.Config(application(out, changes), log_level="warning", timeout_graceful_shutdown=1)
    watching = [asyncio.create_task(_rebuild(root, build)), asyncio.create_task(_announce(out, changes))]
    try:
        await _Server(config, changes).serve(sockets=[listener])
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)


class _Server(uvicorn.Server):
    """uvicorn, ending the open streams first: it waits for every response, and these would not end."""

    def __init__(self, config: uvicorn.Config, changes: "Changes") -> None:
        super().__init__(config)
        self._changes = changes

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._changes.end()
        await super().shutdown(sockets)


class Changes:
    """What has changed in the site since the preview began, for any number of event streams."""

    def __init__(self) -> None:
        self._run = uuid.uuid4().hex[:8]  # tells this run's event ids from those of a run before
        self._log: list[str] = []
        self._over = False
        self._news = asyncio.Condition()

    async def add(self, paths: Iterable[str]) -> None:
        """Tell every stream that these files (paths from the site's root) are not what they were."""
        async with self._news:
            self._log.append("\n".join(sorted(paths)))
            self._news.notify_all()

    async def end(self) -> None:
        """End every stream."""
        async with self._news:
            self._over = True
            self._news.notify_all()

    async def stream(self, last_event_id: str) -> AsyncIterator[bytes]:
        """The event stream of a page: what comes, and before it what the page has missed since `last_event_id`."""
        run, _, seen = last_event_id.partition("-")
        position = int(seen) if run == self._run else len(self._log)
        yield encode(event="from", data="", id=f"{self._run}-{position}", retry=500)
        if run and run != self._run:
            yield encode(event="changed", data="*", id=f"{self._run}-{position}")
        while True:
            async with self._news:
                while not self._over and len(self._log) == position:
                    await self._news.wait()
            if self._over:
                return
            yield encode(event="changed", data=self._log[position], id=f"{self._run}-{position + 1}")
            position += 1


def application(out: Path, changes: Changes) -> Starlette:
    """The site in `out` as a server shows it, each page listening to `changes`."""

    async def listen(request: Request) -> StreamingResponse:
        stream = changes.stream(request.headers.get("last-event-id", ""))
        return StreamingResponse(stream, media_type="text/event-stream", headers={"cache-control": "no-cache"})

    return Starlette(routes=[Route("/.preview/changes", listen), Mount("/", _Site(directory=out, html=True))])


class _Site(StaticFiles):
    """Plain files, never from the browser's cache, and in each page the script that listens."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if isinstance(response, FileResponse) and response.media_type == "text/html" and scope["method"] == "GET":
            page = await asyncio.to_thread(Path(response.path).read_bytes)
            response = HTMLResponse(page.replace(b"</body>", LISTEN + b"</body>"), response.status_code)
        response.headers["cache-control"] = "no-cache"
        return response


async def _rebuild(root: Path, build: Sequence[str]) -> None:
    """Have a build made whenever a source changes, by a process that is ready for it: Ctrl-C ends it, too.

    One that has read older code is replaced, and so is one that has ended.
    """
    builder = await _started(root, build)
    try:
        async for changed in awatch(*(root / name for name in SOURCES if (root / name).exists())):
            if any(path.endswith(".py") and Path(path).is_relative_to(root / "streamside") for _, path in changed):
                await _ended(builder)
                builder = await _started(root, build)
            if not await _has_built(builder):
                await _ended(builder)
                builder = await _started(root, build)
    finally:
        await _ended(builder)


async def _started(root: Path, build: Sequence[str]) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*build, cwd=root, stdin=pipe, stdout=pipe)


async def _has_built(process: asyncio.subprocess.Process) -> bool:
    """Have it build, and wait until it has; whether it goes on after that."""
    if not (process.stdin and process.stdout):
        return False
    with contextlib.suppress(ConnectionError):
        process.stdin.write(b"\n")
        await process.stdin.drain()
    return bool(await process.stdout.readline())


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End a build: one that waits ends with its input, one that runs has heard the Ctrl-C too, and is ending."""
    if process.stdin:
        process.stdin.close()
    if process.returncode is None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), END_SECONDS)
    if process.returncode is None:
        process.kill()
        await process.wait()


async def _announce(out: Path, changes: Changes) -> None:
    """Tell the open pages whenever the site changes, whoever built it."""
    async for changed in awatch(out):
        paths = [Path(path).relative_to(out) for _, path in changed]
        if finished := [path.as_posix() for path in paths if not path.parts or not path.parts[0].startswith(".")]:
            await changes.add(finished)
