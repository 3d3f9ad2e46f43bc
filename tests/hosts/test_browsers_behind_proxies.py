"""Browsers before a proxy: six connections or one, what a reload does to streams, what each client makes of a 502."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import trustme
import uvicorn
from playwright.sync_api import Browser, Page
from starlette.responses import HTMLResponse, Response, StreamingResponse

from examples import fetch_stream, in_starlette, one_stream, open_close_resume
from streamside.process import free_port
from streamside.proxies import Proxy
from streamside.server import serve
from tests.hosts.test_complete_configurations import configuration
from tests.patience import PATIENCE

SOURCES = """([count, path]) => {
    window.opened = window.heard = 0;
    window.sources = Array.from({ length: count }, () => {
        const source = new EventSource(path);
        source.onopen = () => { window.opened++; };
        source.onmessage = () => { window.heard++; };
        return source;
    });
}"""

NOTE_IDS = "{ window.ids = []; sources[0].addEventListener('message', ({ lastEventId }) => ids.push(lastEventId)); }"


@contextmanager
def on(port: int, app: Any, **options: Any) -> Iterator[None]:
    """uvicorn on a port that is known before."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=0.1, **options)  # type: ignore[arg-type]
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


@pytest.fixture
def trusting(browser: Browser) -> Iterator[Page]:
    """A page that believes every certificate."""
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    yield page
    context.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(one_stream, "PAUSE", 0.1)


def test_over_http_1_the_seventh_stream_waits_until_another_is_closed(page: Page):
    with serve(one_stream.app) as server:
        page.goto(f"{server.url}/nothing")
        page.evaluate(SOURCES, [7, "events"])
        page.wait_for_function("opened === 6 && heard > 18")  # the others hear their third event, it none
        assert page.evaluate("sources.filter((each) => each.readyState === 0).length") == 1
        page.evaluate("sources.find((each) => each.readyState === 1).close()")
        page.wait_for_function("opened === 7")
        page.goto("about:blank")


def test_over_http_2_all_are_open_and_a_reload_of_nginx_leaves_them_so(before: Callable[..., Proxy], trusting: Page):
    with serve(one_stream.app) as server:
        proxy = before("nginx", configuration("nginx"), server.url)
        trusting.goto(f"{proxy.url}/nothing")
        trusting.evaluate(SOURCES, [20, "events"])
        trusting.wait_for_function("opened === 20")
        proxy.reload()
        heard = trusting.evaluate("heard")
        trusting.wait_for_function("(heard) => window.heard > heard + 40", arg=heard)
        assert trusting.evaluate("opened") == 20
        trusting.goto("about:blank")


@pytest.mark.parametrize(
    ("app", "path", "expected"), [(in_starlette.app, "sse-stream", 20), (one_stream.app, "events", 0)]
)
def test_uvicorn_speaks_http_2_itself_but_not_for_fasthtml(trusting: Page, tmp_path: Path, app, path, expected):
    """FastHTML waits for the body of every request; uvicorn 0.54 with zttp 0.0.35 does not say that there is none."""
    both = str(tmp_path / "both.pem")
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(both)
    port = free_port()
    with on(port, app, http="zttp", http2=True, ssl_certfile=both, ssl_keyfile=both):
        trusting.goto(f"https://127.0.0.1:{port}/nothing")
        trusting.evaluate(SOURCES, [20, path])
        if expected:
            trusting.wait_for_function("opened === 20")
        else:
            trusting.wait_for_timeout(500)
        assert trusting.evaluate("opened") == expected
        trusting.goto("about:blank")


def test_an_event_source_that_nginx_tells_to_wait_goes_on_where_it_was(before: Callable[..., Proxy], trusting: Page):
    port = free_port()
    quicker = re.sub(r" ([2345]000);", r" 300;", configuration("nginx"))
    proxy = before("nginx", quicker, f"http://127.0.0.1:{port}")
    with on(port, one_stream.app):
        trusting.goto(f"{proxy.url}/nothing")
        trusting.evaluate(SOURCES, [1, "events"])
        trusting.evaluate(NOTE_IDS)
        trusting.wait_for_function("ids.length >= 2")
    trusting.wait_for_function("opened >= 3")  # twice without a server
    before_it_was_back = len(trusting.evaluate("ids"))
    with on(port, one_stream.app):
        trusting.wait_for_function("(count) => ids.length > count + 2", arg=before_it_was_back)
        ids = trusting.evaluate("ids.map(Number)")
        trusting.goto("about:blank")
    assert ids == list(range(ids[0], ids[0] + len(ids))), "none lost, none doubled"


