"""The Code pane of an example that consists of several files."""

import base64
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.stand_in import NUMBERS, TASK, calls, exchange, violations

FILES = {
    "yo/__init__.py": "app = None\n",
    "yo/templates/page.html": "<p>\n",
    "yo/urls.py": "one\n",
    "yo/views.py": "def page():\n    pass\n",
}
MINE = FILES | {"yo/views.py": "# mine\n" + FILES["yo/views.py"], "yo/urls.py": "one\n# two\n"}


@pytest.fixture
def open_folder(show: Callable[..., Locator], lesson_folder: Path, page: Page) -> Callable[[str], Locator]:
    """`open_folder(fragment)` opens the lesson of an example with several files, and its code."""

    def open_folder(fragment: str = "") -> Locator:
        program = {"files": FILES, "environment": {}}
        (lesson_folder / "live/examples/numbers.json").write_text(json.dumps(program))
        live = show(exchange(NUMBERS), attributes="folder")
        if fragment:
            url = page.url.split("#")[0]
            page.goto("about:blank")
            page.goto(url + fragment)
        else:
            live.get_by_role("button", name="Code", exact=True).click()
        expect(live.get_by_role("listbox", name="Files")).to_be_visible()
        return live

    return open_folder


def files(live: Locator) -> Locator:
    return live.get_by_role("listbox", name="Files")


def fragment(different: dict[str, str]) -> str:
    packed = zlib.compressobj(wbits=-15)
    text = base64.urlsafe_b64encode(packed.compress(json.dumps(different).encode()) + packed.flush())
    return f"#numbers={text.decode().rstrip('=')}"


def type_at_start(live: Locator, file: str, text: str) -> None:
    files(live).select_option(file)
    field = live.get_by_role("textbox", name=f"Code of {file}")
    field.press("Control+Home")
    field.press_sequentially(text)


def test_files_are_changed_run_reset_and_passed_on(open_folder: Callable[[str], Locator], page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    live = open_folder("")
    assert files(live).locator("option").all_inner_texts() == ["__init__.py", "urls.py", "views.py", "page.html"]
    assert files(live).locator("optgroup").evaluate_all("(all) => all.map((each) => each.label)") == [
        "yo/",
        "yo/templates/",
    ]
    files(live).focus()
    page.keyboard.press("ArrowDown")
    expect(live.get_by_role("textbox", name="Code of yo/urls.py")).to_have_text("one")
    assert violations(page) == []
    type_at_start(live, "yo/views.py", "# mine\n")
    expect(files(live).locator("option.changed")).to_have_text("views.py – changed")
    files(live).select_option("yo/urls.py")
    field = live.get_by_role("textbox", name="Code of yo/urls.py")
    field.press("Control+End")
    field.press_sequentially("# two\n")
    field.press("Control+Enter")
    expect(live).to_have_attribute("state", "running")
    assert calls(page)[0][3] == MINE
    live.get_by_role("button", name="Copy link").click()
    expect(live.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    live.get_by_role("button", name="Reset").click()
    expect(files(live).locator("option.changed")).to_have_count(0)
    expect(field).to_have_text("one")
    page.goto("about:blank")
    page.goto(link)
    expect(live.get_by_role("textbox", name="Code of yo/urls.py")).to_contain_text("# two")
    told = "In yo/urls.py, line 2, marked below, is not the lesson’s. In yo/views.py, line 1, marked below, is not"
    expect(live.get_by_role("group", name="A linked program")).to_contain_text(told)
    live.get_by_role("checkbox", name="I have read it, or I trust who wrote it.").check()
    live.get_by_role("button", name="Run this linked program").click()
    expect(live).to_have_attribute("state", "running")
    assert calls(page)[-1][3] == MINE


def test_a_task_opens_its_file(show: Callable[..., Locator], page: Page, lesson_folder: Path) -> None:
    namesake = {"yo/__init__.py": "def page():\n    pass\n"}
    (lesson_folder / "live/examples/numbers.json").write_text(
        json.dumps({"files": FILES | namesake, "environment": {}})
    )
    task = TASK.replace('definition="app"', 'definition="page" file="yo/views.py"')
    live = show(exchange(NUMBERS), attributes="folder", below=task)
    page.locator("live-exercise").get_by_role("button", name="Show in the program").click()
    expect(live.get_by_role("textbox", name="Code of yo/views.py")).to_be_visible()
    expect(files(live)).to_have_value("yo/views.py")
    files(live).select_option("yo/urls.py")
    live.get_by_role("group", name="Tasks").get_by_text("Task 2").first.click()
    live.get_by_role("group", name="Tasks").get_by_text("Task 2").first.click()
    expect(files(live)).to_have_value("yo/views.py")


def test_edits_of_all_files_survive_a_reload(open_folder: Callable[[str], Locator], page: Page) -> None:
    live = open_folder("")
    type_at_start(live, "yo/views.py", "# mine\n")
    page.reload()
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live).to_have_attribute("state", "running")
    assert calls(page)[0][3] == FILES | {"yo/views.py": MINE["yo/views.py"]}


@pytest.mark.parametrize("different", [{"yo/other.py": "import mischief\n"}, {"yo/views.py": 3}])
def test_a_link_that_fits_no_file_is_damaged(
    open_folder: Callable[[str], Locator], different: dict[str, str], page: Page
) -> None:
    live = open_folder(fragment(different))
    expect(live.locator(".live-note")).to_contain_text("damaged")
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live).to_have_attribute("state", "running")
    assert calls(page)[0][3] is None


def test_an_error_opens_its_file(open_folder: Callable[[str], Locator], page: Page) -> None:
    page.add_init_script(
        "globalThis.fake = {calls: [], error: Object.assign(new Error('SyntaxError: x'), "
        "{line: 2, file: 'yo/views.py'})}"
    )
    live = open_folder("")
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live.locator(".live-note")).to_have_text("yo/views.py, line 2: SyntaxError: x")
    expect(live.get_by_role("textbox", name="Code of yo/views.py")).to_be_visible()
    expect(live.locator(".cm-wrong")).to_contain_text("SyntaxError: x")
    expect(files(live)).to_have_value("yo/views.py")
