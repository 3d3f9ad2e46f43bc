"""The files for hosts have them send what About asks for; nginx and Caddy are asked themselves."""

import http.client
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streamside import nginx_program
from streamside.errors import UserError
from streamside.paths import ROOT
from streamside.proxies import caddy_program
from tests.patience import PATIENCE

HOSTS = ROOT / "blog/hosts"
POLICY = re.findall(r"^default-src .*$", (ROOT / "about.md").read_text(encoding="utf-8"), re.MULTILINE)[0]
LASTING = "public, max-age=31536000, immutable"
NGINX = """daemon off; pid {folder}/pid; error_log stderr; {user} events {{}}
http {{
    access_log off; client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    types {{ text/html html; text/css css; }}
    include {folder}/streamside.conf;
}}
"""


def test_all_have_the_same_policy():
    for name in ("nginx.conf", "Caddyfile", "_headers"):
        assert re.findall(r"default-src [^\"\n]*", (HOSTS / name).read_text()) == [POLICY], name


def test_netlify_is_told_once_what_lasts():
    """Of several rules that match, it would send the values of all."""
    rules = re.split(r"^(?=/)", (HOSTS / "_headers").read_text(), flags=re.MULTILINE)[1:]
    caches = {rule.split()[0]: re.findall("Cache-Control: (.*)", rule) for rule in rules}
    assert caches == {"/*": [], "/live/files/*": [LASTING], "/live/assets/*": [LASTING]}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a file of each kind."""
    for name in ("index.html", "404.html", "notebooks/01-a.md", "live/files/0-x.packed", "theme/x.css"):
        (tmp_path / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / name).write_text(name)
    return tmp_path / "site"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def nginx(folder: Path, site: Path, port: int) -> list[str]:
    """The command that starts nginx with our file, for this site and port."""
    text = (HOSTS / "nginx.conf").read_text().replace("listen 80;", f"listen 127.0.0.1:{port};")
    (folder / "streamside.conf").write_text(text.replace("/srv/streamside", str(site)))
    user = "user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""  # else it could not read the folder
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user))
    return [nginx_program.find(), "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, site: Path, port: int) -> list[str]:
    """The same of Caddy."""
    text = (HOSTS / "Caddyfile").read_text().replace("streamside.example.org", f"http://127.0.0.1:{port}")
    (folder / "Caddyfile").write_text("{\n\tadmin off\n}\n" + text.replace("/srv/streamside", str(site)))
    return [caddy_program(), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


@contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    environment = os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "log").open("w") as log, subprocess.Popen(command, env=environment, stderr=log) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while process.poll() is None and time.monotonic() < deadline:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.02)
            else:
                pytest.fail((folder / "log").read_text())
            yield
        finally:
            process.terminate()


@pytest.mark.parametrize("server", [nginx, caddy], ids=lambda server: server.__name__)
def test_the_server_sends_what_about_asks_for(server, tmp_path: Path, site: Path):
    port = free_port()
    try:
        command = server(tmp_path, site, port)
    except UserError as error:
        pytest.skip(str(error))
    with running(command, tmp_path, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        answers = {}
        for path in ("/", "/theme/x.css", "/notebooks/01-a.md", "/live/files/0-x.packed", "/live/files/gone", "/gone/"):
            connection.request("GET", path)
            answer = connection.getresponse()
            answers[path] = (answer.status, answer.read().decode(), answer.headers)
        connection.close()
    assert {path: (status, text) for path, (status, text, _) in answers.items()} == {
        "/": (200, "index.html"),
        "/theme/x.css": (200, "theme/x.css"),
        "/notebooks/01-a.md": (200, "notebooks/01-a.md"),
        "/live/files/0-x.packed": (200, "live/files/0-x.packed"),
        "/live/files/gone": (404, "404.html"),
        "/gone/": (404, "404.html"),
    }
    for path, (_, _, headers) in answers.items():
        assert headers.get_all("content-security-policy") == [POLICY], path
        assert headers["x-content-type-options"] == "nosniff"
    caches = {path: headers["cache-control"] for path, (_, _, headers) in answers.items()}
    assert caches.pop("/live/files/0-x.packed") == LASTING
    assert set(caches.values()) <= {"no-cache", None}  # what is not there is not kept
    assert caches["/"] == caches["/theme/x.css"] == "no-cache"
    assert answers["/notebooks/01-a.md"][2]["content-type"] == "text/markdown; charset=utf-8"
