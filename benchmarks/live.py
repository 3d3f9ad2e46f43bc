"""How long until an example's first event, beside bare Pyodide printing hello in the same run.

`python -m benchmarks.live [ROUNDS]` prints a table: milliseconds (medians) and the ratio to bare Pyodide, which is
measured from navigation on. Unprepared, so are we, from a script that runs the example at once; all else is measured
from the press on Run. Cold is a browser that has never been here, warm its second visit. The server makes the slow
link, and stopping the browser's processes for three quarters of the time the slow machine: what Chromium's developer
tools emulate leaves out what workers fetch and compute.
"""

import functools
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import BrowserContext, BrowserType, sync_playwright

from streamside.site import bundle, deployment
from tests import browsers


class Place(NamedTuple):
    """Where a reader is: a link, and a machine."""

    rate: float  # bytes per second; 0: no limit
    latency: float  # seconds
    slowness: int = 1  # how many times slower than this machine


PLACES = {
    "loopback": Place(0, 0),
    "20 Mbit/s, 40 ms": Place(20e6 / 8, 0.04),
    "5 Mbit/s, 80 ms": Place(5e6 / 8, 0.08),
    "CPU slowed four times": Place(20e6 / 8, 0.04, 4),
}
READING = 10_000  # ms
POINTING = 300  # ms
LEAVING = 6_000  # ms: what is kept for the next visit is written three seconds after the first event
SLICE = 0.01  # seconds that a slow machine runs at a time
PIECE = 16_384  # bytes that go over the slow link at a time
BARE = """<!doctype html><script type="module">
import { loadPyodide } from "./pyodide/pyodide.mjs";
const python = await loadPyodide({ stdout: (text) => { if (text === "hello") window.first = performance.now(); } });
python.runPython("print('hello')");
</script>"""
OURS = """<!doctype html><script type="module">
import { start } from "./live/page/run-example.js";
const running = await start("basic_stream");
running.addEventListener("wire", ({ detail }) => {
  if (detail.what === "event") window.first ??= performance.now();
});
const frame = document.createElement("iframe");
frame.src = running.url;
document.body.append(frame);
</script>"""
DJANGO = OURS.replace('"basic_stream"', '"django_yo", { isFolder: true }')
LESSON = """<!doctype html><link rel="stylesheet" href="theme/live.css">
<script type="module" src="./live/page/live-example.js"></script>
<live-example example="basic_stream"></live-example>
<live-example example="close_on_message"></live-example>"""
PRESS = """async (number) => {
  const live = document.querySelectorAll("live-example")[number];
  const began = performance.now();
  live.querySelector("button.primary").click();
  const text = () => live.querySelector("iframe")?.contentDocument?.body?.textContent ?? "";
  while (!text().includes("message number 0")) await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


class Files(SimpleHTTPRequestHandler):
    """Files that a browser may keep, as static hosts serve them, over one link that all connections share."""

    protocol_version = "HTTP/1.1"
    timeout = 2
    rate = latency = free_at = 0.0
    lock = threading.Lock()

    def do_GET(self) -> None:
        time.sleep(self.latency)
        super().do_GET()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        while piece := source.read(PIECE):
            if self.rate:
                with self.lock:
                    Files.free_at = max(Files.free_at, time.monotonic()) + len(piece) / self.rate
                    pause = Files.free_at - time.monotonic()
                time.sleep(max(0.0, pause))
            try:
                outputfile.write(piece)
            except ConnectionError:  # the reader has left
                self.close_connection = True
                return

    def end_headers(self) -> None:
        self.send_header("cache-control", "max-age=600")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """A plain file server's address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@contextmanager
def visitor(chromium: BrowserType, slowness: int) -> Iterator[BrowserContext]:
    """A browser with a disk cache of its own: one in memory is too small for Python."""
    with tempfile.TemporaryDirectory() as profile:
        path = browsers.program(browsers.CHROMIUM)
        context = chromium.launch_persistent_context(profile, executable_path=path, args=list(browsers.ARGUMENTS))
        context.set_default_timeout(180_000)
        with slowed(profile, slowness):
            yield context
        context.close()


