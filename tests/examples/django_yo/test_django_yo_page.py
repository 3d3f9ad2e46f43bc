from examples import django_yo as example
from examples.django_yo import demo, sse

HOSTILE = "<img src=x onerror=alert(1)>"


def test_what_a_reader_sees(serving, page, in_a_thread):
    page.goto(serving(example.app))
    page.get_by_text("refused").wait_for()  # the stream that is for users only
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
    everybodys, anns = (page.locator("section").nth(number).locator("li") for number in (0, 1))
    assert everybodys.all_inner_texts() == ["yo from ann to ann", "yo from ann to ben"]
    assert anns.all_inner_texts() == ["yo from ann to ann", HOSTILE]
    page.get_by_role("button", name="Sign out ann").click()
    page.get_by_text("refused").wait_for()


def yo(page, receiver):
    page.get_by_label("Send a yo to").select_option(receiver)
    page.get_by_role("button", name="Yo", exact=True).click()
