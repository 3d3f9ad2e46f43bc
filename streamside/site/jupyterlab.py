"""Opens the lessons in JupyterLab, which gets the whole project: lessons name pictures, and tasks change examples."""

import os
from collections.abc import Sequence
from pathlib import Path

from streamside import setup
from streamside.catalogue import Project


def start(project: Project, more: Sequence[str] = ()) -> int:
    """Become JupyterLab, or on Windows wait for it; `more` are options of its own. Return its exit status."""
    return setup.run_module(["jupyterlab", *options(project.root, is_root()), *more])


def is_root() -> bool:
    """Whether this is the user whom Jupyter servers refuse without a word of consent: containers know no other."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def options(root: Path, as_root: bool) -> list[str]:
    """What is asked of the server."""
    return [
        f"--ServerApp.root_dir={root}",
        "--LabApp.default_url=/lab/tree/notebooks",
        "--ServerApp.answer_yes=True",  # one Ctrl-C ends it
        *(["--allow-root"] if as_root else []),
    ]
