"""An nginx to start: the machine's own, or else Debian's, unpacked into this project's cache and installed nowhere."""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from streamside.errors import UserError
from streamside.paths import ROOT

VARIABLE = "STREAMSIDE_NGINX"  # the path of one, or nothing to do without
PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")  # which are not on everybody's PATH
UNPACKED = ROOT / ".cache/nginx"
INSIDE = "usr/sbin/nginx"
SECONDS = 300.0  # that a download may take
REMEDY = f"install it so that `nginx` is on PATH (`apt install nginx`, `brew install nginx`), or name one in {VARIABLE}"


def find() -> str:
    """The path of an nginx that starts. Raises `UserError`."""
    named = os.environ.get(VARIABLE)
    path = _found() if named is None else named
    if not path:
        raise UserError("nginx", "there is none", REMEDY)
    return path


@cache
def _found() -> str | None:
    path = os.pathsep.join([os.environ.get("PATH", ""), *PLACES])
    candidates = [shutil.which("nginx", path=path), str(UNPACKED / INSIDE)]
    return next((each for each in candidates if each and _starts(each)), None) or _unpacked()


def _starts(path: str) -> bool:
    try:
        return subprocess.run([path, "-v"], capture_output=True).returncode == 0
    except OSError:
        return False


def _unpacked() -> str | None:
    """Debian's package without an installation: that would start a server at once, and whenever the machine starts."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return None
    UNPACKED.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=UNPACKED.parent) as folder:
        print("streamside: no nginx yet: apt-get download nginx …", file=sys.stderr, flush=True)
        download = ["apt-get", "--quiet", "download", "nginx"]
        is_root = sys.platform != "win32" and os.geteuid() == 0
        if not _does(download, folder) and is_root:
            _does(["apt-get", "--quiet", "update"], folder)  # there may be no lists of packages yet
            _does(download, folder)
        package = next(Path(folder).glob("*.deb"), None)
        if package is None:
            return None
        if not _does(["dpkg-deb", "--extract", str(package), "nginx"], folder):
            return None
        if not _starts(str(Path(folder, "nginx", INSIDE))):
            return None  # this release has the program in another package, or the machine lacks one of its libraries
        with suppress(OSError):  # somebody else was quicker
            Path(folder, "nginx").rename(UNPACKED)
    return str(UNPACKED / INSIDE)


def _does(command: list[str], folder: str) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
