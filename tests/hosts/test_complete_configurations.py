"""The configurations in examples/proxies do what lesson 19 says of them, before one of the examples."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
import uvicorn

from examples import one_stream
from streamside.paths import ROOT
from streamside.process import free_port
from streamside.proxies import Proxy
from streamside.server import serve
from tests.patience import PATIENCE

TEXTS = {"nginx": "nginx.conf", "caddy": "Caddyfile"}
STREAM = {"accept": "text/event-stream", "accept-encoding": "gzip"}


def configuration(name: str) -> str:
    return (ROOT / "examples/proxies" / TEXTS[name]).read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(one_stream, "PAUSE", 0.1)


@contextmanager
def client(proxy: Proxy, http2: bool = True) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=proxy.url, http2=http2, verify=proxy.trust, timeout=PATIENCE) as asking:
        yield asking


def events(lines: Iterator[str], count: int) -> list[str]:
    found = []
    while len(found) < count:
        line = next(lines)
        if line.startswith("id: "):
            found.append(line.removeprefix("id: "))
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_a_stream_is_passed_on_as_it_comes_with_all_that_it_says(name: str, before: Callable[..., Proxy]):
    with serve(one_stream.app) as server:
        proxy = before(name, configuration(name), server.url)
        with client(proxy) as asking, asking.stream("GET", "/events?last_event_id=4", headers=STREAM) as answer:
            began = time.monotonic()
            assert answer.http_version == "HTTP/2"
            assert answer.headers["cache-control"] == "no-store, no-transform"
            assert "content-encoding" not in answer.headers
            assert events(answer.iter_lines(), 2) == ["5", "6"]
            assert time.monotonic() - began < PATIENCE / 2
        # Eight streams and a page, all over one connection.
        with client(proxy) as asking:
            streams = [asking.send(asking.build_request("GET", "/events"), stream=True) for _ in range(8)]
            page = asking.get("/")
            ports = {each.extensions["network_stream"].get_extra_info("client_addr") for each in (*streams, page)}
            for each in streams:
                each.close()
        assert page.status_code == 200
        assert len(ports) == 1


@pytest.mark.parametrize("name", TEXTS)
def test_a_reload_leaves_streams_open(name: str, before: Callable[..., Proxy]):
    """With HTTP/1.1: httpx2 2.16 gives up an HTTP/2 connection that has been told to end; browsers do not."""
    with serve(one_stream.app) as server:
        proxy = before(name, configuration(name), server.url)
        with client(proxy, http2=False) as asking, asking.stream("GET", "/events", headers=STREAM) as answer:
            lines = answer.iter_lines()
            assert events(lines, 1) == ["1"]
            proxy.reload()
            assert events(lines, 2) == ["2", "3"]
            assert asking.get("/").status_code == 200


def test_nginx_ends_the_streams_of_old_workers_after_a_while(before: Callable[..., Proxy]):
    text = configuration("nginx").replace("worker_shutdown_timeout 1m;", "worker_shutdown_timeout 200ms;")
    with serve(one_stream.app) as server:
        proxy = before("nginx", text, server.url)
        with client(proxy, http2=False) as asking, asking.stream("GET", "/events", headers=STREAM) as answer:
            lines = answer.iter_lines()
            events(lines, 1)
            proxy.reload()
            with pytest.raises(httpx2.RemoteProtocolError):
                events(lines, 100)


def test_a_stopped_caddy_waits_for_streams_as_long_as_it_is_told(before: Callable[..., Proxy]):
    text = configuration("caddy").replace("grace_period 10s", "grace_period 300ms")
    with serve(one_stream.app) as server:
        proxy = before("caddy", text, server.url)
        with client(proxy, http2=False) as asking, asking.stream("GET", "/events", headers=STREAM) as answer:
            lines = answer.iter_lines()
            events(lines, 1)
            proxy.process.terminate()
            with pytest.raises(httpx2.RemoteProtocolError):
                events(lines, 100)
        proxy.process.wait(PATIENCE)


def test_while_the_server_is_away_nginx_has_event_sources_wait_and_says_502_to_all_others(before: Callable[..., Proxy]):
    proxy = before("nginx", configuration("nginx"), f"http://127.0.0.1:{free_port()}")
    with client(proxy) as asking:
        answers = [asking.get("/events", headers=STREAM) for _ in range(20)]
        page = asking.get("/")
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["content-type"] for answer in answers} == {"text/event-stream"}
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    said = {answer.text for answer in answers}
    assert said <= {f"retry: {seconds}000\n\n" for seconds in (2, 3, 4, 5)}
    assert len(said) > 1
    assert page.status_code == 502


def test_nginx_takes_the_server_beside_it_if_there_is_one(before: Callable[..., Proxy]):
    with serve(one_stream.app) as new:
        text = configuration("nginx").replace("# server 127.0.0.1:8001 backup", f"server {new.url[7:]} backup")
        proxy = before("nginx", text, f"http://127.0.0.1:{free_port()}")
        with client(proxy) as asking, asking.stream("GET", "/events?last_event_id=4", headers=STREAM) as answer:
            assert events(answer.iter_lines(), 1) == ["5"]


def test_while_the_server_is_away_caddy_lets_requests_wait(before: Callable[..., Proxy]):
    port = free_port()
    proxy = before("caddy", configuration("caddy"), f"http://127.0.0.1:{port}")
    answers: list[Any] = []
    with client(proxy) as asking:
        thread = threading.Thread(target=lambda: answers.append(asking.get("/")))
        thread.start()
        time.sleep(0.3)  # by now it has been refused
        with socket.create_server(("127.0.0.1", port)) as listening:
            server = uvicorn.Server(uvicorn.Config(one_stream.app, log_config=None))
            serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
            serving.start()
            thread.join(PATIENCE)
            server.should_exit = True
            serving.join(PATIENCE)
    assert [answer.status_code for answer in answers] == [200]
