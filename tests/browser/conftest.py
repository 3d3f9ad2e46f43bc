"""Pages with one live example; laboratories."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from benchmarks.static import serving as serving_files
from streamside.paths import ROOT
from streamside.site import bundle, deployment
from streamside.site.bundle import LIVE, write_as_one
from tests.browser.laboratory import LABORATORY, Laboratory, serve_files
from tests.browser.stand_in import APP, PAGE, PROGRAM, RUNTIME, TITLE
from tests.browser.visitors import Visitor, chromium
from tests.conftest import opened


@pytest.fixture(scope="session")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The editor, bundled as the site has it."""
    made = tmp_path_factory.mktemp("editor") / "editor.js"
    write_as_one(LIVE / "page/editor.js", made, "esm")
    return made


@pytest.fixture
def show(page: Page, serving: Callable[[Any], str], tmp_path: Path, editor: Path) -> Callable[..., Locator]:
    """`show(exchanges, page=…)` opens a page with one live example and returns the element, upgraded."""
    shutil.copytree(ROOT / "blog/live", tmp_path / "live")
    shutil.copytree(ROOT / "blog/theme", tmp_path / "theme")
    shutil.copy(editor, tmp_path / "live/page/editor.js")
    (tmp_path / "live/examples").mkdir()
    (tmp_path / "live/examples/numbers.py").write_text(PROGRAM)
    (tmp_path / "live/page/run-example.js").write_text(RUNTIME)
    (tmp_path / "app.html").write_text(f"<!doctype html><title>App</title><style>p {{ color: green }}</style>{APP}")
    url = serving(Starlette(routes=[Mount("/", StaticFiles(directory=tmp_path, html=True))]))

    def open_page(
        *exchanges: dict[str, Any],
        html: str = PAGE,
        attributes: str = "",
        upgrade: bool = True,
        below: str = "",
        fragment: str = "",
    ) -> Locator:
        recording = json.dumps({"page": html, "exchanges": exchanges}).replace("<", "\\u003c")
        script = '<script type="module" src="live/page/live-example.js"></script>' if upgrade else ""
        (tmp_path / "index.html").write_text(
            f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>A lesson</title>
            <meta name="viewport" content="width=device-width">
            <link rel="icon" href="data:,"><link rel="stylesheet" href="theme/streamside.css">
            <link rel="stylesheet" href="theme/live.css"><link rel="stylesheet" href="theme/exercise.css">{script}
            <main><h1>A lesson</h1><live-example example="numbers" title="{TITLE}" {attributes}>
            <pre class="transcript" tabindex="0">&gt; GET /numbers</pre>
            <script type="application/json">{recording}</script></live-example>{below}</main>"""
        )
        page.goto(url + fragment)
        if upgrade:
            expect(page.locator("live-example")).to_have_attribute("state", "idle")
        return page.locator("live-example")

    return open_page


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    bundle.build(folder)
    (folder / "index.html").write_text(LABORATORY)
    deployment.complete(folder)
    return folder


@pytest.fixture
def host(built: Path) -> Iterator[str]:
    """The site's address."""
    with serve_files(built) as url:
        yield url


@pytest.fixture
def fresh(page: Page, host: str) -> Laboratory:
    """A laboratory into which nobody has brought Python yet."""
    opened = Laboratory(page, host)
    opened.open()
    return opened


@pytest.fixture(scope="session")
def common(browser: Browser, built: Path) -> Iterator[Laboratory]:
    with serving_files(built) as url, opened(browser) as page:  # of its own: a visitor goes elsewhere
        laboratory = Laboratory(page, url)
        laboratory.open()
        yield laboratory


@pytest.fixture
def laboratory(common: Laboratory) -> Iterator[Laboratory]:
    """The laboratory of all the tests to which it is the same what ran before: starting Python takes seconds."""
    yield common
    common.clear()


@pytest.fixture(params=["chromium", "firefox"])
def visitor(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Visitor]:
    """A reader with either browser."""
    if request.param == "chromium":
        with chromium(browser) as visitor:
            yield visitor
    else:
        yield Visitor(request.getfixturevalue("tab"))
