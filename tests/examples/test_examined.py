"""Every example with a stream is examined as a reader's own would be, all at the same time, and nothing is wrong."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from importlib import import_module
from urllib.parse import urlsplit

from streamside.catalogue import Project
from streamside.examination import examine
from streamside.findings import findings
from streamside.paths import ROOT
from tests.examples.members import bearer
from tests.examples.test_first_streams import SERVERS, on_uvicorn
from tests.patience import PATIENCE

STREAMS = {
    **dict.fromkeys(
        (
            "basic_stream",
            "button_stream_eager",
            "close_on_message",
            "event_triggers",
            "in_aiohttp",
            "in_fastapi",
            "in_flask",
            "in_quart",
            "in_sse_starlette",
            "in_starlette",
            "named_events",
            "number_stream",
            "number_stream_ends",
            "open_close_resume",
            "stop_with_204",
        ),
        "/sse-stream",
    ),
    "button_stream": "/sse-stream?name=Ada",
    "django_yo": "/events/yo",
    "htmx4_streams": "/progress?name=Ada",
    "htmx4_two_readers": "/browser/unit",
    "tests_on_trial": "/trials",
    "model_stream": "",  # that of a question: see `asked`
}
OTHERS = "/events"  # where `streamside new` has it, too
# Its stream is the answer to a POST, and an examination changes nothing.
NOT_EXAMINED = {"fetch_stream"}
# What is wrong, and is so for a reason.
REASONS = {
    "bare_ticker": {"resuming"},  # its ids count the ticks of one clock; a tick that has passed is no news
    "htmx4_two_readers": {"fields"},  # it shows who reads what nobody should
    "raw_asgi": {"fields", "resuming"},  # lesson 7 shows each kind of line: one that nobody reads, an id that is kept
}


def about(line):
    return line.split()[1]


def asked(url):
    """The address of the stream that answers a question."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    connection.request("POST", "/ask", "prompt=Why", {"content-type": "application/x-www-form-urlencoded"})
    _, _, name = connection.getresponse().headers["location"].partition("answer=")
    connection.close()
    return f"{url}/answers/{name}"


async def soon(seconds):
    """Stands in for an example's `sleep`: streams of some seconds end while they are examined."""
    await asyncio.sleep(seconds / 25)


SOONER = {asyncio.sleep: soon, time.sleep: lambda seconds, sleep=time.sleep: sleep(seconds / 25)}


def test_nothing_is_wrong_with_any_example(monkeypatch):
    names = [example.name for example in Project(ROOT).examples if example.name not in NOT_EXAMINED]
    assert set(STREAMS) <= set(names)
    with ExitStack() as running, ThreadPoolExecutor(40) as engineers:
        modules = {name: import_module(f"examples.{name}") for name in names}
        for module in modules.values():
            if hasattr(module, "sleep"):
                monkeypatch.setattr(module, "sleep", SOONER[module.sleep])
        urls = [
            running.enter_context(SERVERS.get(module, on_uvicorn)(module.app)) + STREAMS.get(name, OTHERS)
            for name, module in modules.items()
        ]
        urls = [asked(url) if name == "model_stream" else url for name, url in zip(names, urls, strict=True)]
        headers = [
            bearer(url.removesuffix(OTHERS)) if name == "members_only" else {}
            for name, url in zip(names, urls, strict=True)
        ]
        examined = engineers.map(lambda *asked: findings(examine(*asked, 2)), urls, headers)
        said = dict(zip(names, examined, strict=True))
    wrong = {name: [str(finding) for finding in found if finding.verdict == "wrong"] for name, found in said.items()}
    unexplained = {
        name: [line for line in lines if about(line) not in REASONS.get(name, ())] for name, lines in wrong.items()
    }
    assert {name: lines for name, lines in unexplained.items() if lines} == {}
    assert all(found[1].about == "type" and found[1].verdict == "ok" for found in said.values())
