"""The service worker, in Chromium and Firefox: what is its own, what it leaves alone, what stays and what goes."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from streamside.site import deployment
from tests.browser.visitors import FIREFOX_AT_NIGHT, Host, Visitor, chromium, files

LESSON = "notebooks/01-your-first-stream.html"
EVENTS = "document.querySelectorAll('live-example[example=basic_stream] .browser.event').length"
KEPT = """async () => {
  const names = await caches.keys();
  const caches_ = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
  return caches_.flat().map(({ url }) => url).sort();
}"""
REGISTRATIONS = "navigator.serviceWorker.getRegistrations().then((all) => all.map((each) => each.scope))"
GONE = f"!(await {REGISTRATIONS}).length && !(await caches.keys()).length"


def run_the_example(visitor: Visitor, site: str) -> None:
    """As a reader does, until its stream has come."""
    visitor.open(site + LESSON)
    visitor.press("Run", "live-example[example=basic_stream]")
    visitor.wait("document.querySelector('live-example[example=basic_stream][state=running]')")
    visitor.wait(f"{EVENTS} > 2")


def wait_until_kept(visitor: Visitor, *ends: str) -> None:
    visitor.wait(
        f"(await ({KEPT})()).filter((url) => {list(ends)}.some((end) => url.endsWith(end))).length === {len(ends)}"
    )


def install(visitor: Visitor, site: str) -> None:
    """What a Run leaves behind, but for Python itself, which takes its time."""
    visitor.open(site + LESSON)
    visitor.evaluate(INSTALL, site)
    wait_until_kept(visitor, LESSON, "/editor.js", "/basic_stream.py", "/sse.min.js")


INSTALL = """async (site) => {
  await navigator.serviceWorker.register(`${site}service-worker.js`, { scope: site, updateViaCache: "none" });
  const { active } = await navigator.serviceWorker.ready;
  active.postMessage({ kind: "keep", urls: [location.href] });
}"""


# ── another project of the same origin ──

FOREIGN = """<!doctype html><title>Another project</title><script src="{cdn}/lib.js"></script>
<script>
  fetch("data?query").then((answer) => answer.text()).then((text) => (globalThis.fetched = text));
  new EventSource("stream").onmessage = ({{ data }}) => (globalThis.heard = data);
