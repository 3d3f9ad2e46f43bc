"""Finds the browsers that the tests drive, tries them, and installs them where there are none.

`make test` does so once, before its workers start, and tells them in the environment.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import sync_playwright

from tests.browser import firefox
from tests.patience import PATIENCE

INSTALLING = 600.0  # seconds that a download may take, or what somebody else is installing


class NoBrowserError(Exception):
    """A browser cannot be had; the message says what to do."""


class Found(NamedTuple):
    """A browser that starts."""

    path: str
    version: str


@dataclass(frozen=True)
class Browser:
    """One that the tests drive, and where it may be."""

    name: str
    variable: str  # in the environment: the path of one, or nothing to do without
    programs: tuple[str, ...]  # on PATH, or where macOS and Windows have them
    packages: tuple[str, ...]  # Debian's
    start: Callable[[str], str]  # starts the program at a path, ends it, and returns its version

    @property
    def missing(self) -> str:
        """What to say where there is none."""
        return (
            f"there is no {self.name} that starts, and none can be installed: install one so that "
            f"`{self.programs[0]}` is on PATH, or put its path into {self.variable}"
        )


# What Chromium is to go without: first the two pages behind the address bar of each of its windows, which nobody sees
# and which take more of a machine than the page under test; then what Playwright names, for the last list is the one
# that counts.
FEATURES = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
)
# Root may not use Chromium's sandbox, and containers give it little shared memory. The rest keeps it from asking its
# maker's servers for anything.
ARGUMENTS = (
    f"--disable-features={','.join(FEATURES)}",
    *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

# Tests do without more: a process kept ready for the next page, and machine code that is compiled a second time to be
# faster, which pays after minutes (Python starts a fifth cheaper). And nothing comes from other machines: their proxy
# is a port where nobody listens. What is measured (benchmarks) is the browser as readers have it.
ARGUMENTS_OF_TESTS = (
    *ARGUMENTS,
    f"--disable-features={','.join((*FEATURES, 'SpareRendererForSitePerProcess'))}",
    "--js-flags=--liftoff-only",
    "--proxy-server=127.0.0.1:9",
    "--accept-lang=en-US,en",  # which Chromium's shell leaves out
)


def start_chromium(path: str) -> str:
    """Its version, if it starts."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS), timeout=2000 * PATIENCE)
        version = chromium.version
        chromium.close()
    return version


def start_firefox(path: str) -> str:
    """Its version, if it starts."""
    with firefox.starting(path) as started:
        return started.version


# Chromium's engine without a window around the page: a new page takes a quarter of the time. It does not keep pages
# that are left for the way back.
SHELL = "chromium-headless-shell"
CHROMIUM = Browser(
    "Chromium",
    "STREAMSIDE_BROWSER",
    (
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "chrome",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    ),
    ("chromium", SHELL),
    start_chromium,
)
FIREFOX = Browser(
    "Firefox",
    "STREAMSIDE_FIREFOX",
    (
        "firefox",
        "firefox-esr",
        "/Applications/Firefox.app/Contents/MacOS/firefox",
        r"C:\Program Files\Mozilla Firefox\firefox.exe",
    ),
    ("firefox-esr",),
    start_firefox,
)


def find_all() -> str:
    """Find both, for this process and those that it will start; return a line that names them.

    Raises `NoBrowserError`; not for Firefox, without which its tests are skipped.
    """
    words = []
    for browser in (CHROMIUM, FIREFOX):
        found = find(browser)
        if browser is CHROMIUM and not found:
            raise NoBrowserError(browser.missing)
        os.environ[browser.variable] = found.path if found else ""
        words.append(f"{browser.name} {found.version} ({found.path})" if found else f"no {browser.name}: tests skipped")
    if program_for_pages() != program(CHROMIUM):
        words.insert(1, f"its shell for most pages ({program_for_pages()})")
    return f"browsers: {', '.join(words)}"


