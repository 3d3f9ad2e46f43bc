"""When nginx holds a stream back, and what is said to make it do so and does not (lesson 19)."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from socket import create_server

import pytest
import uvicorn

from streamside import examination
from streamside.client import record
from streamside.findings import findings
from streamside.proxies import Proxy
from streamside.server import serve
from tests.hosts.conftest import Pieces
from tests.patience import PATIENCE

CONFIGURATION = """
events {}
http {
    proxy_cache_path cache keys_zone=kept:1m;
    server {
        listen 80;
        location / {
            proxy_pass http://127.0.0.1:8000;
            %s
        }
    }
}
"""
GZIP = "gzip on; gzip_types text/event-stream; "
CACHE = "proxy_cache kept; proxy_cache_valid 200 1m; "
OLD, NEW = "proxy_http_version 1.0; ", "proxy_http_version 1.1; "
SAID, UNSAID = "x-accel-buffering=no", ""
AS_THEY_COME, ALL_AT_ONCE = "as they come", "all at once"
SOON = 0.5  # seconds in which what is not held back would have come


@pytest.fixture
def urls(pieces: Pieces) -> Iterator[dict[str, str]]:
    """The same application on uvicorn twice: httptools frames pieces for HTTP/1.0 too, where h11 leaves them bare."""
    with serve(pieces) as httptools, create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(pieces, http="h11", log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield {"httptools": httptools.url, "h11": "http://{}:{}".format(*listening.getsockname())}
        pieces.go.set()
        server.should_exit = True
        thread.join(PATIENCE)


def comes(url: str, header: str = "", seconds: float = PATIENCE) -> bool:
    """Whether a first piece comes, while the second is still to be sent."""
    with socket.create_connection(url.split("/")[2].split(":")) as wire:
        wire.settimeout(seconds)
        path = "/".join(url.split("/")[3:]) + (f"?{header}" if header else "")
        wire.sendall(f"GET /{path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        try:
            return wire.recv(4096).startswith(b"HTTP/1.1 200 ")
        except TimeoutError:
            return False


# What is before the application, its header, and how the pieces come through: nginx's lines, or those of two in a row.
CASES = [
    ("h11", OLD, UNSAID, ALL_AT_ONCE),
    ("h11", OLD, SAID, AS_THEY_COME),
    ("h11", NEW, UNSAID, AS_THEY_COME),
    ("h11", f"{OLD} proxy_buffering off;", UNSAID, AS_THEY_COME),
    ("httptools", OLD, UNSAID, AS_THEY_COME),
    ("httptools", NEW + GZIP, UNSAID, ALL_AT_ONCE),
    ("httptools", NEW + GZIP, "cache-control=no-transform", ALL_AT_ONCE),
    ("httptools", NEW + GZIP, SAID, AS_THEY_COME),
    ("httptools", f"{NEW} gzip on;", UNSAID, AS_THEY_COME),  # which is for text/html
    ("httptools", f"{NEW} sub_filter a b; sub_filter_types *;", UNSAID, AS_THEY_COME),
    ("httptools", f"{NEW} ssi on; ssi_types *;", UNSAID, AS_THEY_COME),
    ("httptools", f"{NEW} postpone_output 1460; tcp_nodelay off;", UNSAID, AS_THEY_COME),
    ("httptools", NEW + CACHE, UNSAID, AS_THEY_COME),
]
INNER = (OLD, f"{OLD} proxy_pass_header X-Accel-Buffering;")
TWO_CASES = [
    (0, OLD, ALL_AT_ONCE),  # the header is for the first, which eats it
    (0, NEW, AS_THEY_COME),
    (1, OLD, AS_THEY_COME),
]


def test_an_examination_tells_it_from_a_server_that_is_away(urls, before: Callable[..., Proxy], monkeypatch):
    monkeypatch.setattr(examination, "SILENCE_SECONDS", 2 * SOON)
    proxy = before("nginx", CONFIGURATION % (NEW + GZIP), urls["httptools"])
    found = {each.about: each for each in findings(examination.examine(proxy.url, {}, 1))}
    assert found["compression"].verdict == "wrong"
    assert found["buffering"].what.startswith("nginx")


def test_what_holds_back_and_what_does_not(urls, before: Callable[..., Proxy]):
    """All at the same time, each below a path of its own."""

    def many(ways: list[tuple[str, str]]) -> str:
        blocks = (f"location /{n}/ {{ proxy_pass {to}/; {lines} }}" for n, (to, lines) in enumerate(ways))
        return CONFIGURATION.replace("location / {", "\n".join([*blocks, "location / {"])) % ""

    inner = before("nginx", many([(urls["httptools"], lines) for lines in INNER]), urls["httptools"]).url
    cases = [*CASES, *TWO_CASES]
    ways = [(urls[server], lines) for server, lines, *_ in CASES]
    ways += [(f"{inner}/{number}", lines) for number, lines, _ in TWO_CASES]
    outer = before("nginx", many(ways), urls["httptools"]).url
    said = [header for _, _, header, _ in CASES] + [SAID] * len(TWO_CASES)
    with ThreadPoolExecutor(len(ways)) as readers:
        patience = [PATIENCE if case[-1] == AS_THEY_COME else SOON for case in cases]
        found = readers.map(lambda n: comes(f"{outer}/{n}/", said[n], patience[n]), range(len(ways)))
        assert [case for case, came in zip(cases, found, strict=True) if came != (case[-1] == AS_THEY_COME)] == []


def test_a_cache_gives_the_next_reader_a_copy_and_no_store_keeps_it_from_that(urls, pieces, before):
    lines = f"{NEW}{CACHE} proxy_cache_lock on;"
    url = before("nginx", CONFIGURATION % lines, urls["httptools"]).url
    first = HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)
    first.request("GET", "/")
    answer = first.getresponse()
    assert answer.read1() == b"data: 1\n\n"
    assert not comes(f"{url}/", seconds=SOON)  # it waits for the first one's end
    pieces.go.set()
    assert answer.read() == b"data: 2\n\n"
    first.close()
    pieces.go.clear()
    assert len(record(f"{url}/").events) == 2  # which no server has sent
    assert comes(f"{url}/", "cache-control=no-store")
    assert comes(f"{url}/", "cache-control=no-store")


def test_a_silence_is_cut_and_without_chunks_that_looks_like_an_end(urls, before: Callable[..., Proxy]):
    lines = f"{NEW} proxy_read_timeout 300ms;"
    cut = before("nginx", CONFIGURATION % lines, urls["httptools"])
    unchunked = before("nginx", CONFIGURATION % f"{lines} chunked_transfer_encoding off;", urls["httptools"])
    recorded = [record(f"{proxy.url}/") for proxy in (cut, unchunked)]
    assert [(each.ended_by, len(each.events)) for each in recorded] == [("network", 1), ("server", 1)]


@pytest.mark.parametrize(("header", "all_taken"), [(UNSAID, True), (SAID, False)])
def test_who_reads_slowly_holds_up_the_server_only_where_nothing_is_buffered(before, header, all_taken):
    """30 MB for a reader who reads nothing: nginx takes them into files."""
    taken, stopped = [], threading.Event()

    async def flood(scope, receive, send):
        if scope["type"] != "http":
            return
        headers = [tuple(each.encode() for each in header.split("="))] if header else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for _ in range(300):
            await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
            taken.append(100_000)
            if len(taken) == 300:
                stopped.set()

    with serve(flood) as server:
        url = before("nginx", CONFIGURATION % NEW, server.url).url
        reader = HTTPConnection(url.removeprefix("http://"))
        reader.request("GET", "/")
        assert stopped.wait(PATIENCE if all_taken else SOON) == all_taken
        reader.close()
