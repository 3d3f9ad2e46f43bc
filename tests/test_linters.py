"""Python and JavaScript are as ruff, mypy, tsc and eslint would have them."""

import subprocess
import sys

import pytest

from streamside import setup

ROOT = setup.ROOT
TOOLS = ROOT / "node_modules"


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        # On every change, CI has these types checked on Windows itself.
        pytest.param(["mypy", "--platform=win32", "--cache-dir=.cache/mypy-win32"], marks=pytest.mark.nightly),
    ],
    ids=" ".join,
)
def test_the_python_is_as_it_should_be(command: list[str]):
    passes([sys.executable, "-m", *command])


@pytest.mark.parametrize(
    "command",
    [
        "typescript/bin/tsc --project tsconfig.json",
        "eslint/bin/eslint.js .",
        "prettier/bin/prettier.cjs --check blog/**/*.js streamside/**/*.mjs *.mjs",
    ],
    ids=lambda command: command.split("/")[0],
)
def test_the_javascript_is_as_it_should_be(command: str):
    script, *arguments = command.split()
    passes([setup.node(), str(TOOLS / script), *arguments])


def passes(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
