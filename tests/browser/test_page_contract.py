"""What every page promises, whether nbconvert made it (`make blog`) or Quarto (`make quarto`), at the same address."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page, Response, expect

from benchmarks.static import serving
from streamside.catalogue import Lesson, Project
from streamside.paths import ROOT
from streamside.site import quarto_render
from streamside.site.check import PAGE_BYTES, weight
from tests.browser.test_pages import AXE, FAULTS, SAVING, SCREENS, background
from tests.conftest import opened

DOCUMENTS, LESSONS = Project().documents, [*Project().lessons]
PAGES = [document.href for document in DOCUMENTS] + ["404.html"]
FIRST = "notebooks/01-your-first-stream.html"
CUT = "[...document.querySelectorAll('main pre')].filter((pre) => pre.scrollWidth > pre.clientWidth).length"
ICON = 1_000  # bytes, of a picture that a browser may have from the page before
BEYOND = "[...document.querySelectorAll('.live-cable')].filter((bar) => bar.scrollWidth > bar.clientWidth).length"
SPACING = "* { letter-spacing: 0.12em !important; word-spacing: 0.16em !important; line-height: 1.5 !important }"
THEME_SWITCH = {"nbconvert": ".theme-switch", "quarto": ".quarto-color-scheme-toggle >> visible=true"}
SEARCH = {"nbconvert": "dialog.search[open] [role=combobox]", "quarto": "#quarto-search input"}
FOUND = {"nbconvert": "dialog.search[open] [role=option]", "quarto": ".aa-Panel .search-result-doc a"}


def looks() -> Iterator[Any]:
    """Each page on one screen, by turns, on every change, and on the other one every night: axe takes a second."""
    for number, href in enumerate(PAGES):
        for turn, (size, scheme) in enumerate(SCREENS.items()):
            marks = () if number % 2 == turn else (pytest.mark.nightly,)
            yield pytest.param(href, size, scheme, marks=marks, id=f"{href}-{scheme}")


@pytest.fixture(scope="session")
def quarto_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tutorial's pages, as Quarto makes them of this checkout's sources; never in the checkout's own folders."""
    quarto = quarto_render.program()
    if not quarto:
        assert "CI_WITH_QUARTO" not in os.environ, "nothing is to be skipped here"
        pytest.skip("Quarto's program is not at hand: `make quarto` says what to install")
    left_out = shutil.ignore_patterns(".*", "_site*", "node_modules", "__pycache__")
    project = shutil.copytree(ROOT, tmp_path_factory.mktemp("quarto") / "project", ignore=left_out)
    (project / "node_modules").symlink_to(ROOT / "node_modules")
    (project / ".cache").mkdir()
    if (ROOT / ".cache/live").exists():
        shutil.copytree(ROOT / ".cache/live", project / ".cache/live")
    environment = {**os.environ, "QUARTO_PYTHON": sys.executable}
    subprocess.run([quarto, "render", "--quiet"], cwd=project, env=environment, check=True)
    return project / "_site-quarto"


@pytest.fixture(scope="module", params=["nbconvert", "quarto"])
def renderer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest, renderer: str) -> Path:
    """The site that this renderer has made."""
    return Path(request.getfixturevalue("built_site" if renderer == "nbconvert" else "quarto_site"))


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Where it is served."""
    with serving(folder) as url:
        yield url


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[Page]:
    """A page that goes from address to address, and where no example in sight starts Python ahead."""
    with opened(browser) as page:
        page.add_init_script(SAVING)
        yield page


@pytest.fixture(scope="module")
def read(folder: Path) -> dict[str, BeautifulSoup]:
    """Each page's HTML."""
    return {href: BeautifulSoup((folder / href).read_text(encoding="utf-8"), "html.parser") for href in PAGES}


def downloads(lesson: Lesson) -> list[str]:
    """What the lesson's page offers to take away."""
    if lesson not in LESSONS:
        return []
    return [
        lesson.path,
        *(f"live/{example.path.relative_to(ROOT).as_posix()}" for example in lesson.examples if example.path.suffix),
    ]


def test_each_page_says_what_it_is_and_what_it_was_made_from(read: dict[str, BeautifulSoup]):
    for lesson in DOCUMENTS:
        page = read[lesson.href]
        assert [heading.get_text(strip=True) for heading in page.select("h1")] == [lesson.title]
        said = [str(meta["content"]).replace("’", "'") for meta in page.select("meta[name=description]")]
        assert said == [lesson.description.replace("’", "'")]  # Quarto sets apostrophes
        assert [len(page.select(name)) for name in ("main", "footer.colophon", "a.skip")] == [1, 1, 1]
        lead = {urljoin(lesson.href, str(link["href"])) for link in page.select(".sources a[download]")}
        assert lead >= set(downloads(lesson)), lesson.href
        feeds = [link["href"] for link in page.select("link[rel=alternate][type='application/atom+xml']")]
        assert [urljoin(lesson.href, str(feed)) for feed in feeds] == ["feed.xml"]
        assert page.select("main noscript") or not page.select("live-example"), lesson.href
        transcripts = [example.select_one("pre.transcript") for example in page.select("live-example")]
        assert all(transcript and "data:" in transcript.get_text() for transcript in transcripts), lesson.href
        names = [element["id"] for element in page.select("main [id]")]
        assert len(names) == len(set(names)), lesson.href


