"""Python is started before Run is pressed, when that looks likely: nothing of it shows but how soon the run begins."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.browser.laboratory import COUNTER, Laboratory
from tests.browser.stand_in import NUMBERS, exchange
from tests.browser.visitors import FIREFOX_AT_NIGHT, Host, Visitor, files

SAVING = "Object.defineProperty(navigator, 'connection', { value: { saveData: true } });"
FAR = "<p style='height: 3000px'></p>"


def prepared(page: Page) -> int:
    """How often it was asked to start ahead."""
    return int(page.evaluate("globalThis.fake?.prepared ?? 0"))


def test_what_looks_like_a_press_to_come_starts_python(show: Callable[..., Locator], page: Page) -> None:
    page.clock.install()
    live = show(exchange(NUMBERS))
    page.clock.run_for(2_000)
    assert prepared(page) == 0
    page.clock.run_for(10_000)  # of reading, with the example in sight
    page.wait_for_function("globalThis.fake?.prepared === 1")
    shown = live.inner_text()
    live.get_by_role("button", name="Run", exact=True).hover()
    page.wait_for_function("fake.prepared === 2")
    live.get_by_role("button", name="Run", exact=True).focus()
    page.wait_for_function("fake.prepared === 3")
    assert live.inner_text() == shown
    expect(live).to_have_attribute("state", "idle")
    assert page.evaluate("fake.calls") == []


def test_what_cannot_be_fetched_ahead_is_no_error_of_the_page(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    page.route("**/live/page/log-pane.js", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        live.get_by_role("button", name="Run", exact=True).hover()
    page.evaluate("new Promise(requestAnimationFrame)")  # the fixture looks for errors


@pytest.mark.parametrize("why", ["saving data", "out of sight", "cannot run"])
def test_nothing_is_started_ahead(show: Callable[..., Locator], page: Page, why: str) -> None:
    if why == "saving data":
        page.add_init_script(SAVING)
    page.clock.install()
    live = show(exchange(NUMBERS), attributes='obstacle="It needs a database."' if why == "cannot run" else "")
    if why == "out of sight":
        page.evaluate("(far) => document.querySelector('h1').insertAdjacentHTML('afterend', far)", FAR)
    else:
        live.get_by_role("button", name="Play", exact=True).hover()
    page.clock.run_for(600_000)
    loaded = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    assert not [name for name in loaded if name.endswith("run-example.js")]


PREPARE = """async (site) => {
  const Original = Worker;
  globalThis.workers = 0;
  globalThis.Worker = function (...values) { workers++; return new Original(...values); };
  const { prepare } = await import(`${site}live/page/run-example.js`);
  await Promise.all([prepare(), prepare()]);
}"""


@FIREFOX_AT_NIGHT
def test_a_run_from_what_was_started_ahead(visitor: Visitor, built: Path) -> None:
    host = Host(files(built, "some/prefix"))
    with host.serving() as server:
        site = f"{server.url}/some/prefix/"
        visitor.open(site)
        visitor.evaluate(PREPARE, site)
        assert [path for path in host.asked if path.endswith(".packed")]
        host.asked.clear()
        visitor.run(site, "basic_stream")
        visitor.wait("inside.document.body.innerText.includes('message number 0')")
        visitor.run(site, "program", COUNTER)  # which is not the site's
        visitor.wait("inside.eval('events').length > 3")
        assert visitor.evaluate("() => workers") == 1
        assert not [path for path in host.asked if "-pyodide." in path]


GIVE_UP = """() => {
  const giveUp = new AbortController();
  globalThis.failed = run("basic_stream", { signal: giveUp.signal }).catch((error) => error.message);
  globalThis.giveUp = () => giveUp.abort();
}"""
# The service worker comes when it is let; and the workers that are made are counted.
LATE = """() => {
  const { serviceWorker } = navigator, register = serviceWorker.register.bind(serviceWorker), Original = Worker;
  globalThis.workers = 0;
  globalThis.Worker = function (...values) { workers++; return new Original(...values); };
  const isLet = new Promise((resolve) => { globalThis.letCome = resolve; });
  serviceWorker.register = (...values) => isLet.then(() => register(...values));
}"""
WHEN_IT_HAS_COME = """() => { letCome(); return navigator.serviceWorker.ready.then((it) => new Promise((resolve) => {
  const look = () => it.active.state === "activated" && setTimeout(resolve, 0, workers);
  it.active.addEventListener("statechange", look);
  look();
})); }"""


def test_who_gives_up_while_python_is_fetched_ends_the_fetching(fresh: Laboratory) -> None:
    page, given_up = fresh.page, list[str]()

    def note(request: Request) -> None:
        given_up.append(request.url)

    def wait_until_given_up() -> None:
        while page.workers or not any(url.endswith(".wasm.packed") for url in given_up):
            page.wait_for_timeout(20)  # or the test's time limit
        given_up.clear()

    page.on("requestfailed", note)
    page.context.route("**/*.packed", lambda _: None)  # it never comes
    page.evaluate(LATE)
    with page.expect_request("**/*.wasm.packed"):
        page.evaluate(GIVE_UP)
    page.evaluate("giveUp()")
    assert page.evaluate("failed") == "It was stopped."
    wait_until_given_up()
    assert page.evaluate(WHEN_IT_HAS_COME) == 1  # it makes no Python that nobody has asked for
    with page.expect_request("**/*.wasm.packed"):  # it can be begun anew
        page.evaluate(GIVE_UP)
    page.evaluate("dispatchEvent(new Event('pagehide'))")  # left, and perhaps kept by the browser
    wait_until_given_up()


def test_python_that_nobody_uses_is_ended(fresh: Laboratory) -> None:
    page = fresh.page
    page.clock.install()
    page.evaluate("runtime.prepare()")
    assert len(page.workers) == 1
    page.clock.run_for(700_000)
    while page.workers:  # or the test's time limit
        page.wait_for_timeout(20)
    fresh.run(COUNTER).wait("run.log.includes('begin')")
