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
CACHE = ROOT / ".cache/trials-of-examples.json"
SOURCES = (*BRIDGE.glob("*.py"), *runner.PROGRAMS.glob("*.py"), ROOT / "requirements.lock", ROOT / "package-lock.json")


def try_out(examples: Iterable[Example]) -> Mapping[str, str | None]:
    """For each example by name: None if it runs in Pyodide, or why it does not.

    It takes some seconds, and so is remembered as long as the example, the bridge and the locks are what they were.
    Raises `UserError` where Pyodide itself does not start.
    """
    examples = list(examples)
    common = digest(*map(content, SOURCES)).encode()
    current = {each.name: digest(common, each.name.encode(), *map(content, each.files)) for each in examples}
    known: dict[str, dict[str, str | None]] = json.loads(CACHE.read_text(encoding="utf-8")) if CACHE.is_file() else {}
    changed = [each for each in examples if known.get(each.name, {}).get("digest") != current[each.name]]
    if changed:
        reasons = _run(changed)
        known |= {name: {"digest": current[name], "reason": reason} for name, reason in reasons.items()}
        atomic_files.write(CACHE, json.dumps(known).encode())
    return {name: known[name]["reason"] for name in current}


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
