"""A task in the page: checked while its example runs, shown beside its program, remembered until it is forgotten."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from examples import basic_stream
from streamside.exercises import event, request, to_json
from tests.browser.firefox import Tab
from tests.browser.laboratory import COUNTER, Laboratory
from tests.browser.stand_in import NUMBERS, TASK, connect, exchange, run, violations


def missing(page: Page, sentence: str) -> None:
    page.evaluate("(sentence) => (fake.missing = sentence)", sentence)


def test_a_task_is_checked_while_it_runs_and_remembered_until_it_is_forgotten(
    show: Callable[..., Locator], page: Page
) -> None:
    live = show(exchange(NUMBERS), below=TASK)
    exercise = page.locator("live-exercise")
    state = exercise.get_by_role("status")
    check = exercise.get_by_role("button", name="Check task 2")
    check.click()
    expect(state).to_have_text("Not running yet: press Run edited version, or Run.")
    page.evaluate("globalThis.fake = { calls: [], error: new Error('no') }")
    live.get_by_role("button", name="Run", exact=True).click()
    expect(state).to_have_text(re.compile("^The program did not start"))
    page.evaluate("Object.assign(fake, { error: null, missing: 'Missing: more.' })")
    run(live)
    expect(state).to_have_text("Missing: more.")
    connect(page, source=1)
    page.evaluate("fake.print('printed')")
    page.wait_for_function("fake.checked.messages.length === 4 && fake.checked.messages.every((each) => each.kind)")
    kinds = page.evaluate("fake.checked.messages.map(({ kind }) => kind).toSorted()")
    assert kinds == ["app", "log", "request", "response"]
    assert page.evaluate("fake.checked.messages.find(({ kind }) => kind === 'app').text").startswith("Counting")
    assert page.evaluate("fake.checked.see") == '[{"is": "Seen", "kind": "app"}]'
    assert violations(page) == []
    expect(state).to_have_attribute("aria-live", "off")  # it changes often
    missing(page, "")
    expect(state).to_have_text("Done.")
    expect(state).to_have_attribute("aria-live", "polite")
    expect(exercise.get_by_text("Solved")).to_be_visible()
    live.get_by_role("button", name="Reset").click()
    check.click()
    expect(state).to_have_text("Not running yet: press Run edited version, or Run.")
    live = show(exchange(NUMBERS), below=TASK)
    expect(exercise.get_by_text("Solved")).to_be_visible()
    exercise.get_by_role("button", name="Forget that task 2 is solved").click()
    expect(exercise.get_by_text("Solved")).to_be_hidden()
    assert page.evaluate("localStorage.getItem('streamside-solved')") == "{}"


def test_the_tasks_of_an_example_stand_beside_its_program(
    show: Callable[..., Locator], page: Page, lesson_folder: Path
) -> None:
    namesake = "class Server:\n    def app(self): ...\n" + "\n" * 200
    (lesson_folder / "live/examples/numbers.py").write_text(f"{namesake}app = None\n")
    live = show(exchange(NUMBERS), below=TASK)
    page.locator("live-exercise").get_by_role("button", name="Show in the program").click()
    tasks = live.get_by_role("group", name="Tasks")
    expect(live.locator(".cm-line", has_text="app = None")).to_be_in_viewport()
    expect(live.get_by_role("textbox")).to_be_visible()
    expect(tasks.get_by_text("Say 1.")).to_be_visible()
    run(live)
    missing(page, "Missing: more.")
    tasks.get_by_role("button", name="Check task 2").click()
    expect(tasks.get_by_role("status")).to_have_text("Missing: more.")
    expect(page.locator("live-exercise").get_by_role("status").last).to_have_text("Missing: more.")
    assert violations(page) == []
    page.evaluate("localStorage.setItem('streamside-program-numbers', 'app = 1')")
    show(exchange(NUMBERS), below=TASK).get_by_role("button", name="Code", exact=True).click()  # before all has come
    expect(tasks.get_by_text("Task 2").first).to_be_visible()


def test_an_example_that_cannot_run_has_nothing_to_check(show: Callable[..., Locator], page: Page) -> None:
    show(exchange(NUMBERS), attributes='obstacle="It needs threads."', below=TASK)
    expect(page.locator("live-exercise").get_by_text("Hint")).to_be_visible()
    page.wait_for_function("!!customElements.get('live-exercise')")
    expect(page.locator("live-exercise button")).to_have_count(0)


def test_python_holds_what_was_seen_against_a_task(laboratory: Laboratory) -> None:
    counter = laboratory.run(COUNTER)
    counter.wait("run.wire.some(({ kind, text }) => kind === 'chunk' && text.includes('id: 3'))")

    def said(*see: object) -> str:
        return str(
            counter.page.evaluate(f"(see) => {counter.name}.running.check(see, {counter.name}.wire)", to_json(see))
        )

    assert said(event("number", "3", nth=4, after=request("/stream"), within=30)) == ""
    assert said(event("end")) == "Missing: an event “end” (the types so far: number)."
    counter.page.evaluate(f"() => void {counter.name}.running.check('[]', [])")


def test_a_task_of_a_lesson_is_checked_in_chromium(page: Page, site: str) -> None:
    live = page.locator("live-example[example=basic_stream]")
    page.goto(f"{site}notebooks/01-your-first-stream.html")
    exercise = page.locator("live-exercise[number='1']")
    exercise.get_by_role("button", name="Show in the program").click()
    live.get_by_role("textbox").press("Control+a")
    page.keyboard.insert_text(program(4))
    exercise.get_by_role("button", name="Check task 1").click()
    live.get_by_role("button", name="Run edited version").click()
    expect(exercise.get_by_role("status")).to_contain_text("it came as number 5")


@pytest.mark.nightly
def test_a_task_of_a_lesson_is_checked_in_firefox(tab: Tab, site: str) -> None:
    tab.open(f"{site}notebooks/01-your-first-stream.html")
    tab.evaluate("(text) => localStorage.setItem('streamside-program-basic_stream', text)", program(3))
    tab.open(f"{site}notebooks/01-your-first-stream.html")
    tab.press("live-exercise[number='1']", "Check")
    tab.press("live-example[example=basic_stream]", "Run")
    state = "live-exercise[number='1'] .task-state"
    tab.wait(f"document.querySelector(\"{state}\").textContent === 'Done.'", "live-exercise")


def program(messages: int) -> str:
    """That of lesson 1, with so many."""
    return Path(basic_stream.__file__).read_text(encoding="utf-8").replace("range(10)", f"range({messages})")
