"""`<live-example>`: a server (here a stand-in) is started, watched, and stopped."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.stand_in import (
    NUMBERS,
    TITLE,
    calls,
    connect,
    emit,
    exchange,
    messages,
    run,
    violations,
    violations_in_both_themes,
    wire,
)


def test_axe_finds_nothing(show: Callable[..., Locator], page: Page) -> None:
    """In both themes, on a desk and on a phone: of the recording, of what plays, and of what runs and is edited."""

    def look() -> None:
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert violations_in_both_themes(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width

    live = show(exchange(NUMBERS))
    look()
    live.get_by_role("button", name="Play").press("Enter")
    look()
    run(live)
    connect(page)
    emit(page, {"kind": "chunk", "connection": 1, "time": 30, "text": ": x\ndata: y\n\n"})
    live.get_by_role("button", name="Delay").click()
    live.get_by_role("button", name="Code", exact=True).click()
    live.get_by_role("textbox").focus()
    page.keyboard.insert_text("# a line\n" * 60)
    look()


def test_run_boots_runs_and_stops(show: Callable[..., Locator], page: Page) -> None:
    page.add_init_script("globalThis.fake = {calls: [], gate: new Promise((open) => (globalThis.openGate = open))}")
    live = show(exchange(NUMBERS), attributes='path="/start" height="10rem"')
    app = live.get_by_role("group", name="App", exact=True)
    place = app.bounding_box()
    live.get_by_role("button", name="Run", exact=True).press("Enter")
    assert app.bounding_box() == place  # nothing moves
    expect(live).to_have_attribute("state", "booting")
    expect(live.get_by_role("status")).to_have_text("Fetching Python")
    expect(live.get_by_role("progressbar")).to_have_js_property("value", 0.25)
    expect(live.get_by_role("button", name="Stop")).to_be_focused()
    page.evaluate("openGate()")
    expect(live).to_have_attribute("state", "running")
    expect(live.get_by_role("status")).to_have_text("Running in this page")
    assert app.bounding_box() == place
    expect(live.frame_locator(f'iframe[title="{TITLE}"]').get_by_role("button", name="Press")).to_be_visible()
    expect(wire(live)).to_have_count(0)
    emit(page, {"kind": "source", "source": 1, "url": "numbers", "time": 5, "readyState": 0, "what": "created"})
    expect(live.locator(".wire-sources")).to_have_text("Event source 1: CONNECTING")
    live.get_by_role("button", name="Stop").press("Enter")
    expect(live).to_have_attribute("state", "stopped")
    expect(live.get_by_role("button", name="Run", exact=True)).to_be_focused()
    expect(live.get_by_role("button", name="Clear")).to_be_hidden()  # nothing comes any more
    expect(live.locator(".wire-sources")).to_be_empty()
    expect(messages(live)).to_have_text(["one"])  # what was shown last stays, as it looked, and nothing in it runs
    expect(messages(live)).to_have_css("color", "rgb(0, 128, 0)")
    assert live.locator("iframe").get_attribute("sandbox") == "allow-same-origin"
    assert [call[0] for call in calls(page)] == ["start", "stop"]
    assert calls(page)[0][1:4] == ["numbers", "/start", None]
    live.get_by_role("button", name="Reset").click()
    expect(live).to_have_attribute("state", "idle")
    expect(messages(live)).to_have_count(4)


def test_a_start_that_was_given_up_does_not_come_back(show: Callable[..., Locator], page: Page) -> None:
    page.add_init_script("globalThis.fake = {calls: [], gate: new Promise((open) => (globalThis.openGate = open))}")
    live = show(exchange(NUMBERS))
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live.get_by_role("status")).to_have_text("Fetching Python")
    live.get_by_role("button", name="Stop").click()
    page.evaluate("openGate()")
    page.wait_for_function("fake.calls.length === 2")
    assert calls(page)[1] == ["stop"]
    expect(live).to_have_attribute("state", "stopped")


def test_who_runs_before_the_recording_is_back_sees_the_server_alone(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    page.evaluate("""async () => {
      const live = document.querySelector("live-example");
      const button = (name) => [...live.querySelectorAll("button")].find((each) => each.textContent === name);
      button("Reset").click();
      while (live.getAttribute("state") !== "idle") await null;
      button("Run").click();
    }""")
    expect(live).to_have_attribute("state", "running")
    connect(page)
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 100))")  # by then the recording's frame has come
    expect(wire(live)).to_have_count(2)


def test_an_element_that_leaves_the_page_stops_its_server(show: Callable[..., Locator], page: Page) -> None:
    run(show(exchange(NUMBERS)))
    page.evaluate("document.querySelector('live-example').remove()")
    page.wait_for_function("fake.calls.at(-1)[0] === 'stop'")


def test_what_ends_python_elsewhere_is_told(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    page.evaluate("fake.emit('ended', {why: 'Python did not stop and was ended.'})")
    expect(live).to_have_attribute("state", "stopped")
    expect(live.locator(".live-note")).to_have_text("Python did not stop and was ended.")


def test_where_it_cannot_run_one_sentence_says_why_and_the_recording_plays(
    show: Callable[..., Locator], page: Page
) -> None:
    page.add_init_script("globalThis.fake = {calls: [], obstacle: 'This browser is too old.'}")
    live = show(exchange([*NUMBERS, (60_000, ": late\n")]))
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live.locator(".live-note")).to_have_text("This browser is too old.")
    expect(live).to_have_attribute("state", "idle")
    expect(live.get_by_role("button", name="Run", exact=True)).to_be_hidden()
    expect(live.get_by_role("status")).to_have_text("Playing the recording")
    expect(live.get_by_role("button", name="Pause")).to_be_visible()
    live = show(exchange(NUMBERS), attributes='obstacle="It needs a database."')
    expect(live.locator(".live-note")).to_have_text("It needs a database.")
    expect(live.get_by_role("button", name="Code")).to_be_hidden()
    expect(live.get_by_role("button", name="Run", exact=True)).to_be_hidden()


def test_the_cable_has_plain_buttons_and_presets(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS), attributes='cable="delay=500 hold"')
    run(live)
    assert calls(page)[0][4] == '{"delay":500,"hold":true}'
    cable = live.get_by_role("group", name="Cable")
    for name in ("Cut the cable", "Mend the cable", "Delay", "Limit the rate", "Hold everything back"):
        cable.get_by_role("button", name=name).press("Enter")
        expect(cable.get_by_role("button", name="Cable" if name.endswith("cable") else name)).to_be_focused()
    for name in ("Answer 503", "Answer 204", "Restart the server", "Delay"):
        cable.get_by_role("button", name=name).click()
    expect(live.get_by_role("status")).to_have_text("Everything comes 0.5 s later")
    asked = [["cut"], ["mend"], ["delay", 0], ["rate", 50], ["hold", False]]
    assert calls(page)[1:] == [*asked, ["answer", 503], ["answer", 204], ["restart"], ["delay", 500]]


def test_a_restart_that_fails_says_why(show: Callable[..., Locator], page: Page) -> None:
    page.add_init_script("globalThis.fake = {calls: [], restart: 'Python is gone.'}")
    live = show(exchange(NUMBERS))
    run(live)
    live.get_by_role("button", name="Restart the server").click()
    expect(live.get_by_role("status")).to_have_text("Python is gone.")


def test_an_app_that_leads_to_another_origin_is_stopped_as_any(show: Callable[..., Locator]) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    live.locator("iframe").evaluate("(frame) => { frame.src = 'data:text/html,<p>Elsewhere</p>'; }")
    expect(live.frame_locator("iframe").get_by_text("Elsewhere")).to_be_visible()
    live.get_by_role("button", name="Stop").click()
    expect(live).to_have_attribute("state", "stopped")


def test_what_python_prints_is_shown(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    expect(live.locator(".live-log")).to_be_hidden()
    page.evaluate("fake.print('one'); fake.print('two')")
    live.get_by_text("What Python printed").click()
    expect(live.get_by_label("What Python printed")).to_have_text("one\ntwo\n")
    assert violations(page) == []
    page.evaluate("for (let n = 0; n < 99; n++) fake.print('x'.repeat(1000))")
    assert len(live.get_by_label("What Python printed").inner_text()) < 51_000


def test_the_app_follows_the_theme_that_the_reader_chose(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    for start in (lambda: None, lambda: run(live)):
        start()
        frame = live.frame_locator("iframe").locator("html")
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        expect(frame).to_have_attribute("data-theme", "dark")
        page.evaluate("delete document.documentElement.dataset.theme")
        expect(frame).not_to_have_attribute("data-theme", "dark")
        page.evaluate("document.documentElement.dataset.theme = 'light'")
    expect(live.frame_locator("iframe").locator("html")).to_have_attribute("data-theme", "light")


def test_the_app_does_not_scroll_the_lesson(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    expect(live.frame_locator("iframe").get_by_text("one")).to_be_attached()
    page.evaluate("document.body.style.paddingBottom = '3000px'; scrollTo({ top: 2000, behavior: 'instant' })")
    before = page.evaluate("scrollY")
    live.frame_locator("iframe").get_by_text("one").evaluate("element => element.scrollIntoView(false)")
    assert page.evaluate("scrollY") == before > 0
