"""Runs every example in Pyodide, under Node.js, to see which can run in a page."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from streamside.catalogue import ROOT, Example
from streamside.site import bundle

CACHE = ROOT / ".cache"
PROGRAM = Path(__file__).with_name("visited.py")


def try_out(examples: Iterable[Example]) -> Mapping[str, str | None]:
    """For each example by name: None if it runs in Pyodide, or why it does not.

    It takes some seconds, and so is remembered as long as the examples, the bridge and the locks are what they were.
    Raises `BundleError` where Pyodide itself does not start.
    """
    examples = list(examples)
    sources = [PROGRAM, *bundle.BRIDGE, ROOT / "requirements.lock", ROOT / "package-lock.json"]
    sources += [file for example in examples for file in example.files]
    remembered = CACHE / f"visited-{bundle.digest(path.read_bytes() for path in sources)}.json"
    if not remembered.is_file():
        CACHE.mkdir(exist_ok=True)
        (CACHE / "visit.json").write_text(json.dumps([example.name for example in examples]), encoding="utf-8")
        bundle.run_pyodide(PROGRAM, ROOT)
        (CACHE / "visited.json").replace(remembered)
    reasons: dict[str, str | None] = json.loads(remembered.read_text(encoding="utf-8"))
    return reasons
