"""The search: by keyboard alone, fetched when it is asked for, in both browsers, below any path, under the policy."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.test_content_security_policy import POLICY, Strict
from tests.browser.test_pages import AXE, FAULTS
from tests.browser.visitors import Visitor, files

LESSON = "notebooks/03-close-it-for-good.html"
FETCHED = """performance.getEntriesByType("resource").filter(({ name }) => /search[-./](?!js$)/.test(name))
    .map(({ name, encodedBodySize }) => [name.split("/").at(-1), encodedBodySize])"""
TYPE = """(text) => {
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "/" }));
  const type = () => {
    const field = document.querySelector("dialog.search[open] input");
    if (!field) return setTimeout(type, 20);
    field.value = text;
    field.dispatchEvent(new Event("input"));
  };
  type();
}"""


def test_it_is_used_by_keyboard_and_axe_finds_nothing(page: Page, site: str):
    page.goto(site + LESSON)
    expect(page.get_by_role("button", name="Search")).to_be_visible()
    for width in (353, 390):  # where the head of a page is fullest
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert [name for name, _ in page.evaluate(FETCHED)] == []
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Search the lessons")
    expect(field).to_be_focused()
    assert 0 < sum(size for _, size in page.evaluate(FETCHED)) < 60_000  # before the first letter
    page.keyboard.type("last/event id")  # here it is a letter
    chosen = page.locator("[role=option][aria-selected=true]")
    expect(page.get_by_role("status").filter(has_text="sections")).to_be_visible()
    first = chosen.get_attribute("id")
    page.keyboard.press("ArrowDown")
    second = chosen.get_attribute("id")
    assert second != first
    expect(field).to_have_attribute("aria-activedescendant", second or "")
    page.keyboard.press("ArrowUp")
    expect(chosen).to_have_attribute("id", first or "")
    page.evaluate(AXE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        assert page.evaluate(FAULTS) == [], scheme
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    page.keyboard.press("/")
    expect(field).to_have_value("last/event id")
    address = chosen.get_attribute("href") or ""
    page.keyboard.press("Enter")
    page.wait_for_url(address)
    assert page.url.startswith(site)
    assert [name for name, _ in page.evaluate(FETCHED)].count("sections.json") <= 1


def test_in_both_browsers_a_section_is_found_below_a_path_and_under_the_policy(
    visitor: Visitor, built_site: Path
) -> None:
    strict = Strict(built_site, POLICY)
    strict.host.app = files(built_site, "some/prefix")
    with strict.host.serving() as server:
        visitor.open(f"{server.url}/some/prefix/{LESSON}")
        visitor.evaluate(TYPE, "zzzzzz")
        visitor.wait("document.querySelector('.search [role=status]')?.textContent === 'No sections'")
        visitor.evaluate(TYPE, "has the last word")
        visitor.wait("document.querySelector('[role=option] b')?.textContent.endsWith('The server has the last word')")
        visitor.evaluate("() => document.querySelector('[role=option]').click()")
        visitor.wait("location.hash === '#the-server-has-the-last-word' && !document.querySelector('dialog[open]')")
    assert strict.reports == []


def test_what_is_typed_while_the_search_is_fetched_is_not_lost(page: Page, site: str):
    page.goto(site + LESSON)
    page.evaluate(
        "() => { for (const key of ['/', '4', '/', '0']) "
        "document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })); }"
    )
    field = page.get_by_role("combobox", name="Search the lessons")
    expect(field).to_have_value("4/0")
    expect(field).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="section")).to_be_visible()


def test_its_key_can_be_switched_off(page: Page, site: str):
    page.goto(site + LESSON)
    page.keyboard.press("/")
    switch = page.get_by_role("checkbox", name="The key / opens the search")
    switch.uncheck()
    page.reload()
    page.keyboard.press("/")
    page.get_by_role("button", name="Search").click()
    expect(switch).not_to_be_checked()
    expect(page.get_by_role("combobox")).to_have_value("")
    switch.check()
    page.reload()
    page.keyboard.press("/")
    expect(switch).to_be_checked()


def test_without_the_index_a_sentence_says_so_and_it_is_asked_for_again(page: Page, site: str):
    page.goto(site + LESSON)
    page.route("**/sections.json", lambda route: route.abort())
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("r")
    expect(page.get_by_role("status").filter(has_text="The index could not be fetched.")).to_be_visible()
    page.unroute("**/sections.json")
    page.keyboard.type("etry")
    expect(page.get_by_role("option").first).to_be_visible()
