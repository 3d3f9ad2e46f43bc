"""The built lessons in Firefox: what runs in its page streams, is cut and mended, and ends, as in Chromium."""

import base64
import json
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from benchmarks.static import serving
from streamside.paths import ROOT
from tests.browser.firefox import Tab
from tests.browser.web_sockets import OPEN, SOCKETS, VISITS


@pytest.fixture
def page(tab: Tab) -> Tab:
    return tab


class Live:
    """A live example of the lesson in a tab."""

    def __init__(self, page: Tab, example: str) -> None:
        self.page = page
        self.element = f"live-example[example={example}]"
        self.wait_for_state("idle")

    @classmethod
    def running(cls, page: Tab, lesson: str, example: str) -> Self:
        page.open(lesson)
        live = cls(page, example)
        live.press("Run")
        live.wait_for_state("running")
        return live

    @classmethod
    def linked(cls, page: Tab, lesson: str, example: str) -> Self:
        """A program that came with the address: whoever wants to run it is asked."""
        page.open(lesson)
        live = cls(page, example)
        live.wait("all('.live-linked').some((each) => each.checkVisibility())")  # it scrolls the page
        live.press("Run")
        live.wait("document.activeElement.matches('[type=checkbox]') && live.getAttribute('state') === 'idle'")
        page.evaluate("() => document.activeElement.click()")
        live.press("Run this linked program")
        live.wait_for_state("running")
        return live

    def press(self, button: str) -> None:
        ready = f"each.textContent === '{button}' && each.checkVisibility() && !each.disabled"
        self.wait(f"all('button').some((each) => {ready})")
        self.page.press(self.element, button)

    def wait(self, condition: str) -> None:
        """Until it holds of `live`, the element, with `all(selector)` and `shown()`, the text of the example's page."""
        self.page.wait(
            f"""{{
              const live = document.querySelector("{self.element}");
              const all = (selector) => [...live.querySelectorAll(selector)];
              const shown = () => live.querySelector("iframe").contentDocument?.body?.innerText ?? "";
              return {condition};
            }}""",
            self.element,
        )

    def wait_for_state(self, state: str) -> None:
        self.wait(f"live.getAttribute('state') === '{state}'")

    def wait_for_events(self, count: int) -> None:
        self.wait(f"all('.browser.event').length >= {count}")

    def texts(self, selector: str, how: str = "innerText") -> list[str]:
        function = f"(selector) => Array.from(document.querySelectorAll(selector), (each) => each.{how})"
        texts: list[str] = self.page.evaluate(function, f"{self.element} {selector}")
        return texts


def test_an_interrupted_stream_goes_on_where_it_was_until_204(page: Tab, site: str) -> None:
    live = Live.running(page, f"{site}notebooks/03-close-it-for-good.html", "stop_with_204")
    live.wait_for_events(1)
    live.press("Cut the cable")
    live.wait("all('.end.by-network').length")
    live.wait("live.innerText.includes('GET /sse-stream, waiting in the cut cable')")
    live.press("Mend the cable")
    live.wait_for_events(2)
    assert page.firefox.end_service_workers(site) == 1
    live.wait("shown().includes('Connection: closed')")
    live.wait("live.innerText.includes('ready state CLOSED: it does not connect again')")
    assert [text.splitlines()[1] for text in live.texts(".browser.event .lines")] == [
        f'data "{n} of 5"' for n in "12345"
    ]
    assert len(live.texts(".browser.open")) == 3
    assert [text.splitlines()[0] for text in live.texts(".received .first")][-1] == "204 No Content"
    assert len(live.texts(".browser.created")) == 1


