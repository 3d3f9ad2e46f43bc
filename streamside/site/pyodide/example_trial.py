"""Tries every example out in Pyodide, under Node.js, to see which can run in a page."""

import json
import sysconfig
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from streamside.catalogue import Example
from streamside.digest import content, digest
from streamside.paths import ROOT
from streamside.site import atomic_files
from streamside.site.pyodide import runner

BRIDGE = ROOT / "blog/live/python/bridge"
CACHE = ROOT / ".cache/example-trials.json"
SOURCES = (*BRIDGE.glob("*.py"), *runner.PROGRAMS.glob("*.py"), ROOT / "requirements.lock", ROOT / "package-lock.json")


def try_out(examples: Iterable[Example]) -> Mapping[str, str | None]:
    """For each example by name: None if it runs in Pyodide, or why it does not.

    It takes some seconds, and so is remembered as long as the examples, the bridge and the locks are what they were.
    Raises `UserError` where Pyodide itself does not start.
    """
    examples = list(examples)
    files = (*SOURCES, *(file for example in examples for file in example.files))
    current = digest(*map(content, files), *(example.name.encode() for example in examples))
    remembered = json.loads(CACHE.read_text(encoding="utf-8")) if CACHE.is_file() else {}
    if remembered.get("digest") != current:
        remembered = {"digest": current, "reasons": _run(examples)}
        atomic_files.write(CACHE, json.dumps(remembered).encode())
    reasons: dict[str, str | None] = remembered["reasons"]
    return reasons


def _run(examples: Iterable[Example]) -> dict[str, str | None]:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        programs = {example.name: example.program for example in examples}
        (work / "programs.json").write_text(json.dumps(programs), encoding="utf-8")
        # The packages are those of this very environment, wherever it lies.
        packages = Path(sysconfig.get_path("purelib"))
        runner.run(runner.PROGRAMS / "try_examples.py", {"/work": work, "/project": ROOT, "/packages": packages})
        reasons: dict[str, str | None] = json.loads((work / "reasons.json").read_text(encoding="utf-8"))
    return reasons
