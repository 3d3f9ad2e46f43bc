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


def found(url, headers):
    return list(findings(examine(url, headers, 2)))


def unexplained(name, said):
    """What is wrong and has no reason."""
    reasons = REASONS.get(name, ())
    return [str(finding) for finding in said if finding.verdict == "wrong" and finding.about not in reasons]


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
        streams = list(zip(urls, headers, strict=True))
        said = dict(zip(names, engineers.map(lambda stream: found(*stream), streams), strict=True))
        # So many at once keep a machine busy, which is as if something on the way had held events back.
        again = {
            name: found(*stream) for name, stream in zip(names, streams, strict=True) if unexplained(name, said[name])
        }
    said |= again
    lines = {name: unexplained(name, its) for name, its in said.items()}
    assert {name: wrong for name, wrong in lines.items() if wrong} == {}
    assert all(second.about == "type" and second.verdict == "ok" for _, second, *_ in said.values())
