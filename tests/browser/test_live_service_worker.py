"""The service worker: stopped and woken, without network, replaced by a new one."""

import shutil
from pathlib import Path

from playwright.sync_api import Browser, CDPSession

from tests.browser.laboratory import COUNTER, VISITS, Laboratory, serve_files
from tests.patience import PATIENCE


def service_workers(laboratory: Laboratory) -> CDPSession:
    """What the browser lets its developer tools do to them."""
    session = laboratory.page.context.new_cdp_session(laboratory.page)
    session.send("ServiceWorker.enable")
    return session


def test_a_service_worker_that_was_stopped_asks_for_what_it_forgot(laboratory: Laboratory) -> None:
    run = laboratory.run(VISITS)
    run.frame().locator("h1", has_text="visit 1").wait_for()
    session = service_workers(laboratory)
    session.send("ServiceWorker.stopAllWorkers")
    run.inside("location.reload()")
    run.frame().locator("h1", has_text="visit 2").wait_for()
    session.send("ServiceWorker.stopAllWorkers")
    run.call("cable.cut()")
    session.send("ServiceWorker.stopAllWorkers")
    assert run.inside("fetch('./').catch((error) => error.name)") == "TypeError"
    run.call("cable.mend()")
    assert "visit 3" in run.inside("fetch('./').then((response) => response.text())")


def test_a_service_worker_that_has_just_woken_up_answers_all_who_ask_at_once(laboratory: Laboratory) -> None:
    run = laboratory.run(VISITS)
    run.frame().locator("h1", has_text="visit 1").wait_for()
    session = service_workers(laboratory)
    for _ in range(5):
        session.send("ServiceWorker.stopAllWorkers")
        asked = "Promise.all(Array.from({ length: 20 }, () => fetch('./').then((response) => response.text())))"
        assert all("visit" in text for text in run.inside(asked))


SEVERAL = """
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

HTMX = "https://cdn.jsdelivr.net/npm/htmx.org@2.0.7/dist/htmx.min.js"
ASK = f"Promise.all(['/absolute', '{HTMX}'].map((url) => fetch(url).then((answer) => answer.text())))"
WORKER = f"onmessage = () => {ASK}.then((texts) => postMessage(texts))"
SRCDOC = f"<script>ask = () => {ASK}</script>"
PAGE = f'<!doctype html><title>Several</title><script>ask = () => {ASK}</script><iframe srcdoc="{SRCDOC}"></iframe>'

app = Starlette(routes=[
    Route("/", lambda request: HTMLResponse(PAGE)),
    Route("/absolute", lambda request: PlainTextResponse("the example's")),
    Route("/worker.js", lambda request: Response(WORKER, media_type="text/javascript")),
])
"""
ASKING = {
    "page": "ask()",
    "srcdoc": "frames[0].ask()",
    "worker": """new Promise((resolve) => {
      globalThis.worker ??= new Worker("worker.js");
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage(null);
    })""",
}


def test_what_an_examples_page_asks_for_is_the_examples_also_after_the_service_worker_was_stopped(
    laboratory: Laboratory,
) -> None:
    run = laboratory.run(SEVERAL)
    session = service_workers(laboratory)
    for _ in range(2):
        for who, ask in ASKING.items():
            own, htmx = run.inside(ask)
            assert own == "the example's", who
            assert "htmx" in htmx, who
        session.send("ServiceWorker.stopAllWorkers")
    lasting = run.inside(
        """fetch("https://cdn.jsdelivr.net/npm/htmx.org@2.0.7/dist/htmx.min.js").then(async (answer) => {
          await answer.text();
          return answer.headers.get("cache-control");
        })"""
    )
    assert lasting == "max-age=31536000", "each frame of the page asks for it anew"


KEPT = """async () => {
  const kept = (await (await caches.open("streamside /some/prefix/")).keys()).map((request) => request.url);
  const needed = ["/index.html", "/probe.js", "wasm.packed", "-started.bin.packed", "/basic_stream.py"];
  return needed.every((end) => kept.some((url) => url.endsWith(end)));
}"""


def test_a_second_visit_needs_no_network(fresh: Laboratory) -> None:
    fresh.run(name="basic_stream").wait("run.wire.some((each) => each.what === 'event')")
    while not fresh.page.evaluate(KEPT):
        fresh.page.wait_for_timeout(50)  # or the test's time limit
    context = fresh.page.context
    context.set_offline(True)
    fresh.open()
    fresh.run(name="basic_stream").wait("run.wire.filter((each) => each.what === 'event').length > 2")
    context.set_offline(False)


STATES = """async () => {
  const { installing, waiting, active } = await navigator.serviceWorker.getRegistration();
  return [installing, waiting, active].map((worker) => worker?.state ?? "none").join(" ")"""


def test_a_new_deployment_replaces_the_service_worker(browser: Browser, built: Path, tmp_path: Path) -> None:
    page = browser.new_page()  # not the one whose requests Playwright routes: an update of a worker hangs in there
    shutil.copytree(built, tmp_path / "site")
    page.set_default_timeout(1000 * PATIENCE)
    with serve_files(tmp_path / "site") as url:
        laboratory = Laboratory(page, url)
        laboratory.open()
        old = laboratory.run(COUNTER)
        old.wait("run.wire.filter((each) => each.what === 'event').length > 3")
        worker = tmp_path / "site/service-worker.js"
        worker.write_text(worker.read_text().replace('"index.html":', '"another.html": "", "index.html":'))
        page.evaluate("navigator.serviceWorker.getRegistration().then((each) => void each.update())")
        page.wait_for_function(STATES + " === 'none installed activated'; }")
        count = len(old.wire(what="event"))
        old.wait(f"run.wire.filter((each) => each.what === 'event').length > {count + 5}")  # it is not disturbed
        laboratory.open()
        page.wait_for_function(STATES + " === 'none none activated'; }")
        laboratory.run(COUNTER).wait("run.wire.filter((each) => each.what === 'event').length > 3")
    page.context.close()
