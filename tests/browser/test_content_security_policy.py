"""Under the Content-Security-Policy that About tells, everything works; a stricter one is told in one sentence."""

import base64
import hashlib
import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from streamside.catalogue import ROOT
from tests.browser.test_service_worker import LESSON, run_the_example
from tests.browser.visitors import FIREFOX_AT_NIGHT, Host, Visitor, files

POLICY = re.findall(r"^default-src .*$", (ROOT / "about.md").read_text(encoding="utf-8"), re.MULTILINE)[0]


class Strict:
    """A host that sends a policy, and notes what browsers report against it."""

    def __init__(self, site: Path, policy: str) -> None:
        self.reports: list[bytes] = []
        self.host = Host(Starlette(routes=[Route("/report", self.report, methods=["POST"]), Mount("/", files(site))]))
        self.host.headers = [(b"content-security-policy", f"{policy}; report-uri /report".encode())]

    async def report(self, request: Request) -> Response:
        """Take a report."""
        self.reports.append(await request.body())
        return Response(status_code=204)


@FIREFOX_AT_NIGHT
def test_everything_works_under_the_policy_that_about_tells(visitor: Visitor, built_site: Path) -> None:
    strict = Strict(built_site, POLICY)
    with strict.host.serving() as server:
        for page in ("404.html", "about.html"):
            visitor.open(f"{server.url}/{page}")
        run_the_example(visitor, f"{server.url}/")
        example = "live-example[example=basic_stream]"
        visitor.press("Code", example)
        visitor.wait("document.querySelector('.cm-content')?.textContent.includes('from asyncio')")
        visitor.press("Stop", example)
        visitor.wait(f"document.querySelector('{example}[state=stopped]')")
        program = (
            (ROOT / "examples/basic_stream.py").read_text(encoding="utf-8").replace("message number", "edited number")
        )
        visitor.run(f"{server.url}/", "basic_stream", program)
        visitor.wait("inside.document.body.textContent.includes('edited number 1')")
    assert strict.reports == []


@pytest.mark.parametrize("missing", ["'wasm-unsafe-eval'", "blob:"])
def test_one_sentence_says_what_a_stricter_policy_lacks(visitor: Visitor, built_site: Path, missing: str) -> None:
    strict = Strict(built_site, POLICY.replace(f" {missing}", ""))
    with strict.host.serving() as server:
        visitor.open(f"{server.url}/{LESSON}")
        visitor.press("Run", "live-example")
        sentence = f"host has no {missing} in script-src; Python in the page needs it."
        visitor.wait(f'document.querySelector(".live-note").textContent.endsWith("{sentence}")')
        visitor.wait("document.querySelector('.live-status').textContent === 'Playing the recording'")


def test_pages_have_no_inline_script_but_the_one_in_the_policy(built_site: Path) -> None:
    inline = re.compile(r"<script(?: type=\"(?:module|text/javascript)\")?>(.*?)</script>", re.DOTALL)
    pages = [*built_site.glob("*.html"), *built_site.glob("notebooks/*.html")]
    scripts = {script for page in pages for script in inline.findall(page.read_text("utf-8"))}
    hashes = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts}
    assert hashes == set(re.findall(r"'sha256-([^']+)'", POLICY))
