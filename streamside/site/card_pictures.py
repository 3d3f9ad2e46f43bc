"""Takes the pictures of cards: the first example of each lesson, running, in a Chromium of this machine."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Error, Page, ViewportSize, sync_playwright
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from streamside.catalogue import Lesson, Project
from streamside.server import serve
from streamside.site import atomic_files, cards

SIZE = ViewportSize(width=1200, height=630)  # what those ask for who show cards
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
STARTING, RUNNING = 60_000, 2_500  # milliseconds: what an example may take to start, and how much of it is seen


def take(project: Project) -> int:
    """Take the pictures that are missing, of the site as it is in `_site`; how many came. What fails is said."""
    missing = [lesson for lesson in cards.lessons(project) if not cards.kept(lesson).is_file()]
    taken = 0
    if missing:
        _say(f"taking {len(missing)} pictures for cards, some seconds each …")
        try:
            with _site(project) as url, _page() as page:
                taken = sum(_take(page, url, lesson) for lesson in missing)
        except Error as error:
            _say(f"cards stay without pictures: no Chromium starts ({str(error).splitlines()[0]})")
    _forget_others(project)
    return taken


@contextmanager
def _site(project: Project) -> Iterator[str]:
    with serve(Starlette(routes=[Mount("/", StaticFiles(directory=project.root / "_site", html=True))])) as server:
        yield server.url


@contextmanager
def _page() -> Iterator[Page]:
    """A page of the size of a card."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)  # else Playwright's own
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # who may not use Chromium's sandbox
    options = ["--disable-dev-shm-usage", *(["--no-sandbox"] if root else [])]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=options)
        yield chromium.new_page(viewport=SIZE, color_scheme="light", reduced_motion="reduce")
        chromium.close()


def _take(page: Page, url: str, lesson: Lesson) -> bool:
    """Take the picture of one lesson; whether its example ran."""
    try:
        page.goto(f"{url}/{lesson.href}")
        example = page.locator("live-example[state=idle]").first
        example.get_by_role("button", name="Run", exact=True).click(timeout=STARTING)
        page.evaluate("document.querySelector('live-example').classList.add('on-card')")
        page.add_style_tag(path=lesson.root / cards.STYLE)
        page.locator("live-example[state=running]").wait_for(timeout=STARTING)
        page.wait_for_timeout(RUNNING)
        atomic_files.write(cards.kept(lesson), page.screenshot())
    except Error as error:
        _say(f"{lesson.path} has no picture: its example did not run ({str(error).splitlines()[0]})")
        return False
    return True


def _forget_others(project: Project) -> None:
    """Remove pictures of what is not any more."""
    wanted = set(map(cards.kept, cards.lessons(project)))
    for file in (project.root / ".cache/cards").glob("*.png"):
        if file not in wanted:
            file.unlink()


def _say(text: str) -> None:
    print(f"streamside: {text}", file=sys.stderr, flush=True)
