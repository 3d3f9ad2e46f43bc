"""How long from navigation to the first event in the frame, beside bare Pyodide printing hello in the same run.

`python benchmarks/live.py [ROUNDS]` prints a table: milliseconds (medians) and the ratio to bare Pyodide; cold is a
browser that has never been here, warm its second visit. The server makes the slow link: the emulation in Chromium's
developer tools would leave out what workers fetch.
"""

import functools
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, BrowserType, sync_playwright

from streamside.site import bundle, deployment
from tests import browsers

LINKS = {"loopback": (0.0, 0.0), "20 Mbit/s, 40 ms": (20e6 / 8, 0.04)}  # bytes per second (0: no limit), seconds
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
            outputfile.write(piece)

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


def visit(context: BrowserContext, url: str) -> float:
    """Milliseconds from navigation to the first sign of life."""
    page = context.new_page()
    page.goto(url)
    page.wait_for_function("window.first", timeout=120_000)
    first = float(page.evaluate("window.first"))
    page.wait_for_timeout(2_000)  # what is kept for the next visit is written afterwards
    page.close()
    return first


def measure(chromium: BrowserType, url: str) -> tuple[float, float]:
    """Cold and warm, in a browser with a disk cache of its own: one in memory is too small for Python."""
    with tempfile.TemporaryDirectory() as profile:
        path = browsers.program(browsers.CHROMIUM)
        context = chromium.launch_persistent_context(profile, executable_path=path, args=list(browsers.ARGUMENTS))
        cold, warm = visit(context, url), visit(context, url)
        context.close()
    return cold, warm


def main() -> None:
    """Measure in turns, so that a machine that slows down slows both down."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = Path(folder)
        bundle.build(site)
        deployment.complete(site)
        shutil.copytree(bundle.PYODIDE, site / "pyodide")
        (site / "bare.html").write_text(BARE)
        (site / "ours.html").write_text(OURS)
        chromium = playwright.chromium
        print("| link | visit | bare Pyodide | first event | ratio |\n|---|---|---|---|---|")
        with serve(site) as url:
            for name, (Files.rate, Files.latency) in LINKS.items():
                times = [
                    (measure(chromium, url + "bare.html"), measure(chromium, url + "ours.html")) for _ in range(rounds)
                ]
                for index, kind in enumerate(("cold", "warm")):
                    bare, ours = (statistics.median(pair[which][index] for pair in times) for which in (0, 1))
                    print(f"| {name} | {kind} | {bare:.0f} ms | {ours:.0f} ms | {ours / bare:.2f} |", flush=True)


if __name__ == "__main__":
    main()
