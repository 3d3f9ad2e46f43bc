"""Answers that are packed, in other encodings, or for requests without cookies: as from a server by network."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.laboratory import Laboratory

PACKED = """
import asyncio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route

async def numbers():
    for number in range(3):
        yield f"id: {number}\\ndata: {number}\\n\\n"
    await asyncio.Event().wait()

class Packed:
    # GZipMiddleware leaves event streams as they are; some others do not.
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        import zlib
        pack = zlib.compressobj(wbits=31)

        async def send_packed(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-encoding", b"gzip")]
            else:
                piece = pack.compress(message.get("body", b"")) + pack.flush(zlib.Z_SYNC_FLUSH)
                message = {**message, "body": piece}
            await send(message)

        await self.app(scope, receive, send_packed)

def page(request):
    return HTMLResponse("<!doctype html><title>Packed</title><p>" + "long " * 999 + "<script>events = [];"
        "new EventSource('stream').onmessage = (event) => events.push(event.data)</script>")

def stream(request):
    return StreamingResponse(numbers(), media_type="text/event-stream")

app = Starlette(
    routes=[Route("/", page), Route("/stream", Packed(Starlette(routes=[Route("/stream", stream)])))],
    middleware=[Middleware(GZipMiddleware)],
)
"""


def test_what_an_application_packs_arrives_unpacked(laboratory: Laboratory) -> None:
    run = laboratory.run(PACKED)
    run.wait("run.wire.filter((each) => each.what === 'event').length === 3")
    assert run.inside("document.body.textContent").count("long") == 999
    assert run.inside("events") == ["0", "1", "2"]
    page, stream = run.wire(kind="response")
    assert dict(page["headers"])["content-encoding"] == "gzip"
    assert dict(stream["headers"])["content-encoding"] == "gzip"
    assert "data: 0\n" in "".join(chunk["text"] for chunk in run.wire(kind="chunk", connection=stream["connection"]))


WRITTEN = """
from starlette.responses import HTMLResponse, Response

PAGE = "<!doctype html><title>Gr\u00fc\u00dfe</title><script>source = new EventSource('stream')</script>"

async def app(scope, receive, send):
    if scope["type"] == "http":
        body, kind = (PAGE.encode("ENCODING"), "TYPE") if scope["path"] == "/" else (b"", "text/event-stream")
        await Response(body, headers={"content-type": kind})(scope, receive, send)
"""


@pytest.mark.parametrize(
    ("encoding", "kind"),
    [
        ("utf-8", "text/html; charset=utf-8"),
        ("utf-8-sig", "text/html"),
        ("utf-16", "text/html"),
        ("utf-16le", "text/html; charset=utf-16le"),
        ("utf-16be", "text/html; charset=utf-16be"),
        ("latin-1", "text/html; charset=iso-8859-1"),
    ],
)
def test_pages_in_other_encodings_are_read_and_watched(laboratory: Laboratory, encoding: str, kind: str) -> None:
    run = laboratory.run(WRITTEN.replace("ENCODING", encoding).replace("TYPE", kind))
    run.wait("run.wire.some((each) => each.what === 'created')")
    assert run.inside("document.title") == "Grüße"
    assert run.inside("document.compatMode") == "CSS1Compat"
    assert "<title>Grüße</title>" in "".join(chunk["text"] for chunk in run.wire(kind="chunk"))


HEADS = """
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

def page(request):
    return HTMLResponse("<!doctype html><title>Heads</title><p>ready")

def answer(request):
    return PlainTextResponse("0123456789", status_code=request.path_params["status"])

app = Starlette(routes=[Route("/", page), Route("/{status:int}", answer, methods=["GET", "HEAD"])])
"""
ASK = """Promise.all([["200", "GET"], ["404", "GET"], ["200", "HEAD"], ["299", "GET"]].map(async ([path, method]) => {
  const { status, statusText, headers } = await fetch(path, { method });
  return [status, statusText, headers.get("content-length")];
}))"""


def test_an_answer_has_its_reason_and_its_length(laboratory: Laboratory) -> None:
    run = laboratory.run(HEADS)
    ok = [200, "OK", "10"]
    assert run.inside(ASK) == [ok, [404, "Not Found", "10"], ok, [299, "", "10"]]


COOKIES = """
from starlette.responses import PlainTextResponse

async def app(scope, receive, send):
    if scope["type"] == "http":
        had = dict(scope["headers"]).get(b"cookie", b"none").decode()
        answer = PlainTextResponse(had)
        answer.set_cookie("mine", "1")
        answer.set_cookie("others", "1", domain="example.org")
        await answer(scope, receive, send)
"""


def test_cookies_are_kept_from_other_sites_and_from_requests_that_omit_them(laboratory: Laboratory) -> None:
    run = laboratory.run(COOKIES)
    assert run.inside("fetch('x').then((response) => response.text())") == "mine=1"
    assert run.inside("fetch('x', { credentials: 'omit' }).then((response) => response.text())") == "none"


SCRIPTED = """
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

def page(request):
    answer = HTMLResponse("<!doctype html><title>Cookies</title><p>ready</p>")
    answer.set_cookie("key", "hidden", httponly=True)
    answer.set_cookie("with_page", "1")
    return answer

def login(request):
    answer = PlainTextResponse("")
    answer.set_cookie("user", "ada")
    answer.delete_cookie("with_page")
    return answer

def told(request):
    return PlainTextResponse(request.headers.get("cookie", "").encode("latin-1").decode())

app = Starlette(routes=[Route("/deep/page", page), Route("/deep/login", login), Route("/deep/told", told)])
"""
SET = [
    "a=1",
    "b = two words ; path=/",
    "c=3; Path=/deep",
    "c=4; Path=/deep/page",
    "d=5; Path=/elsewhere",
    "e=6; Max-Age=100; expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "f=7; expires=Thu, 01 Jan 2099 00:00:00 GMT",
    "f=8; path=relative",
    "g=9; HttpOnly",
    "h=10; domain=example.org",
    "key=mine; path=/",
    "nameless",
    "i=ü€; SameSite=Lax",
    "j=a=b=c",
    "k=11",
    "k=; max-age=0",
    "l=bad\x01",
    "",
    "m=12; Max-Age=x",
]
SCRIPT = """
(async (all) => {
  const seen = [document.cookie];
  for (const each of all) document.cookie = each;
  const told = fetch("told").then((answer) => answer.text()); // in the same turn
  seen.push(document.cookie, await told);
  await fetch("login");
  seen.push(document.cookie);
  document.cookie = "late=1";
  window.left = true;
  location.reload();
  return seen;
})
"""


def test_scripts_and_the_server_see_the_same_cookies_as_by_network(
    laboratory: Laboratory, serving: Callable[[Any], str], page: Page
) -> None:
    names: dict[str, Any] = {}
    exec(SCRIPTED, names)
    page.goto(f"{serving(names['app'])}/deep/page")
    with page.expect_navigation():
        there = page.evaluate(SCRIPT, SET)
    run = laboratory.run(SCRIPTED, path="/deep/page")
    other = laboratory.page.evaluate_handle(
        f"""() => new Promise((resolve) => {{
          const other = document.createElement("iframe");
          other.src = {run.name}.running.url;
          other.onload = () => resolve(other);
          {run.name}.frame.after(other);
        }})"""
    )
    here = run.inside(f"{SCRIPT}({json.dumps(SET)})")
    assert here == there
    run.wait("!run.frame.contentWindow.left && run.frame.contentDocument.readyState === 'complete'")
    # What a script sets as it leaves may come after what the next page sets: only their order tells.
    assert sorted(run.inside("document.cookie").split("; ")) == sorted(page.evaluate("document.cookie").split("; "))
    assert other.evaluate("(frame) => frame.contentWindow.eval('document.cookie')") == run.inside("document.cookie")
    other.evaluate("(frame) => frame.remove()")
    assert laboratory.page.evaluate("document.cookie") == ""  # the host knows nothing of them
