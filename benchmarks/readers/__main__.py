"""`python -m benchmarks.readers [NAME…]`: gives the cases to readers, all or those named; stores what they read.

Those that are not this project's are installed in `.cache/readers`. The results are in `cases/readers.json`, which the
appendix "Who reads it right" shows.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.readers import in_browsers, installed
from benchmarks.readers.judge import EVERYTHING, judged, streams, uncut
from streamside.paths import ROOT
from streamside.server import serve
from streamside.setup import SetupError
from tests import browsers
from tests.browser import firefox
from tests.browsers import NoBrowserError
from tests.event_streams import as_json

HERE = Path(__file__).parent
RESULTS = ROOT / "cases/readers.json"
CASES = as_json()["cases"]
TYPES = sorted({"message", *(event["type"] for case in CASES for event in case["events"])})
LIMIT = 300  # s for one reader in a process of its own

Told = tuple[str, list[dict[str, Any]]]  # version, readings


@dataclass(frozen=True)
class Reader:
    """One of those that are compared."""

    name: str
    where: str
    read: Callable[["Reader"], Told]
    package: str = ""
    tells: tuple[str, ...] = EVERYTHING


def in_python(reader: Reader) -> Told:
    """By a program in the readers' own environment."""
    return by_program([installed.python(), HERE / "in_python.py", reader.package])


def in_node(reader: Reader) -> Told:
    """By one in Node.js."""
    return by_program([installed.node(), "--no-warnings", HERE / "in_node.mjs", reader.package, installed.FOLDER])


def by_program(command: list[Any]) -> Told:
    """What a program tells of all streams."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "EVENT_TYPES": json.dumps(TYPES)}
    given = json.dumps(streams(CASES))
    done = subprocess.run(
        list(map(str, command)),
        input=given,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=LIMIT,
    )
    told = json.loads(done.stdout)
    return told["version"] or "", told["readings"]


def in_chromium(_: Reader) -> Told:
    """By its event source."""
    with chromium() as (page, version):
        return version, in_browsers.event_source(page.goto, page.evaluate, streams(CASES), uncut(CASES), TYPES)


def in_firefox(_: Reader) -> Told:
    """By its event source."""
    with firefox.starting(browsers.program(browsers.FIREFOX)) as started, started.tab() as tab:
        readings = in_browsers.event_source(tab.open, tab.evaluate, streams(CASES), uncut(CASES), TYPES)
        return started.version, readings


def by_htmx(reader: Reader) -> Told:
    """By its extension, in Chromium."""
    folder = installed.FOLDER / "node_modules" / reader.package
    with chromium() as (page, _), serve(in_browsers.Streams([])) as server:
        version = json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
        return version, in_browsers.htmx(page, server.url, folder, streams(CASES))


@contextmanager
def chromium() -> Iterator[tuple[Page, str]]:
    """A page, and the browser's version."""
    with sync_playwright() as playwright:
        path = browsers.program(browsers.CHROMIUM)
        browser = playwright.chromium.launch(executable_path=path, args=list(browsers.ARGUMENTS))
        yield browser.new_page(), browser.version
        browser.close()


READERS = (
    Reader("EventSource in Chromium", "browser", in_chromium),
    Reader("EventSource in Firefox", "browser", in_firefox),
    Reader("hx-sse of htmx", "browser", by_htmx, "htmx.org"),
    Reader("undici", "Node.js", in_node, "undici"),
    Reader("eventsource", "JavaScript", in_node, "eventsource"),
    Reader("eventsource-parser", "JavaScript", in_node, "eventsource-parser"),
    Reader("@microsoft/fetch-event-source", "JavaScript", in_node, "@microsoft/fetch-event-source"),
    Reader("httpx-sse", "Python", in_python, "httpx-sse"),
    Reader("sseclient-py", "Python", in_python, "sseclient-py", ("events", "lastEventId")),
    Reader("requests-sse", "Python", in_python, "requests-sse"),
    Reader("aiohttp-sse-client2", "Python", in_python, "aiohttp-sse-client2"),
    Reader("openai", "Python", in_python, "openai"),
    Reader("this tutorial, streamside.wire", "Python", in_python, "streamside"),
    Reader("this tutorial, in the page", "JavaScript", in_node, "streamside"),
)


def main() -> None:
    """All of them, or those named."""
    named = sys.argv[1:]
    if unknown := set(named) - {reader.name for reader in READERS}:
        sys.exit(f"no such reader: {'; '.join(sorted(unknown))}. There are: {'; '.join(each.name for each in READERS)}")
    try:
        installed.install()
        ask(named)
    except (SetupError, NoBrowserError) as error:
        sys.exit(str(error))


def ask(named: list[str]) -> None:
    """Give the cases to them, and store what comes of it beside what is known of others."""
    before = json.loads(RESULTS.read_text(encoding="utf-8"))["readers"] if RESULTS.exists() else []
    results = {result["name"]: result for result in before}
    for reader in READERS:
        if not named or reader.name in named:
            version, readings = reader.read(reader)
            found = judged(CASES, readings, reader.tells)
            about = {"name": reader.name, "version": version, "where": reader.where, "tells": reader.tells}
            results[reader.name] = {**about, **found}
            print(f"{reader.name} {version}: {found['passed']} of {len(CASES)} cases", flush=True)
    kept = [results[reader.name] for reader in READERS if reader.name in results]
    stored = {"license": "CC0-1.0", "cases": len(CASES), "streams": len(streams(CASES)), "readers": kept}
    RESULTS.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
