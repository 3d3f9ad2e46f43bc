"""Drives a headless Firefox by WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/), over a plain WebSocket."""

import itertools
import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.patience import PATIENCE

# Nothing but the page under test, no process in reserve, and nothing from other machines: their proxy is a port where
# nobody listens.
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.ipc.processPrelaunch.enabled": False,
    "extensions.update.enabled": False,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1",
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.type": 1,
    "javascript.options.wasm_optimizingjit": False,
    "toolkit.telemetry.enabled": False,
    "ui.prefersReducedMotion": 1,
}

# Resolves once the condition holds, or after so many milliseconds with what the element shows by then.
WAIT = """
async (condition, patience, selector) => {
  const holds = eval(condition);
  for (const end = performance.now() + patience; performance.now() < end;) {
    if (holds()) return null;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return document.querySelector(selector).innerText;
}
"""

# The button, once it keeps its place for two frames: a page moves while something in it is loading.
BUTTON = """
async (selector, name) => {
  const buttons = [...document.querySelectorAll(`${selector} button`)];
  const button = buttons.find((each) => each.textContent === name && each.checkVisibility());
  for (let place, before = null; button && place !== before;) {
    before = place;
    button.scrollIntoView({ block: "center", behavior: "instant" });
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    place = button.getBoundingClientRect().top;
  }
  return button;
}
"""

# What the page about:debugging does when somebody presses Terminate there.
END_SERVICE_WORKERS = """
async (scope) => {
  const manager = Cc["@mozilla.org/serviceworkers/manager;1"].getService(Ci.nsIServiceWorkerManager);
  const all = manager.getAllRegistrations();
  const one = (_, number) => all.queryElementAt(number, Ci.nsIServiceWorkerRegistrationInfo);
  const found = Array.from({ length: all.length }, one).filter((each) => each.scope === scope);
  const workers = found.map((each) => each.activeWorker);
  await Promise.all(workers.map((worker) => worker.terminateWorker()));
  return workers.length;
}
"""


class FirefoxError(Exception):
    """It does not start; the message is what it said."""


@contextmanager
def starting(program: str) -> Iterator["Firefox"]:
    """A Firefox with a fresh profile, which goes with it, as does all else that it writes."""
    with (
        TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as folder,
        launched(program, folder) as process,
        # Without pings: what draws lots for them would do so during other tests, and Hypothesis minds that.
        connect(f"{address(process)}/session", max_size=None, compression=None, ping_interval=None) as socket,
    ):
        yield Firefox(socket)
        socket.send(json.dumps({"id": 0, "method": "browser.close", "params": {}}))
        process.wait(PATIENCE)


@contextmanager
def launched(program: str, folder: str) -> Iterator[subprocess.Popen[str]]:
    preferences = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
    Path(folder, "user.js").write_text("".join(preferences))
    # The last one lets a test end a service worker, which no page can.
    options = ["--profile", folder, "--remote-debugging-port=0", "--remote-allow-system-access"]
    if os.name == "nt":
        options.append("--wait-for-browser")  # else it is another process than this one
    process = subprocess.Popen(
        [program, "--headless", *options],
        env=os.environ | {"HOME": folder, "XDG_CACHE_HOME": folder, "MOZ_CRASHREPORTER_DISABLE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """With all its own."""
    if os.name == "nt":
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):  # it has ended; the second is macOS's way to say so
            os.killpg(process.pid, signal.SIGKILL)


def address(process: subprocess.Popen[str]) -> str:
    """Where it listens, as it says itself. Raises `FirefoxError`."""
    assert process.stderr
    said = []
    silence = threading.Timer(2 * PATIENCE, kill, [process])  # some that are no good say nothing
    silence.start()
    try:
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"BiDi listening on (ws://\S+)", line):
                return found[1]
    finally:
        silence.cancel()
        silence.join()
    raise FirefoxError(f"Firefox did not start: {''.join(said)}")


class Firefox:
    """A running Firefox."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        session = self.ask("session.new", capabilities={})
        self.version = str(session["capabilities"]["browserVersion"])

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command; `AssertionError` with what Firefox says of a wrong one."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self._socket.recv(2 * PATIENCE))).get("id") != number:
            pass
        assert answer["type"] == "success", f"{method}: {answer['message']}"
        result: dict[str, Any] = answer["result"]
        return result

    @contextmanager
    def tab(self) -> Iterator["Tab"]:
        """A new tab, closed afterwards."""
        context = self.ask("browsingContext.create", type="tab")["context"]
        yield Tab(self, context)
        self.ask("browsingContext.close", context=context)

    def end_service_workers(self, scope: str) -> int:
        """Stop those of a scope, as Firefox does with an idle one: how many there were."""
        return int(self._window().evaluate(END_SERVICE_WORKERS, scope))

    @contextmanager
    def preferring(self, name: str, value: int) -> Iterator[None]:
        """With another value of a preference, of those that count at once."""
        self._window().evaluate("(name, value) => Services.prefs.setIntPref(name, value)", name, value)
        yield
        self._window().evaluate("(name) => Services.prefs.clearUserPref(name)", name)

    def _window(self) -> "Tab":
        """Firefox's own, around the pages."""
        tree = self.ask("browsingContext.getTree", **{"moz:scope": "chrome"})
        return Tab(self, tree["contexts"][0]["context"])


class Tab:
    """A page in Firefox."""

    def __init__(self, firefox: Firefox, context: str) -> None:
        self.firefox = firefox
        self.context = context

    def open(self, url: str) -> None:
        """Navigate, and wait for the page's `load`."""
        self.firefox.ask("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def go_back(self) -> None:
        """To the page before, by the browser's button."""
        self.firefox.ask("browsingContext.traverseHistory", context=self.context, delta=-1)

    def evaluate(self, function: str, *arguments: str | int) -> Any:
        """What a JavaScript function returns for strings and numbers: anything that JSON can say."""
        result = self._call(f"async (...values) => JSON.stringify(await ({function})(...values)) ?? 'null'", *arguments)
        return json.loads(result["value"])

    def _call(self, function: str, *arguments: str | int) -> dict[str, Any]:
        answer = self.firefox.ask(
            "script.callFunction",
            functionDeclaration=function,
            arguments=[{"type": "string" if isinstance(each, str) else "number", "value": each} for each in arguments],
            target={"context": self.context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        result: dict[str, Any] = answer["result"]
        return result

    def wait(self, condition: str, element: str = "body") -> None:
        """Until a JavaScript expression is true; `element` is what the error shows."""
        shown = self.evaluate(WAIT, f"() => {condition}", 1000 * int(PATIENCE), element)
        assert shown is None, f"still not {condition}:\n{shown}"

    def press(self, selector: str, name: str) -> None:
        """Click, with the mouse, on the visible button of that name inside an element."""
        button = self._call(BUTTON, selector, name)
        assert button["type"] == "node", f"no button {name!r} in {selector}"
        move = {"type": "pointerMove", "x": 0, "y": 0, "origin": {"type": "element", "element": button}}
        click = [move, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        actions = [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": click}]
        self.firefox.ask("input.performActions", context=self.context, actions=actions)
