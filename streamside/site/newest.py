"""What would change with the newest release of a package that the tutorial teaches: it is put in its place, and tested.

For a checkout of its own, such as the weekly canary's: the environment is not what the lock files say afterwards.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from streamside import setup
from streamside.errors import UserError

PYTHON = ("python-fasthtml", "starlette", "uvicorn", "django")
# By the name in `node_modules`: the package, and which of its releases. Examples name two versions of htmx.
BROWSER = {"htmx.org": ("htmx.org", "2"), "htmx4": ("htmx.org", "latest"), "pyodide": ("pyodide", "latest")}
TESTS = ("pytest", "--numprocesses=4", "--dist=worksteal", "--quiet", "--tb=line")

Run = Callable[[Sequence[str]], subprocess.CompletedProcess[str]]


def report(package: str, root: Path, run: Run, say: Callable[[str], None]) -> int:
    """Put the newest release in, run all tests, say in Markdown what is different; the tests' exit status.

    Raises `UserError` for a package that is not taught, or that cannot be had.
    """
    before = version(package, root)
    install(package, run)
    after = version(package, root)
    if package in BROWSER:
        name, _ = BROWSER[package]
        name_in_examples(f"{name}@{before}", f"{name}@{after}", root)
    say(f"## {package} {before} → {after}\n")
    if after == before:
        say("Nothing newer.")
        return 0
    tested = run([sys.executable, "-m", *TESTS])
    failed = re.findall(r"^(?:FAILED|ERROR) .*", tested.stdout, re.MULTILINE)
    say("\n".join(f"- {line}" for line in failed) or tested.stdout.strip().rpartition("\n")[2])
    return tested.returncode


def version(package: str, root: Path) -> str:
    """The release that is installed. Raises `UserError`."""
    if package in PYTHON:
        return metadata.version(package)  # from the folder of the installed package, so that it is read anew
    if package in BROWSER:
        text = (root / "node_modules" / package / "package.json").read_text(encoding="utf-8")
        return str(json.loads(text)["version"])
    raise UserError(package, "is not taught here", f"take one of {', '.join((*PYTHON, *BROWSER))}")


def install(package: str, run: Run) -> None:
    """Put the newest release in the place of the locked one. Raises `UserError`."""
    if package in PYTHON:
        done = run([*setup.pip(), "--upgrade", package])
    else:
        name, release = BROWSER[package]
        wanted = f"{package}@npm:{name}@{release}" if name != package else f"{name}@{release}"
        done = run([*setup.npm(), "install", "--save-exact", "--ignore-scripts", "--no-audit", wanted])
    if done.returncode:
        raise UserError(package, f"cannot be had:\n{done.stderr.strip()}")


def name_in_examples(old: str, new: str, root: Path) -> None:
    """Examples name a release in the addresses of its files."""
    for path in (root / "examples").rglob("*"):
        if path.suffix in (".py", ".html") and old in (text := path.read_text(encoding="utf-8")):
            path.write_text(text.replace(old, new), encoding="utf-8")


def main(package: str, root: Path) -> int:
    """The command."""

    def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(list(map(str, command)), cwd=root, capture_output=True, text=True, encoding="utf-8")

    return report(package, root, run, print)