@contextmanager
def slowed(profile: str, slowness: int) -> Iterator[None]:
    """Let the browser of that profile, a process group, run for a part of the time only."""
    over = threading.Event()

    def alternate(group: int) -> None:
        while not over.wait(SLICE):
            os.killpg(group, signal.SIGSTOP)
            time.sleep(SLICE * (slowness - 1))
            os.killpg(group, signal.SIGCONT)

    if slowness == 1:
        yield
        return
    found = subprocess.run(["pgrep", "-fo", profile], capture_output=True, text=True, check=True)
    thread = threading.Thread(target=alternate, args=(os.getpgid(int(found.stdout)),))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def until_first(context: BrowserContext, url: str) -> float:
    """Milliseconds from navigation to the first sign of life."""
    page = context.new_page()
    page.goto(url)
    page.wait_for_function("window.first")
    first = float(page.evaluate("window.first"))
    page.wait_for_timeout(LEAVING)
    page.close()
    return first


def both_visits(chromium: BrowserType, place: Place, url: str) -> tuple[float, float]:
    """Cold and warm, from navigation on."""
    with visitor(chromium, place.slowness) as context:
        return until_first(context, url), until_first(context, url)


def after_reading(chromium: BrowserType, place: Place, url: str) -> tuple[float, float]:
    """The first example after ten seconds of reading, and after it the page's second one."""
    with visitor(chromium, place.slowness) as context:
        page = context.new_page()
        page.goto(url)
        page.wait_for_timeout(READING)
        return float(page.evaluate(PRESS, 0)), float(page.evaluate(PRESS, 1))


def after_pointing(chromium: BrowserType, place: Place, url: str) -> float:
    """As soon as the page is there, with the pointer on Run for a moment."""
    with visitor(chromium, place.slowness) as context:
        page = context.new_page()
        page.goto(url)
        page.locator("live-example button").first.hover()
        page.wait_for_timeout(POINTING)
        return float(page.evaluate(PRESS, 0))


def first_visit(chromium: BrowserType, place: Place, url: str) -> float:
    """Cold, from navigation on."""
    with visitor(chromium, place.slowness) as context:
        return until_first(context, url)


def measure(chromium: BrowserType, place: Place, url: str) -> dict[str, tuple[float, float]]:
    """For each way to come to an example: bare Pyodide's milliseconds, and ours; for Django's, the first stream's."""
    bare = both_visits(chromium, place, f"{url}bare.html")
    ours = both_visits(chromium, place, f"{url}ours.html")
    read, second = after_reading(chromium, place, f"{url}lesson.html")
    return {
        "unprepared, cold": (bare[0], ours[0]),
        "unprepared, warm": (bare[1], ours[1]),
        "after 10 s of reading": (bare[0], read),
        "after 0.3 s of pointing": (bare[0], after_pointing(chromium, place, f"{url}lesson.html")),
        "the page’s second example": (bare[0], second),
        "Django, cold, beside the first stream so": (ours[0], first_visit(chromium, place, f"{url}django.html")),
    }


def main() -> None:
    """Measure in turns, so that a machine that slows down slows both down."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = Path(folder)
        bundle.build(site)
        deployment.complete(site)
        shutil.copytree(bundle.PYODIDE, site / "pyodide")
        for name, page in (("bare", BARE), ("ours", OURS), ("django", DJANGO), ("lesson", LESSON)):
            (site / f"{name}.html").write_text(page)
        print("| place | example | bare Pyodide | first event | ratio |\n|---|---|---|---|---|")
        with serve(site) as url:
            for name, place in PLACES.items():
                Files.rate, Files.latency = place.rate, place.latency
                times = [measure(playwright.chromium, place, url) for _ in range(rounds)]
                for way in times[0]:
                    bare, ours = (statistics.median(each[way][which] for each in times) for which in (0, 1))
                    print(f"| {name} | {way} | {bare:.0f} ms | {ours:.0f} ms | {ours / bare:.2f} |", flush=True)


if __name__ == "__main__":
    main()
