"""What holds for the page of every example, in a browser: axe finds nothing, and the console stays silent."""

import importlib
from pathlib import Path

import pytest

from streamside import assets
from streamside.catalogue import Project
from streamside.example_script import running
from tests.conftest import opened

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
pytestmark = pytest.mark.no_cover  # what a page is made by is covered where it is asserted
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py") if path.name != "__init__.py")


@pytest.fixture(scope="module")
def reader(browser):
    """A page that goes from example to example."""
    with opened(browser) as page:
        # A script has its pages' files from the CDN itself.
        page.route("https://cdn.jsdelivr.net/npm/**", lambda route: route.fulfill(path=assets.find(route.request.url)))
        page.route("**/favicon.ico", lambda route: route.fulfill(status=204))  # asked for by browsers, not by the page
        yield page


@pytest.fixture
def address(example, serving):
    """Where the example is served, if need be by its own server."""
    module = importlib.import_module(f"examples.{example}")
    if Project().example(example).has_own_server:
        with running(module) as script:
            yield script.url
    else:
        yield serving(module.app)


@pytest.mark.parametrize("example", EXAMPLES)
def test_axe_finds_nothing_in_light_and_in_dark(address, reader):
    messages = []

    def note(message):
        # htmx's extension logs the bare `Event` of every end of a stream, which is no fault of the page.
        if message.type in ("error", "warning") and message.text != "Event":
            messages.append(message.text)

    reader.on("console", note)
    reader.goto(address)
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