def test_all_that_pages_lead_to_is_there_and_nothing_comes_from_elsewhere(read: dict[str, BeautifulSoup], folder: Path):
    names = {href: {str(element["id"]) for element in page.select("[id]")} for href, page in read.items()}
    for href, page in read.items():
        for element in page.select("[src], link[rel=stylesheet], link[rel=icon]"):
            assert not urlsplit(str(element.get("src") or element.get("href"))).netloc, element
        for element in page.select("a[href], [src], link[href]"):
            where = urlsplit(str(element.get("href") or element.get("src") or ""))
            if where.scheme or where.netloc or not (where.path or where.fragment):
                continue
            path = unquote(urlsplit(urljoin(f"/{href}", where.path)).path if where.path else f"/{href}").lstrip("/")
            path = path + "index.html" if path.endswith("/") or not path else path
            assert (folder / path).is_file(), f"{href} leads to {path}"
            assert not where.fragment or path not in names or unquote(where.fragment) in names[path], (href, where)


def test_what_programs_read_is_there(folder: Path):
    feed = ElementTree.parse(folder / "feed.xml").getroot()
    assert len(feed.findall("{http://www.w3.org/2005/Atom}entry")) == len([each for each in DOCUMENTS if each.date])
    assert (folder / "llms.txt").read_text().startswith("# ")
    assert all((folder / href.replace(".html", ".md")).is_file() for href in PAGES[:-1])


@pytest.mark.parametrize(("href", "size", "scheme"), [*looks()])
def test_a_page_is_well_read_and_axe_finds_nothing(
    reader: Page, address: str, renderer: str, folder: Path, href: str, size: tuple[int, int], scheme: str
):
    """On a desk in light or on a phone in dark; its first example is in sight: the beginning of what App and Wire show.

    How light a page is holds for ours: Quarto's brings Bootstrap.
    """
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    reader.on("response", note)
    reader.emulate_media(color_scheme="light")
    reader.set_viewport_size({"width": 1280, "height": 900})
    reader.goto(address + href)
    reader.wait_for_load_state("networkidle")
    if renderer == "nbconvert":
        names = {unquote(answer.url).removeprefix(address) for answer in answers}
        fetched = sum((folder / name).stat().st_size for name in names if (folder / name).is_file())
        assert fetched < PAGE_BYTES
        if href != "404.html":  # whose style a script finds, wherever the page is
            assert 0 <= weight(folder / href) - fetched <= ICON  # `check` says so without a browser
    assert reader.evaluate(BEYOND) == 0
    expect(reader.locator("live-example:not([state=idle])")).to_have_count(0)
    for panes in reader.locator(".live-panes").all()[:1]:
        assert (panes.bounding_box() or {"y": 900})["y"] < 750
    reader.evaluate(AXE)
    width, height = size
    reader.set_viewport_size({"width": width, "height": height})
    reader.emulate_media(color_scheme="light" if scheme == "light" else "dark")
    assert reader.evaluate(FAULTS) == []
    assert reader.evaluate("document.documentElement.scrollWidth") == width
    reader.remove_listener("response", note)
    assert [answer.url for answer in answers if answer.status >= 400] == []


def test_a_lesson_is_run_searched_switched_and_printed(page: Page, address: str, renderer: str):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(address + FIRST)
    live = page.locator("live-example").first
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live).to_have_attribute("state", "running")
    expect(live.get_by_role("list", name="Wire").locator(".browser.event").first).to_be_visible()
    live.get_by_role("button", name="Stop", exact=True).click()

    light = background(page)
    page.locator(THEME_SWITCH[renderer]).first.click()
    expect(page.locator(":root")).to_have_attribute("data-theme", "dark")
    assert background(page) != light

    page.keyboard.press("/")
    expect(page.locator(SEARCH[renderer])).to_be_focused()
    page.keyboard.type("bare ASGI")
    expect(page.locator(f"{FOUND[renderer]}[href*='08-a-clock-in-bare-asgi']").first).to_be_visible()

    page.set_viewport_size({"width": 320, "height": 700})  # WCAG's text spacing, on the narrowest screen
    page.reload()
    expect(live).to_have_attribute("state", "idle")
    page.add_style_tag(content=SPACING)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.emulate_media(media="print")
    assert page.evaluate(CUT) == 0
    assert page.locator("button:visible").count() == 0
    expect(live.locator(".transcript")).to_be_visible()
    assert background(page) == light  # as paper is
