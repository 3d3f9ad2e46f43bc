"""What holds for the page of every example, in a browser: axe finds nothing, and the console stays silent."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("example", EXAMPLES)
def test_axe_finds_nothing_in_light_and_in_dark(example, serving, page):
    messages = []

    def note(message):
        # htmx's extension logs the bare `Event` of every end of a stream, which is no fault of the page.
        if message.type in ("error", "warning") and message.text != "Event":
            messages.append(message.text)

    page.on("console", note)
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))  # asked for by browsers, not by the page
    page.goto(serving(importlib.import_module(f"examples.{example}").app))
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.title() == page.locator("main h1").inner_text()
    page.evaluate(AXE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
        assert not found, [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]
    assert not messages
