from pathlib import Path

from examples import django_yo as example
from examples.django_yo import demo, sse

AXE = Path(__file__).resolve().parents[3] / "node_modules" / "axe-core" / "axe.min.js"
HOSTILE = "<img src=x onerror=alert(1)>"


def test_what_a_reader_sees(serving, page, in_a_thread):
    page.goto(serving(example.app))
    page.get_by_text("refused").wait_for()  # the stream that is for users only
    axe_finds_nothing(page)
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password").fill(demo.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out ann").wait_for()
    page.wait_for_function("[...document.querySelectorAll('output')].every(state => state.textContent == 'listening')")
    yo(page, "ann")
    page.get_by_text("yo from ann to ann").nth(1).wait_for()
    in_a_thread(sse.publish, "yo.1", "yo", HOSTILE)
    page.get_by_text(HOSTILE).wait_for()
    yo(page, "ben")
    page.get_by_text("yo from ann to ben").wait_for()
    axe_finds_nothing(page)
    anns, everybodys = (page.locator("section").nth(number).locator("li") for number in (0, 1))
    assert everybodys.all_inner_texts() == ["yo from ann to ann", "yo from ann to ben"]
    assert anns.all_inner_texts() == ["yo from ann to ann", HOSTILE]
    page.get_by_role("button", name="Sign out ann").click()
    page.get_by_text("refused").wait_for()


def yo(page, receiver):
    page.get_by_label("Send a yo to").select_option(receiver)
    page.get_by_role("button", name="Yo", exact=True).click()


def axe_finds_nothing(page):
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.locator("h1").click()  # pico 2.1.1 gives a button with mouse or focus on it a contrast of 4.37 in dark
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # a colour on its way to another is no fault
        found = page.evaluate("axe.run()")["violations"]
        assert not found, [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]