CDN = "https://cdn.jsdelivr.net/npm"
HTMX_2 = f"""<!doctype html><meta charset="utf-8"><title>Clients</title>
<script src="{CDN}/htmx.org@2.0.7/dist/htmx.min.js"></script>
<script src="{CDN}/htmx-ext-sse@2.2.4/dist/sse.min.js"></script>
<div hx-ext="sse" sse-connect="events?who=htmx 2" sse-swap="message"></div>
<iframe src="four"></iframe>
<script type="module">
new EventSource("events?who=EventSource");
{open_close_resume.SCRIPT.partition("const find")[0]}
const stream = new ResumableStream("events?who=lesson 9");
stream.on("message", () => {{}});
stream.open();
</script>
<script type="module">
{fetch_stream.PARSER}{fetch_stream.EVENTS}
const signal = new AbortController().signal;
for await (const event of events("events?who=lesson 14", {{ signal, onlost() {{}} }}));
</script>
"""
HTMX_4 = f"""<!doctype html><meta charset="utf-8"><title>htmx 4</title>
<script src="{CDN}/htmx.org@4.0.1/dist/htmx.min.js"></script>
<script src="{CDN}/htmx.org@4.0.1/dist/ext/hx-sse.js"></script>
<div hx-sse:connect="events?who=htmx 4"></div>
"""


class Deploy:
    """A server of streams: they end, then it says 502 as a proxy would, and then it is back."""

    def __init__(self) -> None:
        self.asked: dict[str, list[str]] = {}  # who: the last event ID that came with each request
        self.away = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            query = parse_qs(scope["query_string"].decode().replace("?", "&"))
            pages = {"/": HTMX_2, "/four": HTMX_4}
            answer = self.stream(scope, query) if "who" in query else HTMLResponse(pages.get(scope["path"], ""))
            await answer(scope, receive, send)

    def stream(self, scope: Any, query: dict[str, list[str]]) -> Response:
        header = dict(scope["headers"]).get(b"last-event-id", b"").decode()
        said = f"query {query['last_event_id'][0]}" if "last_event_id" in query else header and f"header {header}"
        self.asked.setdefault(query["who"][0], []).append(said)
        if self.away:
            return HTMLResponse("<h1>502 Bad Gateway</h1>", 502)
        return StreamingResponse(self.event(), media_type="text/event-stream")

    async def event(self) -> AsyncIterator[str]:
        yield "retry: 200\nid: 7\ndata: 7\n\n"
        while not self.away:  # noqa: ASYNC110  # an event of asyncio's cannot be set from the test's thread
            await asyncio.sleep(0.02)

    def wait(self, count: int, whom: set[str]) -> None:
        """Until each of them has asked so many times."""
        deadline = time.monotonic() + PATIENCE
        while any(len(self.asked.get(who, [])) < count for who in whom):
            assert time.monotonic() < deadline, self.asked
            time.sleep(0.02)


def test_what_each_client_makes_of_a_deploy(serving: Callable[[Any], str], page: Page):
    """Lesson 19 has this as a table."""
    server = Deploy()
    page.goto(serving(server))
    everybody = {"EventSource", "lesson 9", "lesson 14", "htmx 2", "htmx 4"}
    server.wait(1, everybody)
    server.away = True
    server.wait(2, everybody)
    server.away = False
    server.wait(3, everybody - {"EventSource"})
    assert {who: said[1] for who, said in server.asked.items()} == dict.fromkeys(everybody, "header 7")
    assert {who: said[-1] for who, said in server.asked.items()} == {
        "EventSource": "header 7",
        "htmx 2": "",
        "htmx 4": "header 7",
        "lesson 9": "query 7",
        "lesson 14": "header 7",
    }
    assert len(server.asked["EventSource"]) == 2  # it has given up
    server.away = True
    page.goto("about:blank")