def test_a_fetched_stream_goes_on_after_a_cut_and_its_abort_reaches_the_server(page: Tab, site: str) -> None:
    live = Live.running(page, f"{site}notebooks/14-a-stream-that-answers-a-post.html", "fetch_stream")
    in_app = f"document.querySelector('{live.element} iframe').contentDocument.querySelector"
    live.wait("live.querySelector('iframe').contentDocument.readyState === 'complete'")
    live.wait("shown().includes('Nothing asked yet')")
    page.evaluate(f"() => {in_app}('form').requestSubmit()")
    live.wait_for_events(2)
    live.press("Cut the cable")
    live.wait("shown().includes('Connection lost')")
    live.press("Mend the cable")
    live.wait("shown().includes('10 characters')")
    assert page.evaluate(f"() => {in_app}('#names').children.length") == 10
    page.evaluate(f"() => {in_app}('form').requestSubmit()")
    live.wait_for_events(13)
    page.evaluate(f"() => {in_app}('#stop').click()")
    live.wait("live.innerText.includes('aborted by the page’s script')")
    live.wait("live.textContent.includes('named 2 of 10') || live.textContent.includes('named 3 of 10')")


def test_a_stream_outlives_the_time_that_a_service_worker_may_be_idle(
    page: Tab, built_site: Path, tmp_path: Path
) -> None:
    """Firefox stops a service worker after 30 s, whatever streams it has; here after 4 s, and pings are quicker too."""
    shutil.copytree(built_site, tmp_path / "site")
    runtime = tmp_path / "site/live/page/run-example.js"
    script = runtime.read_text()
    assert script.count("15e3") == 1
    runtime.write_text(script.replace("15e3", "1e3"))
    idle = "dom.serviceWorkers.idle_timeout", "dom.serviceWorkers.idle_extended_timeout"
    with serving(tmp_path / "site") as url, page.firefox.preferring(idle[0], 4000), page.firefox.preferring(idle[1], 0):
        live = Live.running(page, f"{url}notebooks/06-streams-that-do-not-end.html", "number_stream")
        live.wait_for_events(9)
        assert not live.texts(".browser.error")


def with_program(example: str, edit: Callable[[str], str]) -> str:
    """A fragment that carries an edited example."""
    program = (ROOT / f"examples/{example}.py").read_text()
    edited = edit(program)
    assert edited != program
    packed = zlib.compressobj(wbits=-15)
    text = base64.urlsafe_b64encode(packed.compress(edited.encode()) + packed.flush())
    return f"#{example}={text.decode().rstrip('=')}"


# A stream that prints how it ends.
NOTING = """\
        try:
            await sleep(0.5)
        except BaseException as error:
            print("ended by", type(error).__name__)
            raise"""


HTMX = "https://cdn.jsdelivr.net/npm/htmx.org@2.0.7/dist/htmx.min.js"
FRAMED = "document.body.append(Object.assign(document.createElement('iframe'), { srcdoc: DOCUMENT })); 1"
LEADING = """
@app.route("/there", methods=["GET", "POST"])
def there(request, by: str):
    return P(f"{request.method} by {by} with {request.headers.get('cookie')}")

@app.get("/links")
def links():
    return Titled("Links", NotStr('''<a href="/there?by=link">Link</a>
        <form action="/there" method="post"><input name="by" value="form"></form>'''))
"""


