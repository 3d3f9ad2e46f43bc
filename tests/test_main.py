"""What `make test` does with what fails among many tests: it is run again, alone."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
from pathlib import Path

def test_unsteady():
    seen = Path("seen")
    try:
        assert seen.exists()
    finally:
        seen.touch()

def test_right():
    pass
"""
WRONG = """
def test_wrong():
    assert False
"""
PROJECT = """
[tool.pytest.ini_options]
addopts = ["--disable-plugin-autoload", "-pxdist", "-ppytest_cov"]
[tool.coverage.run]
source = ["."]
"""


@pytest.mark.parametrize(
    ("more", "settings", "status", "last"),
    [
        ("", "", 0, "Failed among the others and passed alone: test_it.py::test_unsteady"),
        (WRONG, "", 1, "1 failed, 1 passed"),
        ("def unused():\n    pass\n", "[tool.coverage.report]\nfail_under = 100", 1, "not reached"),
    ],
    ids=["unsteady", "wrong", "not covered"],
)
def test_what_fails_among_others_has_a_second_try_alone(
    tmp_path: Path, more: str, settings: str, status: int, last: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT + settings)
    (tmp_path / "test_it.py").write_text(TESTS + more)
    ran = subprocess.run(
        [sys.executable, "-m", "tests", "--numprocesses=0"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stderr) == (status, "")
    assert last in ran.stdout
    assert ran.stdout.count("test session starts") == 2


def test_what_passes_is_run_once(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "test_it.py").write_text("def test_right():\n    pass\n")
    ran = subprocess.run([sys.executable, "-m", "tests", "-n0"], cwd=tmp_path, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.count("test session starts")) == (0, 1)
