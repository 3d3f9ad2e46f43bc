"""What every page promises, in Chromium: of a small tutorial that has all there is, and of the tutorial itself."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.static import serving
from streamside.paths import ROOT
from tests import small_tutorial
from tests.conftest import opened

AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
# Not in frames, where axe is not: it would wait for an answer from there.
FAULTS = """axe.run({ iframes: false, resultTypes: ["violations"] })
    .then(({ violations }) => violations.map((v) => [v.id, ...v.nodes.map((node) => node.html)]))"""
WEIGHT = """() => [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")]
    .reduce((sum, {encodedBodySize}) => sum + encodedBodySize, 0)"""
SMALL = ["index.html", "about.html", "404.html", "notebooks/01-a.html", "notebooks/02-b.html"]
ALL_THERE_IS = "notebooks/01-a.html"
# Without JavaScript: the home page, one example, several, a folder, what cannot run in a page, no example at all.
KINDS = ["index", "notebooks/01-your-first-stream", "notebooks/06-streams-that-do-not-end"]
KINDS += ["notebooks/11-django-groups-users-signals", "notebooks/17-in-your-framework", "about", "404"]
EACH_KIND = [("small", ALL_THERE_IS), *(("site", f"{name}.html") for name in KINDS)]
SCREENS = {(1280, 900): "light", (390, 844): "dark"}
ELSEWHERE = ("https://html.spec.whatwg.org/", "https://creativecommons.org/", "https://opensource.org/")
SAVING = "Object.defineProperty(navigator, 'connection', { value: { saveData: true } });"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a small tutorial's site."""
    root = small_tutorial.write(tmp_path_factory.mktemp("small"))
    small_tutorial.render(root)
    with serving(root / "_site") as url:
        yield url


@pytest.fixture(params=EACH_KIND, ids=lambda param: "-".join(param))
def address(request: pytest.FixtureRequest, small: str, site: str) -> str:
    """The address of a page of each kind, of both sites."""
    kind, href = request.param
    return (small if kind == "small" else site) + href


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[Page]:
    """A page that goes from address to address, and where no example in sight starts Python ahead."""
    with opened(browser) as page:
        page.add_init_script(SAVING)
        yield page


def test_where_there_is_all_that_a_page_can_have_axe_finds_nothing(reader: Page, small: str):
    """In both sizes, and in both themes. `test_page_contract` looks at the tutorial's own pages."""
    reader.goto(small + ALL_THERE_IS)
    reader.wait_for_load_state("networkidle")
    expect(reader.locator("live-example:not([state=idle])")).to_have_count(0)
    reader.evaluate(AXE)
    for width, height in SCREENS:
        reader.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            reader.emulate_media(color_scheme=scheme)
            assert reader.evaluate(FAULTS) == [], (scheme, width)
        assert reader.evaluate("document.documentElement.scrollWidth") == width


@pytest.fixture(scope="module")
def without_javascript(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def test_without_javascript_there_is_everything_to_read(without_javascript: Page, address: str):
    without_javascript.goto(address)
    expect(without_javascript.locator("h1")).to_be_visible()
    if without_javascript.locator("live-example").count():
        expect(without_javascript.locator("noscript > p").first).to_be_visible()
    for element in without_javascript.locator("live-example").all():
        expect(element.locator(".transcript")).to_be_visible()
        assert "data:" in element.locator(".transcript").inner_text()
    assert without_javascript.locator("button:visible:not([popovertarget])").count() == 0


MARKED = "[...document.querySelectorAll('live-example li')].map((li) => getComputedStyle(li, '::before').content)"


def test_the_home_page_marks_its_lessons_and_not_what_is_on_the_wire(page: Page, site: str):
    page.goto(site)
    expect(page.locator("live-example")).to_have_attribute("state", "idle")
    assert set(page.evaluate(MARKED)) == {"none"}


def test_the_tutorials_pages_are_valid_html(built_site: Path):
    assert small_tutorial.invalid(built_site) == ""


def test_prose_keeps_a_readable_measure(page: Page, small: str):
    page.set_viewport_size({"width": 1600, "height": 900})
    page.goto(f"{small}notebooks/01-a.html")
    measure = """(element) => {
        const width = element.getBoundingClientRect().width;
        element.style.width = "1ch";
        return width / element.getBoundingClientRect().width;
    }"""
    characters = page.locator("article .cell > p").last.evaluate(measure)
    assert 55 < characters < 80
    prose, live = (page.locator(f"article {name}").first.bounding_box() for name in (".cell > p", "live-example"))
    assert prose
    assert live
    assert live["width"] > prose["width"]


def test_a_table_that_a_phone_is_too_narrow_for_is_scrolled(page: Page, site: str):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site}notebooks/attributes.html")
    table = page.get_by_role("group", name="Table").first
    assert table.get_by_role("columnheader", name="What it says").evaluate("(cell) => cell.offsetWidth") > 200
    assert table.get_by_role("link", name="lesson 1").first.evaluate("(link) => link.getClientRects().length") == 1
    table.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.table').scrollLeft > 0")


def test_contents_are_a_drawer_on_a_phone(page: Page, small: str):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{small}notebooks/01-a.html")
    drawer, button = page.locator("#contents"), page.get_by_role("button", name="Contents")
    expect(drawer).to_be_hidden()
    button.click()
    expect(drawer).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    button.click()
    drawer.get_by_role("link", name="Section 3").click()
    expect(drawer).to_be_hidden()
    expect(page.locator("#section-3")).to_be_in_viewport()
    button.click()
    drawer.get_by_role("link", name="B", exact=True).click()
    expect(page.locator("h1")).to_have_text("B")


def test_contents_stay_beside_the_text_and_show_the_section(page: Page, small: str):
    page.goto(f"{small}notebooks/01-a.html")
    contents = page.locator("#contents")
    expect(contents).to_be_in_viewport()
    page.locator("#section-4").scroll_into_view_if_needed()
    page.evaluate("document.getElementById('section-4').scrollIntoView()")
    expect(contents).to_be_in_viewport()
    expect(contents.locator(".sections [aria-current]")).to_have_text("Section 4")
    expect(contents.locator("[aria-current=page]")).to_have_text("A")


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chosen_theme_is_kept_and_reaches_pictures(page: Page, small: str, scheme: Any):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{small}notebooks/01-a.html")
    switch, picture = page.get_by_role("button", name="Dark theme"), page.get_by_alt_text("A picture")
    expect(switch).to_have_attribute("aria-pressed", str(scheme == "dark").lower())
    before, drawn = background(page), picture.screenshot()
    switch.click()
    after = background(page)
    assert after != before
    assert picture.screenshot() != drawn
    page.goto(f"{small}notebooks/02-b.html")
    assert background(page) == after
    page.get_by_role("button", name="Dark theme").click()
    assert background(page) == before


def test_a_listing_is_copied(page: Page, small: str):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{small}notebooks/01-a.html")
    listing = page.locator(".listing").filter(has_text="a comment")
    listing.hover()
    page.clock.install()
    page.clock.pause_at("2030-01-01")  # or it says so for a moment only
    listing.get_by_role("button", name="Copy").click()
    expect(listing.get_by_role("button")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith('@app.get("/")  # a comment\nasync def f(x: int = 1) -> str:\n    """A text."""\n')


def test_the_keyboard_skips_to_the_text(page: Page, small: str):
    page.goto(f"{small}notebooks/01-a.html")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the text")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the text")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_heading_has_an_address(page: Page, small: str):
    page.goto(f"{small}notebooks/01-a.html")
    heading = page.locator("#section-2")
    heading.hover()
    heading.get_by_role("link").click()
    assert page.url.endswith("01-a.html#section-2")


def test_all_that_pages_lead_to_is_there(page: Page, small: str):
    for href in SMALL:
        page.goto(f"{small}{href}")
        for link in page.locator("a[href]").evaluate_all("(links) => links.map((link) => link.href)"):
            if link.startswith(small):
                assert page.request.get(link).ok, link
            else:
                assert link.startswith(ELSEWHERE), f"{link} does not begin with {small}"


@pytest.mark.parametrize("path", ["no-such-page.html", "notebooks/no/such/page.html"])
def test_the_page_for_what_is_not_there_leads_home(page: Page, small: str, path: str):
    missing = page.request.get(f"{small}404.html").text()
    page.route(f"{small}{path}", lambda route: route.fulfill(status=404, content_type="text/html", body=missing))
    page.goto(f"{small}{path}")
    expect(page.locator("h1")).to_have_text("There is no page here")
    expect(page.locator("#home")).to_have_attribute("href", re.compile(r"/some/prefix/$|^http.*/$"))
    page.locator("#home").click()
    expect(page.locator("h1")).to_have_text("A small tutorial")