def program(browser: Browser) -> str:
    """The path of one that starts: found before this worker was started, or else now. Raises `NoBrowserError`."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        path = os.environ[browser.variable]
    else:
        found = find(browser)
        path = found.path if found else ""
    if not path:
        raise NoBrowserError(browser.missing)
    return path


def program_for_pages() -> str:
    """The path of what shows the pages under test: the shell beside the Chromium that was found, or Chromium itself."""
    path = program(CHROMIUM)
    shell = Path(path).with_name(SHELL)
    return str(shell) if shell.exists() else path


@cache
def find(browser: Browser) -> Found | None:
    """One that starts: from the environment, PATH, Playwright's own, or newly installed; None if there is none.

    Raises `NoBrowserError` for one that is named in the environment and does not start.
    """
    named = os.environ.get(browser.variable)
    if named is None:
        return next(filter(None, (try_out(browser, path) for path in candidates(browser))), None)
    found = try_out(browser, named) if named else None
    if named and not found:
        raise NoBrowserError(f"{browser.variable} is {named!r}, which does not start: correct it or unset it")
    return found


def candidates(browser: Browser) -> Iterator[str]:
    """Where there might be one, the least trouble first."""
    name = browser.name.lower()
    yield from on_path(browser)
    yield from playwrights(name)
    if may_install():
        update_packages()
        for package in browser.packages:
            attempt([*APT, "install", "--yes", "--no-install-recommends", package])
        yield from on_path(browser)
    # As root with what it needs of the system: others would be asked for a password.
    needs = ["--with-deps"] if may_install() else []
    if not attempt([*PLAYWRIGHT, *needs, name]):
        yield from playwrights(name)


def try_out(browser: Browser, path: str) -> Found | None:
    """Start it: one that was downloaded to a machine without the libraries that it needs is there and does not."""
    try:
        return Found(path, aside(browser.start, path))
    except Exception as error:
        say(f"{path} does not start: {next(iter(str(error).splitlines()), type(error).__name__)}")
        return None


def on_path(browser: Browser) -> Iterator[str]:
    """Those on PATH."""
    yield from filter(None, map(shutil.which, browser.programs))


def playwrights(name: str) -> Iterator[str]:
    """What `playwright install` has left on this machine."""
    path = aside(playwrights_place, name)
    if Path(path).exists():
        yield path


def playwrights_place(name: str) -> str:
    """Where Playwright puts its own."""
    with sync_playwright() as playwright:
        return str(getattr(playwright, name).executable_path)


def aside(function: Callable[[str], Any], argument: str) -> Any:
    """Call it in a thread, where Playwright can be started even if it is running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, argument).result()


def may_install() -> bool:
    """Whether this is root on a machine with apt."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


PLAYWRIGHT = (sys.executable, "-m", "playwright", "install", "--no-shell")
APT = ("apt-get", "--quiet", "-o", f"DPkg::Lock::Timeout={INSTALLING:.0f}")  # installing waits for whoever does so, too


@cache
def update_packages() -> None:
    """Bring apt's lists up to date, when nobody else is doing so: that does not wait, as installing does."""
    deadline = time.monotonic() + INSTALLING
    say("no browser yet: apt-get update …")
    while "Could not get lock" in outcome([*APT, "update"]) and time.monotonic() < deadline:
        time.sleep(1)


def attempt(command: list[str]) -> str:
    """Run a command that may fail, and say so: it takes a while. Return what it said, or nothing if it worked."""
    say(f"no browser yet: {' '.join(command)} …")
    said = outcome(command)
    if said:
        say(f"that failed: {said.splitlines()[-1]}")
    return said


def outcome(command: list[str]) -> str:
    """What a command that failed said; nothing if it worked."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=INSTALLING,
        )
    except subprocess.TimeoutExpired:
        return f"not done after {INSTALLING:.0f} s"
    return (done.stdout.strip() or f"status {done.returncode}") if done.returncode else ""


def say(text: str) -> None:
    """Tell whoever waits."""
    print(f"streamside: {text}", file=sys.stderr, flush=True)
