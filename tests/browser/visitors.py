"""One way to drive a page in Chromium and in Firefox, for tests that hold in both."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamside import server
from tests.browser.firefox import Tab
from tests.patience import PATIENCE

# Where what Firefox could do differently is covered by another test, and a visit takes seconds.
FIREFOX_AT_NIGHT = pytest.mark.parametrize(
    "visitor", ["chromium", pytest.param("firefox", marks=pytest.mark.nightly)], indirect=True
)
RUN = """async (site, example, source) => {
  const { start } = await import(`${site}live/page/run-example.js`);
  const running = await start(example, source ? { files: { [`${example}.py`]: source } } : {});
  const frame = document.createElement("iframe");
  frame.src = running.url;
  const loaded = new Promise((resolve) => (frame.onload = resolve));
  document.body.append(frame);
  await loaded;
  Object.assign(globalThis, { running, inside: frame.contentWindow });
}"""


class Visitor:
    """A tab of either browser."""

    def __init__(self, tab: Page | Tab) -> None:
        self._tab = tab

    def open(self, url: str) -> None:
        """Navigate, and wait for the page's `load`."""
        if isinstance(self._tab, Tab):
            self._tab.open(url)
        else:
            self._tab.goto(url)

    def evaluate(self, function: str, *arguments: str | int) -> Any:
        """What a JavaScript function returns for strings and numbers."""
        if isinstance(self._tab, Tab):
            return self._tab.evaluate(function, *arguments)
        return self._tab.evaluate(f"(values) => ({function})(...values)", list(arguments))

    def wait(self, condition: str) -> None:
        """Until a JavaScript expression, which may await, is true; without `eval`, which a page may forbid."""
        shown = self.evaluate(
            f"""async (patience) => {{
              for (const end = performance.now() + patience; !({condition});) {{
                if (performance.now() > end) return document.body.innerText;
                await new Promise((resolve) => setTimeout(resolve, 100));
              }}
              return null;
            }}""",
            int(1000 * PATIENCE),
        )
        assert shown is None, f"still not {condition}:\n{shown}"

    def run(self, site: str, example: str, program: str = "") -> None:
        """Run an example, or a program in its place, as `running`; `inside` is the window of its frame."""
        self.evaluate(RUN, site, example, program)

    def press(self, name: str, within: str = "body") -> None:
        """Click on the first button of that name."""
        buttons = f"[...document.querySelectorAll('{within} button')]"
        shown = f"{buttons}.find((each) => each.textContent === '{name}' && !each.hidden)"
        self.wait(shown)
        self.evaluate(f"() => {shown}.click()")


@contextmanager
def chromium(browser: Browser) -> Iterator[Visitor]:
    """A tab of a fresh context, whose requests Playwright does not route: an update of a service worker would hang."""
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    yield Visitor(page)
    context.close()


class Host:
    """A host on a port of its own whose content can be replaced while it runs."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers: list[tuple[bytes, bytes]] = []
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as `app`, with `headers` added."""

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.headers]
            await send(message)

        if scope["type"] == "http":
            self.asked.append(scope["path"])
        await self.app(scope, receive, send_more)

    def serving(self) -> AbstractContextManager[server.Server]:
        """Serve it: `with host.serving() as server`."""
        return server.serve(self)


def files(folder: Any, prefix: str = "") -> ASGIApp:
    """A folder's files below a path prefix, as a static host has them."""
    static = StaticFiles(directory=folder, html=True)
    return Starlette(routes=[Mount(f"/{prefix}", static)]) if prefix else static
