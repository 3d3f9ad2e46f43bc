"""What a program that never lets go does to its page: how long frames take, how soon Stop answers, how memory grows.

`python -m benchmarks.floods [SECONDS]` prints a table for Chromium and Firefox: the median and the worst of the frames
while the program runs, from the press on Stop until the page says so and until its server has ended, the growth of all
the browser's processes, what the panes hold and what the page says.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.static import serving
from streamside.paths import ROOT
from streamside.site import bundle, deployment
from tests import browsers
from tests.browser import firefox
from tests.browser.firefox import Tab
from tests.browser.visitors import Visitor
from tests.conftest import opened

PAUSE = "        await sleep(0.5)\n"
FLOODS = {
    "yield without await": lambda program: program.replace(PAUSE, "").replace("range(10)", "range(10**9)"),
    "10,000 events a second": lambda program: program.replace(
        PAUSE, "        if number % 100 == 0:\n            await sleep(0.01)\n"
    ).replace("range(10)", "range(10**9)"),
    "20,000 prints a second": lambda program: program.replace(
        PAUSE, "        for line in range(2_000):\n            print('line', line)\n        await sleep(0.1)\n"
    ).replace("range(10)", "range(10**9)"),
    "print and yield": lambda program: program.replace(PAUSE, "        print(number)\n").replace(
        "range(10)", "range(10**9)"
    ),
    "megabyte events": lambda program: program.replace('P(f"message number {number}")', 'P("word " * 200_000)').replace(
        "range(10)", "range(10**9)"
    ),
    "growing memory": lambda program: program.replace(PAUSE, "        kept.append(bytearray(10**6))\n").replace(
        "    for number in range(10)", "    kept = []\n    for number in range(10**9)"
    ),
    "endless loop": lambda program: program.replace(PAUSE, "        while True:\n            pass\n"),
}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A flood</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<link rel="stylesheet" href="theme/streamside.css"><link rel="stylesheet" href="theme/live.css">
<script type="module" src="live/page/live-example.js"></script>
<main><live-example example="{name}" title="A flood"><pre class="transcript"></pre></live-example></main>"""
WATCH = """() => {
  globalThis.deltas = [];
  let before = performance.now();
  const look = (now) => { deltas.push(now - before); before = now; requestAnimationFrame(look); };
  requestAnimationFrame((now) => { before = now; requestAnimationFrame(look); });
  const live = document.querySelector("live-example");
  const named = (name) => [...live.querySelectorAll("button")].find((each) => each.textContent === name);
  live.addEventListener("click", ({ target, timeStamp }) => {
    if (target.textContent === "Stop") globalThis.pressed = timeStamp;
  }, true);
  new MutationObserver(() => {
    if (globalThis.pressed && live.getAttribute("state") === "stopped") globalThis.answered ??= performance.now();
  }).observe(live, { attributes: true });
  new MutationObserver(() => {
    if (globalThis.answered && named("Clear").hidden) globalThis.ended ??= performance.now();
  }).observe(named("Clear"), { attributes: true });
}"""


def press(tab: Page | Tab, name: str) -> None:
    if isinstance(tab, Tab):
        tab.press("live-example", name)
    else:
        tab.get_by_role("button", name=name, exact=True).click(timeout=120_000)


def resident() -> int:
    """Bytes of the memory of all processes below this one, where there is /proc."""
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            sizes[int(folder.name)] = int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def is_ours(process: int) -> bool:
        return process in parents and (parents[process] == os.getpid() or is_ours(parents[process]))

    return sum(size for process, size in sizes.items() if is_ours(process))


def measure(tab: Page | Tab, url: str, seconds: float) -> list[str]:
    """One flood: the cells of its row."""
    visitor = Visitor(tab)
    visitor.open(url)
    visitor.evaluate(WATCH)
    before = resident()
    press(tab, "Run")
    visitor.wait("document.querySelector('live-example').getAttribute('state') === 'running'")
    visitor.evaluate("() => { deltas.length = 0; return null; }")
    time.sleep(seconds)
    grown = resident() - before
    shown = visitor.evaluate("""() => ({
      note: document.querySelector('.live-note').textContent,
      rows: document.querySelectorAll('.wire-list li').length,
      log: document.querySelector('.live-log pre').textContent.length,
      deltas: deltas.splice(0).sort((a, b) => a - b),
    })""")
    pressing = time.monotonic()
    press(tab, "Stop")
    visitor.wait("globalThis.ended")
    whole = time.monotonic() - pressing
    answered, ended = visitor.evaluate("() => [answered - pressed, ended - pressed]")
    deltas = shown["deltas"] or [1000 * seconds]
    return [
        f"{deltas[len(deltas) // 2]:.0f} ms",
        f"{deltas[-1]:.0f} ms",
        f"{answered:.0f} ms",
        f"{ended:.0f} ms",
        f"{1000 * whole:.0f} ms",
        f"{grown / 1e6:.0f} MB",
        f"{shown['rows']}, {shown['log']}",
        shown["note"],
    ]


@contextmanager
def chromium() -> Iterator[Page]:
    """A page of a fresh Chromium."""
    path = browsers.program(browsers.CHROMIUM)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(browsers.ARGUMENTS))
        with opened(chromium) as page:
            page.set_default_timeout(120_000)
            yield page
        chromium.close()


@contextmanager
def firefox_tab() -> Iterator[Tab]:
    """A tab of a fresh Firefox."""
    with firefox.starting(browsers.program(browsers.FIREFOX)) as started, started.tab() as tab:
        yield tab


def main() -> None:
    """All floods in both browsers, each in a fresh one."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 8.0
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    program = (ROOT / "examples/basic_stream.py").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        bundle.build(site)
        for number, flood in enumerate(FLOODS.values()):
            edited = flood(program)
            assert edited != program
            (site / f"live/examples/flood_{number}.py").write_text(edited, encoding="utf-8")
            (site / f"{number}.html").write_text(PAGE.format(name=f"flood_{number}"), encoding="utf-8")
        deployment.complete(site)
        print("| browser | flood | median | worst | Stop | ended | from outside | memory | rows, characters | told |")
        print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
        opening: Callable[[], Any]
        with serving(site) as url:
            for browser, opening in (("Chromium", chromium), ("Firefox", firefox_tab)):
                for number, name in enumerate(FLOODS):
                    if wanted not in f"{browser} {name}":
                        continue
                    try:
                        with opening() as tab:
                            row = measure(tab, f"{url}{number}.html", seconds)
                    except Exception as error:
                        row = [f"{type(error).__name__}: {str(error)[:100]!r}"]
                    print(f"| {browser} | {name} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
