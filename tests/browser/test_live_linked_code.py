"""A program that comes with a link: it is shown, marked where it differs, and runs once the reader has confirmed it."""

import base64
import zlib
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.stand_in import NUMBERS, PROGRAM, calls, exchange, violations_in_both_themes

LINKED = PROGRAM + "app = 1" + 300 * " " + "; import mischief\n"


def fragment(program: str) -> str:
    packed = zlib.compressobj(wbits=-15)
    text = base64.urlsafe_b64encode(packed.compress(program.encode()) + packed.flush())
    return f"#numbers={text.decode().rstrip('=')}"


def notice(live: Locator) -> Locator:
    return live.get_by_role("group", name="A linked program")


def run_button(live: Locator) -> Locator:
    return live.get_by_role("button", name="Run this linked program")


def confirm(live: Locator) -> None:
    live.get_by_role("checkbox", name="I have read it, or I trust who wrote it.").check()
    run_button(live).click()


@pytest.fixture
def follow(show: Callable[..., Locator]) -> Callable[..., Locator]:
    """`follow(program)` loads the lesson by a link that carries the program."""
    return lambda program=LINKED: show(exchange(NUMBERS), fragment=fragment(program))


def test_it_says_what_it_could_do_and_runs_only_when_it_is_confirmed(
    follow: Callable[..., Locator], page: Page
) -> None:
    live = follow()
    expect(notice(live)).to_contain_text("This program came with a link. Line 4, marked below, is not the lesson’s.")
    for told in ("change this page", "any page of 127.0.0.1", "stored data, cookies, caches", "send it elsewhere"):
        expect(notice(live)).to_contain_text(told)
    expect(live.locator(".live-note")).to_contain_text("has not run")
    expect(run_button(live)).to_be_disabled()
    expect(live.get_by_role("button", name="Run edited version")).to_be_hidden()
    live.get_by_role("button", name="Run", exact=True).click()
    check = live.get_by_role("checkbox")
    expect(check).to_be_focused()  # whoever wants to run it is asked
    live.get_by_role("textbox").press("Control+Enter")
    expect(check).to_be_focused()
    expect(live).to_have_attribute("state", "idle")
    assert calls(page) == []
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    expect(run_button(live)).to_be_focused()
    page.keyboard.press("Enter")
    expect(live).to_have_attribute("state", "running")
    assert [call[3] for call in calls(page)] == [{"numbers.py": LINKED}]


def test_it_is_asked_once_for_each_program(follow: Callable[..., Locator], page: Page) -> None:
    live = follow()
    confirm(live)
    expect(live).to_have_attribute("state", "running")
    expect(notice(live)).to_be_hidden()
    field = live.get_by_role("textbox")
    field.press("Control+End")
    field.press_sequentially("# mine")
    live.get_by_role("button", name="Run edited version").click()
    page.wait_for_function("fake.calls.length === 3")
    page.evaluate("(hash) => { location.hash = hash; }", fragment(PROGRAM + "other"))
    expect(notice(live)).to_be_visible()
    expect(run_button(live)).to_be_disabled()
    page.go_back()
    expect(notice(live)).to_be_hidden()
    expect(field).to_contain_text("mischief")


def test_a_link_that_is_pasted_into_the_open_page_does_what_loading_it_does(
    show: Callable[..., Locator], page: Page
) -> None:
    live = show(exchange(NUMBERS))
    for program in (LINKED, PROGRAM + "other = 1\n"):
        page.goto(page.url.split("#")[0] + fragment(program))
        expect(live.get_by_role("textbox")).to_contain_text(program.splitlines()[3].split()[0])
        expect(notice(live)).to_be_in_viewport()
    live.get_by_role("button", name="Reset").click()
    expect(notice(live)).to_be_hidden()
    assert "#" not in page.url
    page.goto(page.url + "#elsewhere")
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live).to_have_attribute("state", "running")
    assert calls(page)[0][3] is None


def test_run_waits_for_what_the_link_carries(follow: Callable[..., Locator], page: Page) -> None:
    held: list[Route] = []
    page.route("**/editor.js", lambda route: held.append(route))
    live = follow()
    live.get_by_role("button", name="Run", exact=True).click()
    while not held:
        page.wait_for_timeout(10)
    held[0].continue_()
    expect(live.get_by_role("checkbox")).to_be_focused()
    assert calls(page) == []


def test_the_original_does_not_run_where_the_linked_program_cannot_be_loaded(
    follow: Callable[..., Locator], page: Page
) -> None:
    page.route("**/numbers.py", lambda route: route.abort())
    live = follow()
    expect(live.locator(".live-note.bad")).not_to_be_empty()
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live.locator(".live-note.bad")).not_to_be_empty()
    page.unroute("**/numbers.py")
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live.get_by_role("checkbox")).to_be_focused()
    assert calls(page) == []


def test_a_damaged_link_shows_and_runs_the_original(follow: Callable[..., Locator], page: Page) -> None:
    live = follow()
    page.goto(page.url[:-8])
    expect(live.locator(".live-note")).to_contain_text("damaged")
    expect(notice(live)).to_be_hidden()
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live).to_have_attribute("state", "running")
    assert calls(page)[0][3] is None


def test_what_differs_is_told_and_marked(follow: Callable[..., Locator], page: Page) -> None:
    live = follow()
    for program, told in (
        (PROGRAM.replace("app = None", "app = 1\nb = 2"), "Lines 3–4, marked below, are not the lesson’s.Once"),
        ("first\n" + PROGRAM + "a\nb\n", "Lines 1 and 5–6, marked below, are not the lesson’s.Once"),
        (
            PROGRAM.replace("app = None\n", ""),
            "This program came with a link. One line of the lesson’s is left out.",
        ),
        ("", "3 lines of the lesson’s are left out."),
    ):
        page.goto(page.url.split("#")[0] + fragment(program))
        expect(notice(live)).to_contain_text(told)
        old = PROGRAM.split("\n")
        expect(live.locator(".cm-changed")).to_have_text([line for line in program.split("\n") if line not in old])


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 900)])
def test_the_notice_and_all_of_the_code_are_in_sight(
    follow: Callable[..., Locator], page: Page, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    live = follow(PROGRAM + "# long\n" * 99 + LINKED)
    expect(notice(live)).to_be_in_viewport(ratio=1)
    expect(live.locator(".cm-changed").first).to_be_in_viewport(ratio=1)
    editor = live.locator(".cm-scroller")
    assert editor.evaluate("(editor) => editor.scrollWidth <= editor.clientWidth")
    assert violations_in_both_themes(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    live.get_by_role("button", name="Run", exact=True).click()
    expect(run_button(live)).to_be_in_viewport(ratio=1)


def test_nothing_in_it_is_invisible(follow: Callable[..., Locator]) -> None:
    live = follow(PROGRAM + "a = 'user\u202e' # \u200b\n")
    expect(live.locator(".cm-specialChar")).to_have_count(2)
