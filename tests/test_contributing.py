"""CONTRIBUTING is followed, line by line, in a fresh clone.

Run for good are git's lines and `make lesson`, which finds everything installed. What takes minutes, or asks for a
person, is only noted, if the files that it names are there: `make lab`, `make test`, `streamside check`, `pytest`.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from streamside.paths import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NOTED = """#!/bin/sh
{exception}
for file; do case $file in */*) test -f "$file" || exit 1;; esac; done
echo "$(basename "$0") $*" >> "$NOTES"
"""
LESSON = '[ "$1" = lesson ] && exec {make} PYTHON={python} "$@"'


def test_it_fits_on_a_screen():
    assert len(TEXT.splitlines()) <= 40
    assert max(map(len, TEXT.splitlines())) <= 130


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_its_commands_lead_from_a_clone_to_a_pushed_lesson(tmp_path: Path):
    commands = re.search(r"```\n(.*?)```", TEXT, re.DOTALL)[1].strip().splitlines()
    clone, upstream = tmp_path / "streamside", tmp_path / "upstream.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", "--shared", ROOT, upstream], check=True)
    assert commands[0] == "git clone https://github.com/OWNER/streamside && cd streamside"
    subprocess.run(["git", "clone", "--quiet", upstream, clone], check=True)
    tools = stand_ins(clone, tmp_path / "bin")
    environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(clone)}
    environment |= {"NOTES": str(tmp_path / "notes"), "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}
    environment |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}
    for command in commands[1:]:
        done = subprocess.run(["sh", "-c", command], cwd=clone, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    pushed = subprocess.run(
        ["git", "diff", "--name-status", "HEAD...a-lesson"], cwd=upstream, capture_output=True, text=True, check=True
    )
    assert re.fullmatch(
        r"M\t_quarto\.yml\nA\texamples/heartbeats_again\.py\nA\tnotebooks/\d\d-heartbeats-again\.ipynb\n"
        r"A\ttests/examples/test_heartbeats_again\.py\n",
        pushed.stdout,
    )
    notes = (tmp_path / "notes").read_text().splitlines()
    assert notes[0] == "make lab"
    assert re.fullmatch(r"streamside check notebooks/\d\d-heartbeats-again\.ipynb", notes[1])
    assert notes[2:] == ["pytest tests/examples/test_heartbeats_again.py", "make test"]


def stand_ins(clone: Path, tools: Path) -> Path:
    """What is only noted; and for `make lesson` the Python of these tests, in which all is installed already."""
    tools.mkdir()
    (clone / ".venv/bin").mkdir(parents=True)
    python = tools / "python-with-everything"
    for place, text in {
        python: f'#!/bin/sh\n[ "$1 $2" = "-m streamside.setup" ] && shift 2\nexec {sys.executable} -m "$@"\n',
        tools / "make": NOTED.format(exception=LESSON.format(make=shutil.which("make"), python=python)),
        clone / ".venv/bin/streamside": NOTED.format(exception=""),
        clone / ".venv/bin/pytest": NOTED.format(exception=""),
    }.items():
        place.write_text(text)
        place.chmod(0o755)
    return tools