def test_whoever_leaves_cancels_the_generator_and_stays_in_the_example(page: Tab, site: str) -> None:
    """By a link, a form or a script that leads to an absolute path; or by the button."""

    def edit(program: str) -> str:
        return program.replace("import Div", "import NotStr, Div").replace("        await sleep(0.5)", NOTING) + LEADING

    ended = "all('.live-log pre')[0].textContent.split('ended by CancelledError\\n').length === {}"
    fragment = with_program("basic_stream", edit)
    live = Live.linked(page, f"{site}notebooks/01-your-first-stream.html{fragment}", "basic_stream")
    live.wait_for_events(1)
    live.wait("!all('.live-log pre')[0].textContent")
    for leave, arrived in {
        "location = '/there?by=script'": "GET by script",
        "document.querySelector('a').click()": "GET by link",
        "document.querySelector('form').requestSubmit()": "POST by form",
    }.items():
        inside = "document.querySelector('live-example iframe').contentWindow.eval(leave) && null"
        page.evaluate(f"(leave) => {inside}", leave)
        live.wait(f"shown().includes('{arrived}')")
        live.wait(ended.format(2))
        page.evaluate(f"(leave) => {inside}", "location = '/links'")
        live.wait("shown().includes('Link')")
    live.wait("live.innerText.includes('The page closed the connection.')")
    title = "live.querySelector('iframe').contentDocument.title"
    sent = "fetch('/there?by=fetch').then((answer) => answer.text()).then((text) => { document.title = text; })"
    page.evaluate(f"(leave) => {inside}", f"document.cookie = 'theme=dark'; {sent}; 1")
    live.wait(f"{title}.includes('GET by fetch with theme=dark')")
    framed = json.dumps(f"<script src='{HTMX}' onload='parent.document.title = typeof htmx'></script>")
    page.evaluate(f"(leave) => {inside}", FRAMED.replace("DOCUMENT", framed))
    live.wait(f"{title} === 'object'")  # our copy: nothing comes from other origins
    page.evaluate(f"(leave) => {inside}", "location = '/'")
    live.wait("all('.browser.created').length === 2")
    live.press("Stop")
    live.wait_for_state("stopped")
    live.wait(ended.format(3))


def test_a_websocket_does_what_the_standard_says_and_breaks_with_the_cable(page: Tab, site: str) -> None:
    edited = with_program("basic_stream", lambda _: SOCKETS)
    live = Live.linked(page, f"{site}notebooks/01-your-first-stream.html{edited}", "basic_stream")
    live.wait("shown().includes('ready')")
    inside = "(script) => document.querySelector('live-example iframe').contentWindow.eval(script)"
    page.evaluate(f"(script) => ({inside})(script) && null", OPEN)
    for act, expected in VISITS:
        assert page.evaluate(inside, act) == expected, act
    log = "all('.live-log pre')[0].textContent"
    live.wait(f"{log}.includes('left 3001 enough')")
    last = "visit('echo', [], (socket, type) => { document.title = type; }).then((seen) => { document.title = seen; })"
    page.evaluate(f"(script) => void ({inside})(script)", last)
    title = "live.querySelector('iframe').contentDocument.title"
    live.wait(f"{title} === 'open'")
    live.press("Cut the cable")
    live.wait(f"{title} === 'open,,close,1006,,false'")
    live.wait(f"{log}.includes('left 1006')")


def test_what_one_reader_publishes_another_one_reads(page: Tab, site: str) -> None:
    live = Live.running(page, f"{site}notebooks/10-publish-subscribe.html", "broadcast")
    live.press("Add a reader")
    frames = "[...live.querySelectorAll('iframe')].map((each) => each.contentDocument?.body?.innerText ?? '')"
    live.wait(f"{frames}.length === 2 && {frames}.every((each) => each.includes('Publish'))")
    live.wait("all('.browser.open').length === 2")
    page.evaluate(
        """() => {
          const page = document.querySelector("live-example iframe").contentDocument;
          page.querySelector("[name=text]").value = "Tea is ready.";
          page.querySelector("button").click();
        }"""
    )
    live.wait(f"{frames}.every((each) => each.includes('Tea is ready.'))")
    live.wait("all('.browser.event [data-reader]').map((each) => each.textContent).join() === 'Reader 1,Reader 2'")
    live.press("Remove")
    live.wait(f"{frames}.length === 1 && !all('.wire-sources')[0].innerText.includes('Reader 2')")


def test_a_page_that_was_left_has_stopped_and_runs_again(page: Tab, site: str) -> None:
    live = Live.running(page, f"{site}notebooks/01-your-first-stream.html", "basic_stream")
    live.wait_for_events(1)
    page.open(f"{site}about.html")
    page.go_back()
    page.wait("document.querySelector('live-example[state=idle], live-example[state=stopped]')")
    live.press("Run")
    live.wait_for_state("running")
    live.wait_for_events(1)
