"""What htmx and its extension make of a page, on a network that the test plays."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import pytest

from streamside.htmx_page import Exchange, Page, Source
from streamside.visitor import Clock


class Network:
    """Notes what it is asked for and told; answers what is fetched with a paragraph, a tenth of a second later."""

    def __init__(self) -> None:
        self.whole = asyncio.Event()
        self.whole.set()
        self.asked: list[str] = []
        self.told: list[dict[str, Any]] = []

    def open(self, method: str, path: str, _headers: dict[str, str], *, source: Source | None = None) -> Exchange:
        self.asked.append(f"{method} {path}")
        return Exchange(str(len(self.asked)), method, path, source)

    async def fetch(self, method: str, path: str, _headers: dict[str, str], body: bytes = b"") -> str:
        self.asked.append(f"{method} {path} {body.decode()}".strip())
        await asyncio.sleep(0.1)
        return f"<p>{path}</p>"

    def leave(self, exchange: Exchange) -> None:
        self.asked.append(f"left {exchange.path}")

    def tell(self, kind: str, **said: Any) -> None:
        self.told.append({"kind": kind, **said})


def on_a_page(html: str, test: Callable[[Page, Network], Awaitable[None]]) -> None:
    async def run() -> None:
        network = Network()
        page = Page(network, "/", html)
        page.begin(page.root)
        await asyncio.sleep(0.01)
        await test(page, network)
        page.leave()

    with closing(Clock()) as clock:
        clock.run_until_complete(run())


def send(page: Page, *types: str) -> None:
    for kind in types:
        page.sources[0].hear(f"event: {kind}\ndata: {kind}\n\n".encode())


@pytest.mark.parametrize(
    ("how", "shown"), [("innerHTML", "b out"), ("beforeend show:bottom", "old a b out"), ("outerHTML", "a out")]
)
def test_events_are_swapped_in_where_their_type_is_named(how: str, shown: str):
    html = f'<div sse-connect="s"><p sse-swap="a, b" hx-swap="{how}">old</p></div><p sse-swap="a">out</p>'

    async def test(page: Page, network: Network) -> None:
        assert network.asked == ["GET /s"]
        send(page, "a", "b", "c")
        assert page.root.text.split() == shown.split()
        unheard = [each["type"] for each in network.told if each.get("unheard")]
        assert unheard == (["b", "c"] if how == "outerHTML" else ["c"])

    on_a_page(html, test)


def test_a_type_closes_the_source_and_so_does_what_takes_its_element_away():
    async def test(page: Page, network: Network) -> None:
        send(page, "done")
        assert network.asked == ["GET /s", "left /s"]
        assert page.sources == []

    on_a_page('<div sse-connect="s" sse-close="done"></div>', test)

    async def test_swap(page: Page, network: Network) -> None:
        await page.ask(next(page.root.with_attribute("hx-get")), {"name": "R&D"})
        assert network.asked == ["GET /s", "GET /there?name=R%26D", "left /s"]
        assert page.root.text == "/there?name=R%26D"

    on_a_page('<form hx-get="there" hx-target="#x"></form><div id="x"><p sse-connect="s"></p></div>', test_swap)


@pytest.mark.parametrize(
    ("trigger", "times"),
    [
        ("sse:a", [0, 0.1, 1]),  # of three at once the second waits, and the third takes its place
        ("sse:a delay:500ms", [0.5, 1.5]),
        ("sse:a throttle:2s", [0]),
        ("sse:b", []),
    ],
)
def test_events_start_requests_as_the_trigger_says(trigger: str, times: list[float]):
    async def test(page: Page, network: Network) -> None:
        asked = []
        began = asyncio.get_running_loop().time()
        fetch = network.fetch

        async def timed(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> str:
            asked.append(round(asyncio.get_running_loop().time() - began, 2))
            return await fetch(method, path, headers, body)

        network.fetch = timed  # type: ignore[method-assign]
        send(page, "a", "a", "a")
        await asyncio.sleep(1)
        send(page, "a")
        await asyncio.sleep(1)
        assert asked == times

    on_a_page(f'<div sse-connect="s"><p hx-post="news" hx-trigger="{trigger}"></p></div>', test)


def test_what_asks_when_it_is_there_and_what_a_script_opens():
    async def test(page: Page, network: Network) -> None:
        await asyncio.sleep(0.2)
        assert sorted(network.asked) == ["GET /more", "GET /s"]
        assert page.root.text == "/more"
        send(page, "a", "done")
        assert network.asked[2:] == ["left /s"]

    script = 'const source = new EventSource("s"); source.addEventListener("done", () => source.close());'
    on_a_page(f'<p hx-get="more" hx-trigger="load"></p><script>{script}</script>', test)


def test_a_source_reconnects_with_its_reconnection_time_when_the_cable_is_whole():
    async def test(page: Page, network: Network) -> None:
        (source,) = page.sources
        source.hear(b"retry: 500\nid: 3\n\n")
        network.whole.clear()
        source.lost()
        await asyncio.sleep(0.6)
        assert network.asked == ["GET /s"]
        network.whole.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert network.asked == ["GET /s", "GET /s"]
        assert source.parser.last_event_id == "3"

    on_a_page('<p sse-connect="s"></p>', test)


@pytest.mark.parametrize(("status", "kind"), [(204, ""), (200, "text/html")])
def test_what_is_no_stream_closes_a_source_for_good(status: int, kind: str):
    async def test(page: Page, network: Network) -> None:
        exchange = Exchange("1", "GET", "/s", page.sources[0])
        exchange.status, exchange.headers = status, {"content-type": kind}
        page.all_sources[0].answered(exchange)
        page.all_sources[0].lost()
        await asyncio.sleep(10)
        assert network.asked == ["GET /s"]
        assert network.told[-1]["readyState"] == 2

    on_a_page('<p sse-connect="s"></p>', test)


HTMX4 = """<div id="s" hx-sse-connect="s" hx-sse-close="done" hx-target="#out"><p id="n">none</p></div><p id="out"></p>
<p hx-post="news" hx-trigger="bell from:#s">quiet</p>"""


def test_of_htmx_4_messages_are_swapped_and_named_ones_fired():
    async def test(page: Page, network: Network) -> None:
        [stream] = page.sources
        stream.hear(b"data: <b>1</b>\n\nevent: bell\n\n")
        part = '<hx-partial hx-target="#n" hx-swap="beforeend"><b>2</b></hx-partial>'
        stream.hear(f"data: {part}{part.replace('2', '3')}\n\n".encode())
        await asyncio.sleep(0.2)
        assert page.root.text.split() == ["none", "2", "3", "1", "/news"]
        assert network.asked == ["GET /s", "POST /news"]
        stream.hear(b"event: done\n\ndata: late\n\n")
        assert network.asked[2:] == ["left /s"]
        assert "late" not in page.root.text

    on_a_page(HTMX4, test)


def test_htmx_4_asks_again_by_its_own_rules():
    answers = (200, "id: 7\ndata\n\n", 0.5), (503, "", 1), (503, "", 2), (204, "", 0.5), (200, "retry: 9s\ndata\n\n", 0)

    async def test(page: Page, network: Network) -> None:
        [stream] = page.sources
        for number, (status, text, pause) in enumerate(answers, 2):
            exchange = Exchange("", "GET", "/s", stream)
            exchange.status, exchange.headers = status, {"content-type": "text/event-stream"}
            stream.answered(exchange)
            stream.hear(text.encode())
            stream.lost()
            await asyncio.sleep(max(0, pause - 0.05))
            assert len(network.asked) == number - 1
            await asyncio.sleep(0.1)
            assert len(network.asked) == number
        assert stream.parser.last_event_id == "7"

    on_a_page(HTMX4, test)

    async def test_failure(page: Page, network: Network) -> None:
        [stream] = page.sources
        stream.answered(Exchange("", "GET", "/s", stream))
        stream.lost()
        await asyncio.sleep(1)
        assert network.asked == ["GET /s"]

    on_a_page(HTMX4, test_failure)
