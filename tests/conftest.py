"""What the tests share: real servers, a real browser, and the proof that nothing is left behind."""

import asyncio
import gc
import multiprocessing
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from playwright.sync_api import Browser, Error, Page, Request, expect, sync_playwright

from benchmarks.static import serving as serving_files
from streamside import assets, nginx_program
from streamside.catalogue import Project
from streamside.errors import UserError
from streamside.paths import ROOT
from streamside.server import serve
from streamside.site import render_site
from tests import browsers, small_tutorial
from tests.browser import firefox
from tests.browser.firefox import Firefox, Tab
from tests.browsers import NoBrowserError
from tests.patience import PATIENCE

# Where Python is told to write no bytecode, as in many containers, each worker would compile all of the tests at each
# run, and each process that a test starts what that imports.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
gc.disable()  # until all modules are imported: what they make stays
# A shell starts what runs in the background deaf to Ctrl-C, and so would be all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
expect.set_options(timeout=1000 * PATIENCE)
hypothesis.settings.register_profile("busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("busy")  # for a machine that has other things to do: no test is about time
FOUND = pytest.StashKey[str]()
ELSEWHERE = re.compile(r"^(?!http://127\.0\.0\.1:|data:|blob:)")


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a thread or a process behind (a server is both a thread and a port)."""
    if room(request.node) == "firefox":
        request.getfixturevalue("running_firefox")  # it stays for other tests, and has threads
    threads, processes = set(threading.enumerate()), set(multiprocessing.active_children())
    modules = len(sys.modules)
    yield
    gc.collect()  # a forgotten coroutine or file complains in the test that forgot it
    if len(sys.modules) > modules:
        gc.freeze()  # as when all had been collected: what has been imported since stays, too
    left = [thread.name for thread in set(threading.enumerate()) - threads if not _is_pools(thread) and _stays(thread)]
    assert not left, f"threads left behind: {left}"
    assert set(multiprocessing.active_children()) <= processes, "processes left behind"


def _stays(thread: threading.Thread) -> bool:
    """Whether it does not end at once: one that waits for a process may not have heard yet that this has ended."""
    thread.join(1)
    return thread.is_alive()


def _is_pools(thread: threading.Thread) -> bool:
    """A pool's idle worker: the pools of AnyIO and asyncio keep theirs for later, and end them with their loop."""
    return thread.name.startswith(("AnyIO worker thread", "asyncio_", "ThreadPoolExecutor"))


@pytest.fixture
def serving() -> Iterator[Callable[[Any], str]]:
    """`serving(app)` serves it, CDN links answered from `node_modules`, until the test ends, and returns its URL."""
    servers = []

    def start(app: Any) -> str:
        servers.append(serve(assets.local(app)))
        return servers[-1].url

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium for all tests of a worker: to start it takes a second of a core."""
    path = browsers.program_for_pages()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(browsers.ARGUMENTS_OF_TESTS))
        yield chromium
        chromium.close()


@pytest.fixture(autouse=True)
def _loop_of_ones_own(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hide Playwright's event loop, which rests meanwhile, from a test without a page: it may call `asyncio.run`."""
    if "browser" in request.fixturenames:
        yield
        return
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(loop)


@pytest.fixture(scope="session")
def running_firefox() -> Iterator[Firefox | None]:
    """A headless Firefox for all tests of a worker, if there is one."""
    try:
        path = browsers.program(browsers.FIREFOX)
    except NoBrowserError:
        yield None
        return
    with firefox.starting(path) as started:
        yield started


@pytest.fixture
def tab(running_firefox: Firefox | None) -> Iterator[Tab]:
    """A tab of Firefox; without one the test is skipped, and the last line of the run says so."""
    if not running_firefox:
        pytest.skip("There is no Firefox: the last line says where one was looked for.")
    with running_firefox.tab() as tab:
        yield tab


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page that may talk to this machine only; anything else fails the test, as does an error in a script."""
    with opened(browser) as page:
        yield page


@contextmanager
def opened(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    with watched(page):
        yield page
        context.close()


@contextmanager
def watched(page: Page) -> Iterator[None]:
    """Fail if the page asks another origin for something, or if one of its scripts has an error."""
    elsewhere, errors = [], []

    def note_request(request: Request) -> None:
        if ELSEWHERE.match(request.url):
            elsewhere.append(request.url)

    def note_error(error: Error) -> None:
        errors.append(str(error))

    # They fail, for there is no way out. To route requests would take the browser's cache away.
    page.context.on("requestfailed", note_request)
    page.on("pageerror", note_error)
    yield
    page.context.remove_listener("requestfailed", note_request)
    page.remove_listener("pageerror", note_error)
    assert not elsewhere, f"requests to other origins: {elsewhere}"
    assert not errors, f"errors in the page: {errors}"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Find the browsers and nginx, and build the pages, once, before the workers that run the tests start."""
    if hasattr(session.config, "workerinput"):
        return
    try:
        if session.config.getoption("numprocesses", None):  # else they are found when a test needs them
            session.config.stash[FOUND] = f"{browsers.find_all()}; {find_nginx()}"
        render_site.render(Project())
    except NoBrowserError as error:
        pytest.exit(str(error), returncode=2)
    except UserError as error:
        pytest.exit(f"the pages cannot be built: {error}", returncode=2)


def find_nginx() -> str:
    """Find it, or that there is none, for the workers too; return words that say so."""
    try:
        path = nginx_program.find()
    except UserError:
        path = ""
    os.environ[nginx_program.VARIABLE] = path
    return f"nginx ({path})" if path else "no nginx: its tests skipped"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Say, after all else, what the tests have been run in."""
    yield
    if line := session.config.stash.get(FOUND, None):
        session.config.pluginmanager.get_plugin("terminalreporter").write_line(line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Examples are covered by their own tests: to look on during the others would take time and prove no more.

    So it would in those of their own that do one thing very often; these are marked `no_cover` where they stand.
    """
    for item in items:
        if ROOT / "tests/examples" not in item.path.parents:
            item.add_marker(pytest.mark.no_cover)
    items[:] = in_rooms(items)


def in_rooms(items: list[pytest.Item]) -> list[pytest.Item]:
    """As many parts as `make test` has workers, most of them begun by tests that share what is dear to start.

    A worker is given one part, and whoever has nothing left to do takes from the end of another's. Lessons begin three:
    they wait for so long that fewer workers would still be at them when all others have ended.
    """
    rooms: dict[str, list[pytest.Item]] = {name: [] for name in ("lessons", "firefox", "laboratory", "chromium", "")}
    for item in items:
        rooms[room(item)].append(item)
    lessons, others = rooms.pop("lessons"), iter(rooms.pop(""))
    begun = [lessons[::3], lessons[1::3], lessons[2::3], *rooms.values()]
    size = len(items) // len(begun)
    parts = [[*shared, *islice(others, max(0, size - len(shared)))] for shared in begun]
    return [*chain(*parts), *others]


def room(item: Any) -> str:
    """What a test shares with others: a browser, a started Python; or, for a lesson, that it mostly waits."""
    fixtures, parameters = item.fixturenames, item.callspec.params if hasattr(item, "callspec") else {}
    if ROOT / "tests/notebooks" in item.path.parents:
        return "lessons"
    if "tab" in fixtures or parameters.get("visitor") == "firefox":
        return "firefox"
    return "laboratory" if "built" in fixtures else "chromium" if "browser" in fixtures else ""


def pytest_collection_finish(session: pytest.Session) -> None:
    """All modules are imported by now: `gc.collect()`, after every test, need not go through what stays."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def built_site() -> Path:
    """The tutorial's pages, as built from this checkout when the session began."""
    return ROOT / "_site"


@pytest.fixture(scope="module")
def site(built_site: Path) -> Iterator[str]:
    """The address of the built site, on a plain static file server and under a path prefix."""
    with serving_files(built_site) as url:
        yield url


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of a tutorial of one lesson."""
    return small_tutorial.write_one_lesson(tmp_path)
