"""How long set-up and builds take, and what the pages weigh: `python -m benchmarks.builds`.

Works on a clone of the last commit in a temporary folder, with nothing installed there.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5
LOADED = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)"""


def main() -> None:
    """Print two tables."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "streamside"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        rows = [("set-up, nothing installed", seconds(clone, sys.executable, "-m", "streamside.setup"))]
        rows.append(("build, no page and no bundle yet", build(clone)))
        rows.append(("build, nothing changed", median(lambda: build(clone))))
        rows.append(("build, one sentence changed", median(lambda: build(clone, sentence))))
        rows.append(("build, one example changed (its lesson runs again)", build(clone, example)))
        print("| whole command, wall clock | seconds |\n| --- | ---: |")
        for name, took in rows:
            print(f"| {name} | {took:.2f} |")
        print("\n| page, with all that it loads before anything is started | kB |\n| --- | ---: |")
        for name, size in weights(clone / "_site"):
            print(f"| {name} | {size / 1000:.1f} |")


def build(clone: Path, change: Callable[[Path], None] | None = None) -> float:
    """Seconds of one `streamside build` after a change."""
    if change:
        change(clone)
    python = clone / (".venv/Scripts/python.exe" if os.name == "nt" else ".venv/bin/python")
    return seconds(clone, str(python), "-m", "streamside", "build")


def seconds(folder: Path, *command: str) -> float:
    """Wall-clock seconds of a command."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def median(measure: Callable[[], float]) -> float:
    """The median of several runs."""
    return sorted(measure() for _ in range(RUNS))[RUNS // 2]


def sentence(clone: Path) -> None:
    """Add a sentence to a lesson."""
    path = clone / "notebooks/01-your-first-stream.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    cell["source"] = "".join(cell["source"]) + f"\n\nThe clock says {time.time_ns()}."
    path.write_text(json.dumps(notebook), encoding="utf-8")


def example(clone: Path) -> None:
    """Add a comment to an example."""
    path = clone / "examples/basic_stream.py"
    path.write_text(path.read_text(encoding="utf-8") + "# one more line\n", encoding="utf-8")


def weights(site: Path) -> list[tuple[str, int]]:
    """Bytes of each page as Chromium loads it, uncompressed."""
    from playwright.sync_api import sync_playwright

    from benchmarks.static import serving
    from tests import browsers

    found = []
    with serving(site) as url, sync_playwright() as playwright:
        path = browsers.program(browsers.CHROMIUM)
        chromium = playwright.chromium.launch(executable_path=path, args=list(browsers.ARGUMENTS))
        for page in sorted([*site.glob("*.html"), *site.glob("notebooks/*.html")]):
            tab = chromium.new_page()
            tab.goto(url + page.relative_to(site).as_posix(), wait_until="networkidle")
            found.append((page.relative_to(site).as_posix(), tab.evaluate(LOADED)))
            tab.close()
        chromium.close()
    return found


if __name__ == "__main__":
    main()