</script><iframe src="inner"></iframe>"""


def another_project(cdn: str) -> Starlette:
    """With a script from a CDN, a frame, a query, and a stream that does not end."""

    async def endless() -> AsyncIterator[str]:
        while True:
            yield "data: heard\n\n"
            await asyncio.sleep(0.05)

    def data(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{request.url.query} of another project")

    return Starlette(
        routes=[
            Route("/", lambda _: HTMLResponse(FOREIGN.format(cdn=cdn))),
            Route("/index.html", lambda _: HTMLResponse(FOREIGN.format(cdn=cdn))),
            Route("/inner", lambda _: HTMLResponse(f"<script src='{cdn}/lib.js'></script>")),
            Route("/data", data),
            Route("/stream", lambda _: StreamingResponse(endless(), media_type="text/event-stream")),
        ]
    )


CDN = Starlette(routes=[Route("/lib.js", lambda _: PlainTextResponse("lib = 'loaded'", media_type="text/javascript"))])


def works_unharmed(visitor: Visitor) -> None:
    visitor.wait("globalThis.lib === 'loaded' && globalThis.frames[0].lib === 'loaded'")
    visitor.wait("globalThis.fetched === 'query of another project' && globalThis.heard === 'heard'")


def test_another_project_beside_the_site_is_left_alone(visitor: Visitor, built_site: Path) -> None:
    with Host(CDN).serving() as cdn:
        routes = [Mount("/other", another_project(cdn.url)), Mount("/", files(built_site))]
        with Host(Starlette(routes=routes)).serving() as host:  # the whole origin is the worker's scope
            run_the_example(visitor, f"{host.url}/")
            wait_until_kept(visitor, "/basic_stream.py")
            visitor.open(f"{host.url}/other/")
            assert visitor.evaluate("() => Boolean(navigator.serviceWorker.controller)")
            works_unharmed(visitor)
            assert not [
                url
                for url in visitor.evaluate(KEPT)
                if not url.startswith((f"{host.url}/live/", f"{host.url}/theme/", f"{host.url}/notebooks/"))
            ]


def test_another_project_in_the_sites_place_is_left_alone(visitor: Visitor, built_site: Path) -> None:
    host = Host(files(built_site))
    with Host(CDN).serving() as cdn, host.serving() as server:
        install(visitor, f"{server.url}/")
        host.app = another_project(cdn.url)
        visitor.open(f"{server.url}/")
        works_unharmed(visitor)
        visitor.wait(GONE)


def test_a_worker_whose_site_is_gone_removes_itself(visitor: Visitor, built_site: Path) -> None:
    host = Host(files(built_site))
    with host.serving() as server:
        install(visitor, f"{server.url}/")
        host.app = HTMLResponse("<p>Here is nothing", 503)
        visitor.open(f"{server.url}/about.html")  # a host in trouble is not a site that is gone
        assert visitor.evaluate(f"async () => [await {REGISTRATIONS}, (await caches.keys()).length]") == [
            [f"{server.url}/"],
            1,
        ]
        host.app = HTMLResponse("<p>One page for every address")
        visitor.open(f"{server.url}/")
        visitor.wait(GONE)


def test_a_button_removes_what_is_stored(visitor: Visitor, built_site: Path) -> None:
    with Host(files(built_site)).serving() as server:
        visitor.open(f"{server.url}/about.html")
        button = "document.querySelector('.remove-stored button')"
        said = "document.querySelector('.remove-stored [role=status]').textContent"
        visitor.wait(f"!{button}.hidden")
        visitor.evaluate(f"() => {button}.click()")
        visitor.wait(f"{said} === 'Removed: nothing, for there was nothing.'")
        install(visitor, f"{server.url}/")
        visitor.open(f"{server.url}/about.html")
        visitor.evaluate("() => localStorage.setItem('streamside-theme', 'dark')")
        visitor.evaluate("() => localStorage.setItem('another', 'project')")
        visitor.evaluate(f"() => {button}.click()")
        visitor.wait(f"/^Removed: the service worker, \\d+ files, 1 settings.$/.test({said})")
        assert visitor.evaluate(f"async () => {GONE} && Object.keys(localStorage)") == ["another"]


# ── deployments, and no network ──


def test_after_a_deployment_nothing_old_comes_from_an_http_cache(
    visitor: Visitor, built_site: Path, tmp_path: Path
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        for name in (LESSON, "live/page/live-example.js", "live/bundle.js", "live/examples/basic_stream.py"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(built_site / name, folder / name)
        (folder / "live/page/live-example.js").write_text(f"globalThis.deployed = '{folder.name}';")
        write_worker(built_site, folder)
    host = Host(files(before))
    host.headers = [(b"cache-control", b"max-age=600")]
    with host.serving() as server:
        visitor.open(f"{server.url}/{LESSON}")
        visitor.evaluate(INSTALL, f"{server.url}/")
        wait_until_kept(visitor, "/live-example.js")
        ask = "() => fetch('/live/page/live-example.js').then((answer) => answer.text())"
        assert "before" in visitor.evaluate(ask)
        host.app = files(after)
        visitor.evaluate(
            """() => new Promise((resolve) => {
              navigator.serviceWorker.addEventListener("controllerchange", () => resolve(null), { once: true });
              navigator.serviceWorker.getRegistration().then((each) => void each.update());
            })"""
        )
        assert "after" in visitor.evaluate(ask)
        wait_until_kept(visitor, "/live-example.js")


def write_worker(built_site: Path, folder: Path) -> None:
    """The built site's service worker, with the table of another folder."""
    _, _, script = (built_site / "service-worker.js").read_text().partition(";\n")
    (folder / "service-worker.js").write_text(script)
    deployment.complete(folder)


