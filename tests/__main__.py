"""Runs all tests, side by side, and what failed once more, by itself: `python -m tests [pytest's options]`.

Six workers and their browsers share what may be two cores. What is wrong fails twice; what only the crowd was too much
for passes alone, and is named in the last line, for it is a test to mend. What is run every night has no second try.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

SIDE_BY_SIDE = ["--numprocesses=6", "--dist=worksteal", "--cov"]
ALONE = ["--last-failed", "--last-failed-no-failures=none", "--exitfirst", "--cov", "--cov-append"]
FAILED = Path(".pytest_cache/v/cache/lastfailed")


def main(options: Sequence[str]) -> int:
    """Return pytest's exit code."""
    signal.signal(signal.SIGINT, lambda *_: None)  # pytest hears it too, and ends in order
    FAILED.unlink(missing_ok=True)
    status = run(*SIDE_BY_SIDE, *options)
    if status != pytest.ExitCode.TESTS_FAILED:
        return status
    failed = sorted(json.loads(FAILED.read_text())) if FAILED.exists() else []
    status = run(*ALONE)
    if not status:
        print(f"Failed among the others and passed alone: {', '.join(failed)}")
    return status


def run(*options: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *options]).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
