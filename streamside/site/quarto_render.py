"""The site made by Quarto, beside the one made by nbconvert: `make quarto` runs this module."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from streamside import setup
from streamside.catalogue import Project
from streamside.errors import UserError
from streamside.paths import ROOT
from streamside.site import outdated, run_lessons

LOCK = ROOT / "requirements-quarto.lock"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run outdated lessons, then `quarto render` with these arguments; return the exit status."""
    try:
        quarto = program() or install()
        run_lessons.run([lesson for lesson in Project().lessons if not outdated.is_current(lesson)], print)
    except UserError as error:
        print(f"streamside: {error}", file=sys.stderr)
        return 2
    variables = {**os.environ, "QUARTO_PYTHON": sys.executable}
    given = sys.argv[1:] if arguments is None else arguments
    return subprocess.run([quarto, "render", *given], cwd=ROOT, env=variables).returncode


def program() -> str | None:
    """The path of Quarto: from PATH, else from the environment."""
    return shutil.which("quarto") or shutil.which("quarto", path=str(Path(sys.executable).parent))


def install(lock: Path = LOCK) -> str:
    """Install Quarto's wrapper for Python, which fetches the program, into the environment; return the path.

    Raises `UserError` where it cannot be had.
    """
    setup.step("Quarto into the environment, since PATH has none (about 150 MB)")
    wrapper = ["--require-hashes", "--no-deps", "-r", str(lock)]  # it needs nothing of what it says that it needs
    done = subprocess.run([*setup.pip(), *wrapper], capture_output=True)
    if done.returncode or not (found := program()):
        what = "its program is not on PATH, and could not be fetched either"
        raise UserError("Quarto", what, "install Quarto 1.9 or newer from quarto.org, then run `make quarto` again")
    return found


if __name__ == "__main__":
    sys.exit(main())