def test_a_refused_registration_is_one_sentence_and_the_recording_plays(browser: Browser, built_site: Path) -> None:
    site = files(built_site)

    async def without_worker(scope: Scope, receive: Receive, send: Send) -> None:
        path = "/nothing" if scope.get("path") == "/service-worker.js" else scope.get("path")
        await site({**scope, "path": path}, receive, send)

    with chromium(browser) as visitor, Host(without_worker).serving() as server:
        visitor.open(f"{server.url}/{LESSON}")
        visitor.press("Run", "live-example")
        visitor.wait("document.querySelector('.live-note').textContent.includes('service worker')")
        visitor.wait("document.querySelector('.live-status').textContent === 'Playing the recording'")


# ── what linked code leaves behind ──

REWRITING = '''
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

PAGE = """<!doctype html><title>Linked</title><script type="module">
const code = "globalThis.poisoned = true; try { top.poisoned = true; } catch {}";
const pack = async (text) => new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip")));
for (const name of await caches.keys()) {
  const cache = await caches.open(name);
  for (const { url } of await cache.keys()) {
    const type = url.endsWith(".html") ? "text/html" : "text/javascript";
    const text = type === "text/html" ? `<script>${code}<` + "/script>" : code;
    const plain = new Response(text, { headers: { "content-type": type } });
    await cache.put(url, url.endsWith(".packed") ? await pack(code) : plain);
  }
  await cache.put(new URL("live/files/win.html", SITE), new Response("<p>won"));
}
globalThis.done = true;
</script>"""

app = Starlette(routes=[Route("/", lambda _: HTMLResponse(PAGE))])
'''

CODE = ("/code-pane.js", "/editor.js")
TEXTS = """async () => {
  const cache = await caches.open((await caches.keys())[0]);
  const answers = await Promise.all((await cache.keys()).map((request) => cache.match(request)));
  return Promise.all(answers.map((answer) => answer.text()));
}"""


@FIREFOX_AT_NIGHT
def test_a_program_that_rewrites_what_is_kept_has_no_effect_on_the_next(visitor: Visitor, built_site: Path) -> None:
    with Host(files(built_site, "some/prefix")).serving() as server:
        site = f"{server.url}/some/prefix/"
        run_the_example(visitor, site)
        wait_until_kept(visitor, "wasm.packed", "-started.bin.packed", "/basic_stream.py", "/sse.min.js", *CODE)
        visitor.run(site, "basic_stream", REWRITING.replace("SITE", f"'{site}'"))
        visitor.wait("inside.done")
        # It reaches the page around it, as that page says: a frame of another origin would be none of the worker's.
        assert visitor.evaluate("() => inside.eval('parent.document.title')") == visitor.evaluate(
            "() => document.title"
        )
        run_the_example(visitor, site)
        poisoned = (
            "Array.from({ length: frames.length + 1 }, (_, n) => frames[n] ?? window).some((each) => each.poisoned)"
        )
        assert not visitor.evaluate(f"() => {poisoned}")
        assert visitor.evaluate("() => document.querySelector('live-example iframe').contentWindow.htmx.version")
        assert visitor.evaluate("() => fetch('../live/files/win.html').then((answer) => answer.status)") == 404
        visitor.wait(f"!(await ({TEXTS})()).some((text) => text.includes('poisoned'))")
        wait_until_kept(visitor, LESSON, "live-example.js", "/sse.min.js", *CODE)
    run_the_example(visitor, site)  # there is no host any more: all that comes is from the cache
    assert not visitor.evaluate(f"() => {poisoned}")
    visitor.press("Code", "live-example[example=basic_stream]")
    visitor.wait("document.querySelector('.cm-content')?.textContent.includes('from asyncio')")
