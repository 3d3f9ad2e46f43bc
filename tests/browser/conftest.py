"""Pages with one live example; laboratories."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from benchmarks.static import serving as serving_files
from streamside.paths import ROOT
from streamside.server import serve
from streamside.site import bundle, deployment
from streamside.site.bundle import LIVE, write_as_one
from tests.browser.laboratory import LABORATORY, Laboratory, serve_files
from tests.browser.stand_in import APP, PAGE, PROGRAM, RUNTIME, TITLE
from tests.browser.visitors import Visitor, chromium
from tests.conftest import opened, watched


@pytest.fixture(scope="session")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The editor, bundled as the site has it."""
    made = tmp_path_factory.mktemp("editor") / "editor.js"
    write_as_one(LIVE / "page/editor.js", made, "esm")
    return made


class Files(StaticFiles):
    """The lesson and its program, which tests write, are asked for each time; scripts and styles stay as they are."""

    def file_response(self, full_path: Any, *values: Any, **more: Any) -> Response:
        answer = super().file_response(full_path, *values, **more)
        if Path(full_path).suffix not in {".js", ".css"}:
            answer.headers["cache-control"] = "no-cache"
        return answer


@pytest.fixture(scope="session")
def theatre(tmp_path_factory: pytest.TempPathFactory, editor: Path) -> Iterator[tuple[Path, str]]:
    """The folder of a page with one live example, whose runtime is a stand-in, and its address."""
    folder = tmp_path_factory.mktemp("theatre")
    shutil.copytree(ROOT / "blog/live", folder / "live")
    shutil.copytree(ROOT / "blog/theme", folder / "theme")
    shutil.copy(editor, folder / "live/page/editor.js")
    (folder / "live/examples").mkdir()
    (folder / "live/page/run-example.js").write_text(RUNTIME)
    (folder / "app.html").write_text(f"<!doctype html><title>App</title><style>p {{ color: green }}</style>{APP}")
    with serve(Starlette(routes=[Mount("/", Files(directory=folder, html=True))])) as server:
        yield folder, server.url


@pytest.fixture
def lesson_folder(theatre: tuple[Path, str]) -> Path:
    """Where `show` has its files: a test may write others in their place."""
    folder, _ = theatre
    (folder / "live/examples/numbers.py").write_text(PROGRAM)
    return folder


@pytest.fixture(scope="session")
def stage(browser: Browser) -> Iterator[Page]:
    """A page that many tests use: to open one, and to compile the scripts of its first lesson, takes half a second."""
    with opened(browser) as page:
        yield page


LASTING = {"add_init_script", "clock", "context", "route"}  # what a test does to a page and what stays in it


@pytest.fixture
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """The stage for a test that leaves it as it was, with nothing stored; else a page of its own."""
    if "show" not in request.fixturenames or LASTING & {*request.function.__code__.co_names}:
        with opened(browser) as page:
            yield page
        return
    stage, (_, url) = request.getfixturevalue("stage"), request.getfixturevalue("theatre")
    with watched(stage):
        yield stage
        stage.goto("about:blank")
    stage.set_viewport_size({"width": 1280, "height": 720})
    stage.emulate_media(media="screen", color_scheme="light", reduced_motion="reduce")
    session = stage.context.new_cdp_session(stage)
    session.send("Storage.clearDataForOrigin", {"origin": url, "storageTypes": "all"})
    session.detach()


@pytest.fixture
def show(page: Page, theatre: tuple[Path, str], lesson_folder: Path) -> Callable[..., Locator]:
    """`show(exchanges, page=…)` opens a page with one live example and returns the element, upgraded."""
    _, url = theatre

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
        (lesson_folder / "index.html").write_text(
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
    """A reader with either browser; `FIREFOX_AT_NIGHT` leaves the second to every night's CI."""
    if request.param == "chromium":
        with chromium(browser) as visitor:
            yield visitor
    else:
        yield Visitor(request.getfixturevalue("tab"))
