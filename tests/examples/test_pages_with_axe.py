"""What holds for the page of every example, in a browser: axe finds nothing, and the console stays silent."""

import importlib
from pathlib import Path

import pytest

from tests.conftest import opened

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py") if path.name != "__init__.py")


@pytest.fixture(scope="module")
def reader(browser):
    """A page that goes from example to example."""
    with opened(browser) as page:
        page.route("**/favicon.ico", lambda route: route.fulfill(status=204))  # asked for by browsers, not by the page
        yield page


@pytest.mark.parametrize("example", EXAMPLES)
def test_axe_finds_nothing_in_light_and_in_dark(example, serving, reader):
    messages = []

    def note(message):
        # htmx's extension logs the bare `Event` of every end of a stream, which is no fault of the page.
        if message.type in ("error", "warning") and message.text != "Event":
            messages.append(message.text)

    reader.on("console", note)
    reader.goto(serving(importlib.import_module(f"examples.{example}").app))
    assert reader.locator("html").get_attribute("lang") == "en"
    assert reader.title() == reader.locator("main h1").inner_text()
    reader.evaluate(AXE)
    for scheme in ("light", "dark"):
        reader.emulate_media(color_scheme=scheme)
        found = reader.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
        assert not found, [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]
    reader.goto("about:blank")  # before its server goes
    reader.remove_listener("console", note)
    assert not messages
