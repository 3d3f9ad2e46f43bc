"""The public suite's tests of event sources: as many pass in a page as by a server on a network?

`python -m benchmarks.wpt CHECKOUT [PART-OF-A-NAME]` takes a checkout of https://github.com/web-platform-tests/wpt
(`eventsource/`, `resources/`, `common/`) and runs in Chromium those of its pages that need no other origin, twice:
served by uvicorn, and by the same application in a page. It prints both counts, what differs, and what fails in both.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page, sync_playwright

from benchmarks import wpt_app
from benchmarks.static import serving
from streamside.server import serve
from streamside.site import bundle, deployment
from tests import browsers
from tests.browser.laboratory import LABORATORY, Laboratory

NEEDED = ("resources/testharness.js", "common/redirect.py")
OTHER_ORIGIN = re.compile(r"get_host_info|get-host-info|CROSSDOMAIN|cors\.py|cors-cookie\.py")
PATIENCE = 20_000  # ms for the tests of one page
PASSED = 0

Results = dict[tuple[str, str], int]


def texts(checkout: Path) -> dict[str, str]:
    """The files of a checkout that the tests of event sources need, by path."""
    paths = [*checkout.glob("eventsource/**/*"), *(checkout / name for name in NEEDED)]
    return {
        path.relative_to(checkout).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(paths)
        if path.suffix in (".js", ".htm", ".html", ".py", ".event_stream")
    }


def pages(files: dict[str, str]) -> Iterator[str]:
    """The addresses of the suite's pages that need no other origin."""
    for path, text in files.items():
        if not path.startswith("eventsource/") or "/resources/" in path or OTHER_ORIGIN.search(text):
            continue
        base, _, ending = path.partition(".")
        if ending == "any.js":
            yield f"{base}.any.html"
            yield f"{base}.any.worker.html"
            if re.search(r"// META: global=.*\b(shared)?worker\b", text):
                yield f"{base}.any.sharedworker.html"
        elif ending in ("window.js", "worker.js"):
            yield path.replace(".js", ".html")
        elif ending.startswith("htm") and "testharness.js" in text:
            yield path


def results(page: Page, window: str, name: str) -> Results:
    """What has become of the tests of the page in a window, by page and test."""
    with suppress(Error):  # those that hang are not told
        page.wait_for_function(f"{window}.results", timeout=PATIENCE)
    told: list[list[Any]] = page.evaluate(f"{window}.results ?? []")
    return {(name, test): status for test, status in told} or {(name, "the page"): 2}


def by_network(page: Page, url: str, names: list[str]) -> Results:
    """The tests of the pages below a server's address."""
    found: Results = {}
    for name in names:
        page.goto(f"{url}/{name}")
        found |= results(page, "window", name)
    return found


def in_page(laboratory: Laboratory, files: dict[str, str], names: list[str]) -> Results:
    """The same, where the server runs in the page."""
    program = f"{Path(wpt_app.__file__).read_text(encoding='utf-8')}\napp = Checkout({files!r})\n"
    run = laboratory.run(program, path="/resources/testharnessreport.js")
    found: Results = {}
    for name in names:
        laboratory.page.evaluate(
            r"""([run, name]) => new Promise((resolve) => {
              const { frame, running } = run;
              const fresh = document.createElement("iframe");
              fresh.src = running.url.replace(/resources\/.*/, name);
              fresh.onload = resolve;
              frame.replaceWith(fresh);
              run.frame = fresh;
            })""",
            [laboratory.page.evaluate_handle(run.name), name],
        )
        found |= results(laboratory.page, f"{run.name}.frame.contentWindow", name)
    return found


@contextmanager
def laboratory(page: Page) -> Iterator[Laboratory]:
    """A laboratory in a page of a fresh site."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        bundle.build(site)
        (site / "index.html").write_text(LABORATORY, encoding="utf-8")
        deployment.complete(site)
        with serving(site) as url:
            made = Laboratory(page, url)
            made.open()
            yield made


def main() -> None:
    """Both runs, one after the other."""
    if len(sys.argv) < 2 or not Path(sys.argv[1], "eventsource").is_dir():
        sys.exit("Name a checkout of web-platform-tests: python -m benchmarks.wpt CHECKOUT")
    files = texts(Path(sys.argv[1]))
    names = [name for name in pages(files) if "".join(sys.argv[2:3]) in name]
    with sync_playwright() as playwright:
        path = browsers.program(browsers.CHROMIUM)
        chromium = playwright.chromium.launch(executable_path=path, args=list(browsers.ARGUMENTS))
        with serve(wpt_app.Checkout(files)) as server:
            network = by_network(chromium.new_page(), server.url, names)
        with laboratory(chromium.new_page()) as lab:
            here = in_page(lab, files, names)
        chromium.close()
    print(f"{len(names)} pages, {len(network)} tests in Chromium")
    for where, found in (("served by uvicorn", network), ("in the page", here)):
        print(f"{where}: {list(found.values()).count(PASSED)} pass")
    for test in sorted(network.keys() | here.keys()):
        if network.get(test) != here.get(test):
            print(f"differs: {': '.join(test)}")
        elif network[test] != PASSED:
            print(f"fails in both: {': '.join(test)}")


if __name__ == "__main__":
    main()
