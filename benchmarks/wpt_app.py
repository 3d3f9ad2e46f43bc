"""A bare ASGI application that serves a checkout of web-platform-tests as the suite's own server does.

It does what the tests of event sources need. It runs under uvicorn and in a page, which has neither files nor threads:
so it is given the files' texts, and a handler (a `.py` file with `main(request, response)`) runs as a coroutine, in
which `time.sleep` lets others go on.
"""

import ast
import asyncio
import http
import mimetypes
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

REPORT = (
    "add_completion_callback((tests) => { globalThis.results = tests.map(({ name, status }) => [name, status]); });"
)
PAGE = """<!doctype html><meta charset="utf-8"><title>{title}</title>
<script src="/resources/testharness.js"></script><script src="/resources/testharnessreport.js"></script>
<div id="log"></div>{scripts}"""
SCRIPT = '<script src="{}"></script>'
START = '<script>fetch_tests_from_worker(new {what}("{worker}"));</script>'
IN_WORKER = """self.GLOBAL = {{ isWindow: () => false, isWorker: () => true, isShadowRealm: () => false }};
importScripts("/resources/testharness.js", "{script}");
done();"""
MADE = re.compile(r"(.*?)(\.any|\.window)?(\.worker|\.sharedworker)?\.(html|js)")


class Values(dict[bytes, Any]):
    """Names and values of a query, of headers, or of cookies."""

    def first(self, name: bytes, default: Any = None) -> Any:
        return self.get(name, default)


class Headers(Values):
    """Headers, whose names are the same in lower and in upper case."""

    def __init__(self, items: Any) -> None:
        super().__init__((name.lower(), value) for name, value in items)

    def get(self, name: bytes, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __getitem__(self, name: bytes) -> Any:
        return super().__getitem__(name.lower())


class Cookie(bytes):
    """A cookie's value."""

    @property
    def value(self) -> bytes:
        return bytes(self)


class Request:
    """What a handler is told of a request."""

    def __init__(self, scope: Any) -> None:
        self.GET = Values(
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in parse_qsl(scope["query_string"].decode("ascii"), True, encoding="latin-1")
        )
        self.headers = Headers(scope["headers"])
        pairs = (pair.strip().partition(b"=") for pair in self.headers.get(b"cookie", b"").split(b";"))
        self.cookies = Values((name, Cookie(value)) for name, _, value in pairs if name)


class Response:
    """What a handler answers with: what it sets here, what it returns, what it writes."""

    def __init__(self, send: Callable[[Any], Awaitable[None]]) -> None:
        self._send = send
        self.status: Any = 200
        self.headers = self.writer = self
        self.fields: list[tuple[bytes, bytes]] = []
        self.has_begun = False
        self.has_body = True

    def set(self, name: bytes, value: bytes | str) -> None:
        self.fields = [field for field in self.fields if field[0].lower() != name.lower()]
        self.append(name, value)

    def append(self, name: bytes, value: bytes | str) -> None:
        self.fields.append((name.lower(), value.encode() if isinstance(value, str) else value))

    def set_cookie(self, name: bytes, value: bytes, expires: Any = None) -> None:
        until = f"; expires={formatdate(expires.timestamp(), usegmt=True)}" if expires else ""
        self.append(b"set-cookie", name + b"=" + value + b"; Path=/" + until.encode())

    def delete_cookie(self, name: bytes) -> None:
        self.append(b"set-cookie", name + b"=; Path=/; Max-Age=0")

    async def write_status_headers(self) -> None:
        self.has_begun = True
        status = int(self.status[0] if isinstance(self.status, tuple) else self.status)
        self.has_body = status not in (204, 205, 304)
        await self._send({"type": "http.response.start", "status": status, "headers": self.fields})

    async def write(self, text: bytes | str) -> None:
        body = text.encode() if isinstance(text, str) else text
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def end(self, body: bytes | str = b"") -> None:
        if not self.has_begun:
            await self.write_status_headers()
        if self.has_body:
            await self.write(body)
        await self._send({"type": "http.response.body"})


class Waits(ast.NodeTransformer):
    """Makes a coroutine of a handler: what takes time there is awaited."""

    CALLS = ("time.sleep", "response.writer.write", "response.write_status_headers")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        return ast.AsyncFunctionDef(**{name: getattr(node, name) for name in node._fields})

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = ast.unparse(node.func)
        if name not in self.CALLS:
            return self.generic_visit(node)
        if name == "time.sleep":
            node.func = ast.parse("asyncio.sleep", mode="eval").body
        return ast.Await(node)


class Checkout:
    """The application: `files` are the texts of a checkout, by path."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise NotImplementedError
        request, response = Request(scope), Response(send)
        path = scope["path"]
        handler = self.files.get(path[1:]) if path.endswith(".py") else None
        answering = asyncio.ensure_future(
            self._handle(handler, request, response) if handler else self._give(path, request, response)
        )
        leaving = asyncio.ensure_future(left(receive))
        await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
        for task in (answering, leaving):
            task.cancel()
        await asyncio.wait([answering, leaving])
        if not answering.cancelled():
            answering.result()

    async def _handle(self, source: str, request: Request, response: Response) -> None:
        names: dict[str, Any] = {"asyncio": asyncio, "time": time}
        tree = ast.fix_missing_locations(Waits().visit(ast.parse(source)))
        exec(compile(tree, "handler", "exec"), names)
        returned = await names["main"](request, response)
        *head, body = returned if isinstance(returned, tuple) else (returned or b"",)
        for name, value in head.pop() if head else []:
            response.append(name, value)
        if head:
            response.status = head[0]
        await response.end(body)

    async def _give(self, path: str, request: Request, response: Response) -> None:
        text = self.files.get(path[1:]) or made(path, self.files)
        if text is None:
            response.status, text = http.HTTPStatus.NOT_FOUND, "Not Found"
        if request.GET.first(b"pipe") == b"sub":
            known = {name.decode(): value.decode() for name, value in request.headers.items()}
            text = re.sub(r"\{\{headers\[([\w-]+)\]\}\}", lambda found: known.get(found[1], ""), text)
        is_stream = path.endswith(".event_stream")
        response.set(
            b"content-type", "text/event-stream" if is_stream else mimetypes.guess_type(path)[0] or "text/plain"
        )
        await response.end(text)


async def left(receive: Any) -> None:
    """Until the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def made(path: str, files: Mapping[str, str]) -> str | None:
    """A page or a worker that the suite's server makes of a script; None if there is no such script."""
    if path == "/resources/testharnessreport.js":
        return REPORT
    found = MADE.fullmatch(path)
    script = f"{found[1]}{found[2] or '.worker'}.js" if found else ""
    text = files.get(script[1:])
    if not found or text is None:
        return None
    if found[4] == "js":
        return IN_WORKER.format(script=script)
    title, more = re.findall(r"^// META: title=(.*)", text, re.M), re.findall(r"^// META: script=(.*)", text, re.M)
    if not found[3]:
        return PAGE.format(title="".join(title), scripts="".join(map(SCRIPT.format, [*more, script])))
    what = "SharedWorker" if found[3] == ".sharedworker" else "Worker"
    start = START.format(what=what, worker=f"{found[1]}{found[2] or ''}.worker.js")
    return PAGE.format(title="".join(title), scripts=start)
