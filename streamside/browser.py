"""Finds a Chromium for the tests and the checker, and fetches one where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

VARIABLE = "STREAMSIDE_BROWSER"
ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


class NoBrowserError(Exception):
    """There is no Chromium and none can be had; the message says what to install."""


def find_browser() -> str:
    """The path of a Chromium: from the environment, PATH, Playwright's own, or newly installed.

    Raises `NoBrowserError`, whose message is one sentence with the remedy.
    """
    for look in (from_environment, from_path, from_playwright, from_playwright_install, from_apt):
        if found := look():
            return found
    raise NoBrowserError(
        "no browser for the tests: install Chromium or Google Chrome so that `chromium` is on PATH, "
        f"or put the path of one into {VARIABLE}"
    )


def from_environment() -> str | None:
    """What the variable says; a path that leads nowhere is an error rather than something to step over."""
    path = os.environ.get(VARIABLE)
    if path and not shutil.which(path):
        raise NoBrowserError(f"{VARIABLE} is {path!r}, where there is no program: correct it or unset it")
    return path


def from_path() -> str | None:
    """The first Chromium or Google Chrome on PATH."""
    return next(filter(None, map(shutil.which, ON_PATH)), None)


def from_playwright() -> str | None:
    """The Chromium that `playwright install` left on this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def from_playwright_install() -> str | None:
    """Playwright's Chromium, downloaded now."""
    attempt([sys.executable, "-m", "playwright", "install", "chromium"])
    return from_playwright()


def from_apt() -> str | None:
    """Debian's Chromium, installed now, if this is root on a machine with apt."""
    if not shutil.which("apt-get") or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    attempt(["apt-get", "update", "--quiet"])
    attempt(["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "chromium"])
    return from_path()


def attempt(command: list[str]) -> None:
    """Run a command that may fail, saying so first: it takes a while."""
    print(f"streamside: looking for a browser: {' '.join(command[-3:])} …", file=sys.stderr, flush=True)
    quiet = subprocess.DEVNULL
    subprocess.run(command, stdin=quiet, stdout=quiet, stderr=quiet, timeout=600, check=False)


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
