"""What only a browser shows: that its event source comes back by itself, and misses nothing."""

import os
import shutil

import pytest

from examples import broadcast

PAGE = """<!doctype html>
<p></p>
<script>
const source = new EventSource("/events?group=tea");
const show = ({ type, data }) => document.querySelector("p").append(data || type, " ");
for (const type of ["joined", "message", "reset"]) source.addEventListener(type, show);
</script>"""


@pytest.fixture
def page():
    """A page of a headless Chromium; without one, the test is skipped."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = os.environ.get("STREAMSIDE_BROWSER") or shutil.which("chromium")  # else Playwright's own
    with playwright.sync_playwright() as browsers:
        try:
            browser = browsers.chromium.launch(executable_path=program)
        except playwright.Error:
            pytest.skip("There is no Chromium that starts.")
        yield browser.new_page()
        browser.close()


def test_an_event_source_comes_back_and_misses_nothing(serve, page):
    server, log = serve(broadcast.app), broadcast.logs["tea"]
    page.route(f"{server.url}/", lambda route: route.fulfill(content_type="text/html", body=PAGE))
    page.goto(server.url)
    page.get_by_text("joined").wait_for()
    log.publish("message", "before")
    page.get_by_text("before").wait_for()
    server.cut()
    log.publish("message", "meanwhile")
    page.get_by_text("meanwhile").wait_for()
    log.publish("message", "after")
    page.get_by_text("after").wait_for()
    assert page.locator("p").inner_text().split() == ["joined", "before", "meanwhile", "after"]
