"""Browser files from `node_modules` instead of a CDN, so that an example is what a reader would write and runs offline.

An example's page names `https://cdn.jsdelivr.net/npm/PACKAGE@VERSION/FILE`. `local(app)` answers such a link from the
installed package of that very version.
"""

import json
import mimetypes
import re
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from streamside.errors import UserError
from streamside.paths import NODE_MODULES, ROOT

PREFIX = "/.assets/"
PACKAGE_JSON = ROOT / "package.json"
CDN_LINK = re.compile(
    r"https://cdn\.jsdelivr\.net/npm/"
    r"(?P<package>(?:@[\w-][\w.-]*/)?[\w-][\w.-]*)@(?P<version>[\w.-]+)/(?P<file>[\w./-]+)"  # no name begins with "."
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def find(link: str) -> Path:
    """The file in `node_modules` that a CDN link stands for. Raises `UserError` if that version has no such file."""
    match = CDN_LINK.fullmatch(link)
    if not match:
        raise UserError(link, "is not of the form https://cdn.jsdelivr.net/npm/PACKAGE@VERSION/FILE")
    package, version = match["package"], match["version"]
    installed = {_version(folder): folder for folder in (NODE_MODULES / name for name in _names(package))}
    installed.pop(None, None)
    if not installed:
        raise UserError(link, f"{package} is not installed", "add it to package.json and run `npm install`")
    if version not in installed:
        there = " and ".join(map(str, installed))
        raise UserError(link, f"names version {version}, but installed is {there}", "make them the same")
    path = installed[version] / match["file"]
    if ".." in Path(match["file"]).parts or not path.is_file():
        raise UserError(link, f"{package} {version} has no file {match['file']}")
    return path


def _names(package: str) -> list[str]:
    """Under which names `node_modules` has a package: its own, and those that package.json gives to other versions."""
    wanted = json.loads(PACKAGE_JSON.read_text(encoding="utf-8"))["dependencies"].items()
    return [package, *(name for name, version in wanted if version.startswith(f"npm:{package}@"))]


def _version(folder: Path) -> str | None:
    """The version that is installed there, if any is."""
    with suppress(FileNotFoundError):
        return str(json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"])
    return None


def local_path(link: str) -> str:
    """The path under which `local` serves the file of a CDN link. Raises `UserError` if there is no such file."""
    find(link)
    return PREFIX + link.split("/npm/", 1)[1]


def local(app: App) -> App:
    """Wrap an ASGI application: the pages that a browser asks for name our own files, and those files are answered.

    A client that does not ask for `text/html` by name, such as a recording, gets what the application wrote.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await answer("https://cdn.jsdelivr.net/npm/" + scope["path"].removeprefix(PREFIX), send)
        else:
            await app(scope, receive, _Rewriter(send) if _wants_page(scope) else send)

    return application


async def answer(link: str, send: Send) -> None:
    """Send the file of a CDN link, or 404."""
    try:
        path = find(link)
    except UserError as error:
        status, kind, body = 404, "text/plain; charset=utf-8", str(error).encode()
    else:
        status, kind, body = 200, mimetypes.guess_type(path.name)[0] or "application/octet-stream", path.read_bytes()
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _Rewriter:
    """`send` for one response: an HTML page is held until it is whole and its links rewritten, all else passes."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None  # the start of a page that is being held
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_page(self._start)

    async def _send_page(self, start: Message) -> None:
        page = CDN_LINK.sub(lambda match: local_path(match[0]), self._body.decode()).encode()
        headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        await self._send({**start, "headers": [*headers, (b"content-length", str(len(page)).encode())]})
        await self._send({"type": "http.response.body", "body": page})


def _wants_page(scope: Scope) -> bool:
    return scope["type"] == "http" and any(
        name == b"accept" and b"text/html" in value for name, value in scope["headers"]
    )


def _is_page(start: Message) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in start["headers"])
