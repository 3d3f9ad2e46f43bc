"""What a server reads in the headers of a request: what a browser says by network, as far as that can be known."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from tests.browser.laboratory import Laboratory

HEADERS = """
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

seen = {}

def page(request):
    return HTMLResponse("<!doctype html><title>Headers</title><p>ready</p>")

def said(request):
    seen[request.url.path] = dict(request.headers)
    return Response(status_code=204)

def told(request):
    return JSONResponse(seen)

app = Starlette(routes=[
    Route("/page", page), Route("/told", told), Route("/events", said), Route("/said", said, methods=["GET", "POST"]),
])
"""

# Asks in three ways, and then for what the server has read.
ASK = """
(async () => {
  await fetch("said", { method: "POST", body: "word" });
  const source = new EventSource("events");
  await new Promise((resolve) => { source.onerror = resolve; });
  return await (await fetch("told")).json();
})()
"""
COMPARED = ("origin", "referer", "cache-control", "pragma", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site")
ALIKE = ("accept-language", "user-agent")


def test_headers_are_those_of_a_request_by_network(
    laboratory: Laboratory, serving: Callable[[Any], str], page: Page
) -> None:
    names: dict[str, Any] = {}
    exec(HEADERS, names)
    host = serving(names["app"])
    page.goto(f"{host}/page")
    there = page.evaluate(ASK)
    run = laboratory.run(HEADERS, path="/page")
    here = run.inside(ASK)
    origin = laboratory.page.evaluate("location.origin")
    for path in ("/said", "/events"):
        for name in COMPARED:
            expected = there[path].get(name)
            assert here[path].get(name) == (expected and expected.replace(host, origin)), (path, name)
        for name in ALIKE:
            assert here[path][name].partition(",")[0] == there[path][name].partition(",")[0]
