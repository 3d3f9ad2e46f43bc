"""The Code pane: a program is changed, run, passed on, and complained about."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.stand_in import (
    NUMBERS,
    PROGRAM,
    calls,
    emit,
    exchange,
    run,
    violations,
    wire,
)


def test_code_is_changed_run_reset_and_passed_on(show: Callable[..., Locator], page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    live = show(exchange(NUMBERS))
    code = live.get_by_role("group", name="Code", exact=True)
    live.get_by_role("button", name="Code", exact=True).press("Enter")
    expect(code.get_by_role("button", name="Run edited version")).to_be_disabled()
    field = code.get_by_role("textbox", name="Code of numbers.py")
    field.press("Control+End")
    field.press_sequentially("# mine")
    expect(code.get_by_text("changed", exact=True)).to_be_visible()
    page.clock.install()
    page.clock.pause_at("2030-01-01")  # or it says so for a moment only
    code.get_by_role("button", name="Copy link").click()
    expect(code.get_by_role("button", name="Copied")).to_be_visible()
    page.clock.resume()
    with page.expect_download() as download:
        code.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "numbers.py"
    assert download.value.path().read_text() == PROGRAM + "# mine"
    field.press("Control+Enter")
    expect(live).to_have_attribute("state", "running")
    assert calls(page)[0][3] == {"numbers.py": PROGRAM + "# mine"}
    code.get_by_role("button", name="Run edited version").click()
    page.wait_for_function("fake.calls.length === 3")
    assert [call[0] for call in calls(page)] == ["start", "stop", "start"]
    link = page.evaluate("navigator.clipboard.readText()")
    live.get_by_role("button", name="Reset").click()
    expect(field).not_to_contain_text("# mine")
    assert page.url == link.split("#")[0]
    page.goto("about:blank")
    page.goto(link)
    expect(field).to_contain_text("# mine")


LINES = "(editor, name) => [...editor.querySelectorAll(name)].map((line) => line.getBoundingClientRect().height)"


def test_the_code_comes_into_sight_with_its_line_numbers(show: Callable[..., Locator], page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 600})
    live = show(exchange(NUMBERS))
    live.get_by_role("button", name="Code", exact=True).click()
    editor = live.locator(".cm-editor")
    expect(editor).to_be_in_viewport(ratio=0.9)
    page.wait_for_function("document.querySelector('.cm-gutterElement:nth-child(2)').offsetHeight > 16")
    assert editor.evaluate(LINES, ".cm-line")[:3] == editor.evaluate(LINES, ".cm-gutterElement")[1:4]
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    live.get_by_role("textbox").press("Control+Enter")
    expect(live.locator(".live-app")).to_be_in_viewport(ratio=0.5)


CODE_STYLE = "link[href$='theme/code-pane.css']"


def test_app_wire_and_code_are_side_by_side(show: Callable[..., Locator], page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 1000})
    live = show(exchange(NUMBERS))
    expect(page.locator(CODE_STYLE)).to_have_count(0)  # its style, too, comes only with the code
    live.get_by_role("button", name="Code", exact=True).click()
    boxes = [live.locator(name).bounding_box() for name in (".live-app", ".wire-list", ".cm-editor")]
    app, wire_list, code = [box for box in boxes if box]
    assert app["x"] + app["width"] <= code["x"] >= wire_list["x"] + wire_list["width"]
    assert app["y"] + app["height"] <= wire_list["y"]
    assert code["y"] < wire_list["y"] < code["y"] + code["height"]
    live.get_by_role("button", name="Code", exact=True).click()
    app, wire_list = [box for name in (".live-app", ".wire-list") if (box := live.locator(name).bounding_box())]
    assert app["x"] + app["width"] <= wire_list["x"]
    assert app["y"] == wire_list["y"]


def test_the_page_does_not_glide_under_the_caret(show: Callable[..., Locator], page: Page) -> None:
    page.emulate_media(reduced_motion="no-preference")
    live = show(exchange(NUMBERS))
    root = page.locator("html")
    expect(root).to_have_css("scroll-behavior", "smooth")
    live.get_by_role("button", name="Code", exact=True).click()
    live.get_by_role("textbox").focus()
    expect(root).to_have_css("scroll-behavior", "auto")


TRACEBACK = """start
Traceback (most recent call last):
  File "/lib/python314.zip/starlette/routing.py", line 1, in app
    ^^^
  File "/lib/python314.zip/starlette/routing.py", line 2, in app
  File "numbers.py", line 1, in index
    one()
  File "/lib/python314.zip/anyio/to_thread.py", line 3, in run
  File "numbers.py", line 3, in one
    1 / 0"""


def test_a_program_that_does_not_start_cannot_be_taken_for_one_that_runs(
    show: Callable[..., Locator], page: Page
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(reduced_motion="reduce")
    live = show(exchange(NUMBERS))
    run(live)
    emit(page, {"kind": "end", "connection": 1, "time": 1, "by": "server", "why": "Over."})
    expect(wire(live)).to_have_count(1)
    live.get_by_role("button", name="Stop").click()
    page.evaluate(
        """printed => Object.assign(fake, {
      printed,
      error: Object.assign(new Error("ZeroDivisionError: division by zero"), { line: 3 }),
    })""",
        f"{TRACEBACK}\nZeroDivisionError: division by zero",
    )
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live).to_have_attribute("state", "failed")
    expect(wire(live)).to_have_count(0)
    expect(live.locator(".live-app")).to_have_text("Nothing to show: the program did not start.")
    note = live.locator(".live-note")
    expect(note).to_have_text("Line 3: ZeroDivisionError: division by zero")
    expect(note).to_have_attribute("aria-live", "polite")
    expect(live.locator(".cm-wrong")).to_have_text("app = NoneZeroDivisionError: division by zero")
    expect(live.locator(".cm-wrong")).to_be_in_viewport()
    expect(note).to_be_in_viewport(ratio=1)  # though the program is far below
    log = live.get_by_label("What Python printed")
    expect(log).to_be_visible()
    expect(log.locator("summary")).to_have_text(["2 frames of libraries", "1 frame of a library"])
    expect(log.get_by_text("to_thread.py")).to_be_hidden()
    expect(log).to_contain_text("start")
    assert violations(page) == []
    field = live.get_by_role("textbox")
    field.press("Control+End")
    field.press_sequentially("#")
    expect(live.locator(".cm-message")).to_have_count(0)
    page.evaluate("delete fake.error, delete fake.printed")
    run(live)
    expect(note).to_be_empty()
    expect(log).to_be_hidden()


def test_an_error_of_the_running_server_is_told_once_with_its_line(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    live.get_by_role("button", name="Code", exact=True).click()
    expect(live.get_by_role("textbox")).to_be_visible()
    run(live)
    page.evaluate("text => fake.print(text)", TRACEBACK)
    expect(live.locator(".cm-message")).to_have_count(0)
    page.evaluate("fake.print('ZeroDivisionError: division by zero')")
    expect(live.locator(".cm-wrong")).to_have_text("app = NoneZeroDivisionError: division by zero")
    expect(live.locator(".live-note.bad")).to_have_text("Line 3: ZeroDivisionError: division by zero")
    expect(live.get_by_role("status")).to_have_text("Running, after an error")
    log = live.get_by_label("What Python printed")
    expect(log).to_be_visible()
    live.get_by_text("What Python printed").click()
    page.evaluate("text => fake.print(text)", f"{TRACEBACK}\nZeroDivisionError: division by zero")
    expect(log.locator("summary")).to_have_count(4)
    expect(log).to_be_hidden()  # as the reader left it


def test_edits_survive_a_reload_until_they_are_reset(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    live.get_by_role("button", name="Code", exact=True).click()
    field = live.get_by_role("textbox", name="Code of numbers.py")
    field.press("Control+End")
    field.press_sequentially("# mine")
    page.reload()
    expect(live.locator(".live-note")).to_contain_text("Your changes to the program are kept")
    run(live)
    assert calls(page)[0][3] == {"numbers.py": PROGRAM + "# mine"}
    live.get_by_role("button", name="Reset").click()
    page.reload()
    run(live)
    assert calls(page)[0][3] is None


def test_the_editor_is_searched_and_says_its_keys(show: Callable[..., Locator], page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    live = show(exchange(NUMBERS))
    live.get_by_role("button", name="Code", exact=True).click()
    field = live.get_by_role("textbox", name="Code of numbers.py")
    expect(field).to_have_accessible_description(re.compile("Ctrl.Enter .* Ctrl.F searches, .* Tab leaves"))
    field.press("Control+f")
    live.get_by_role("textbox", name="Find").press_sequentially("app")
    expect(live.locator(".cm-searchMatch")).to_have_text(["app"])
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(field).to_be_focused()
