"""The versions of what a lesson teaches: its examples' packages and the scripts of their pages, as they are locked."""

import re
from collections.abc import Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from streamside.catalogue import Example, Lesson

LOCKED = re.compile(r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;]+)", re.MULTILINE)
SCRIPT = re.compile(r"([\w.-]+)@(\d[\w.-]*)/[\w./-]+\.js")  # as a CDN's address has it
SERVER = "uvicorn"  # which runs them all


def locked(root: Path) -> dict[str, str]:
    """What the lock file of the project in `root` says: package → version."""
    lock = root / "requirements.lock"
    text = lock.read_text(encoding="utf-8") if lock.exists() else ""
    return {canonicalize_name(name): version for name, version in LOCKED.findall(text)}


def taught(lesson: Lesson, lock: Mapping[str, str]) -> list[str]:
    """Such as "python-fasthtml 0.14.14", each once, in the order of the examples."""
    found = [text for example in lesson.examples for text in (*_packages(example, lock), *_scripts(example))]
    return list(dict.fromkeys(found))


def _packages(example: Example, lock: Mapping[str, str]) -> list[str]:
    wanted = [Requirement(text).name for text in example.metadata.get("dependencies", [])]
    names = {canonicalize_name(name): name for name in (*wanted, SERVER)}
    return [f"{name} {lock[key]}" for key, name in names.items() if key in lock]


def _scripts(example: Example) -> list[str]:
    texts = example.program["files"].values()
    return [f"{name} {version}" for text in texts for name, version in SCRIPT.findall(text)]
