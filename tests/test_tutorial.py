"""The tutorial itself, as it stands in this checkout: nothing that the checkers know of is wrong with it."""

import subprocess
import sys
from pathlib import Path

import pytest

from streamside import setup
from streamside.catalogue import examples, read
from streamside.site.check import check, false_claims
from streamside.site.claims import try_out

ROOT = setup.ROOT
TOOLS = ROOT / "node_modules"


def test_the_checker_has_no_complaint(built_site: Path):
    assert list(map(str, check(read(), built_site))) == []


def test_every_example_says_rightly_whether_it_runs_in_a_page():
    assert list(map(str, false_claims(examples(), try_out(examples())))) == []


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["mypy", "--platform=win32", "--cache-dir=.cache/mypy-win32"],
    ],
    ids=" ".join,
)
def test_the_python_is_as_it_should_be(command: list[str]):
    passes([sys.executable, "-m", *command])


@pytest.mark.parametrize(
    "command",
    ["typescript/bin/tsc --project tsconfig.json", "eslint/bin/eslint.js ."],
    ids=lambda command: command.split("/")[0],
)
def test_the_javascript_is_as_it_should_be(command: str):
    script, *arguments = command.split()
    passes([setup.node(), str(TOOLS / script), *arguments])


def passes(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
