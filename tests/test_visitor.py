"""Visits without a browser and without waiting: what they see is what a Wire would tell."""

import json
import os
import subprocess
import sys
import time
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any

from streamside.paths import ROOT
from streamside.sightings import Sighting, sightings

PROGRAM = """
from asyncio import sleep, to_thread
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route

def page(request):
    return HTMLResponse('<a href="more">More</a><form hx-get="said"></form><p sse-connect="s" sse-swap="n"></p>')

async def more(request):
    return HTMLResponse("more")

async def said(request):
    return HTMLResponse(f"<b>{await to_thread(request.query_params.get, 'word')}</b>")

async def numbers(first):
    try:
        for number in range(first, first + 3):
            yield f"event: n\\nid: {number}\\ndata: <i>{number}</i>\\n\\n"
            await sleep(100)
    finally:
        print("left")

async def stream(request):
    return StreamingResponse(numbers(int(request.headers.get("last-event-id", 0)) + 1), media_type="text/event-stream")

routes = [Route("/", page), Route("/more", more), Route("/said", said)]
app = Starlette(routes=[*routes, Route("/s", stream, methods=["GET", "POST"])])
"""
FOLDER = {
    "y/__init__.py": "import asgiref, os\nprint(os.environ['GREETING'], vars(asgiref).setdefault('n', 0))\n"
    "asgiref.n += 1\nfrom .views import app\n",
    "y/views.py": """
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route

def page(request):
    hidden = '<input type="hidden" name="token" value="t"><input type="text" name="user">'
    form = f'<form action="in" method="post">{hidden}</form>'
    script = "new EventSource(list.dataset.events)"
    return HTMLResponse(f'<p data-events="s">{request.cookies.get("who")}</p>{form}<script>{script}</script>')

async def enter(request):
    async with request.form() as form:
        answer = RedirectResponse(".", 303)
        answer.set_cookie("who", f"{form['user']} {form['token']}")
    return answer

app = Starlette(routes=[Route("/", page), Route("/in", enter, methods=["POST"])])
""",
}
FLOOD = PROGRAM.replace("            await sleep(100)\n", "").replace("first + 3", "10**9")
POST = 'post s {"headers": {"Last-Event-ID": "{id}"}, "body": {"a": 1}}'
ASKED: dict[str, tuple[str, list[str]]] = {
    "looked on": (PROGRAM, []),
    "did something": (PROGRAM, ["wait 1", "submit word=hello you", "cable cut", "wait 5", "cable mend"]),
    "restarted": (PROGRAM, ["wait 1", "restart", "wait 1", "go more"]),
    "listened": (PROGRAM, ["wait 1", "close", "listen s?id={id}"]),
    "posted": (PROGRAM, ["wait 1", POST, "wait 150", POST]),
    "had company": (PROGRAM, ["add a reader", "wait 1"]),
    "was flooded": (FLOOD, []),
    "broken": ("app = 1 / 0", []),
}


@cache
def visits() -> dict[str, Any]:
    """All at once: what costs is to start."""
    asked = [
        {"example": "x", "files": {"x.py": program}, "environment": {}, "do": do, "seconds": 250}
        for program, do in ASKED.values()
    ]
    folder = {"example": "y", "files": FOLDER, "environment": {"GREETING": "hello"}, "seconds": 1}
    asked += [{**folder, "do": do} for do in (["wait 0.1", "submit user=ann"], [])]
    command = [sys.executable, "-m", "streamside.visitor"]
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            command,
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=os.environ | {"TMPDIR": folder},
            check=True,
        )
    assert done.stderr == ""
    assert time.monotonic() - began < 100  # of 1,500 seconds
    return dict(zip([*ASKED, "signed in", "came anew"], json.loads(done.stdout), strict=True))


def seen(name: str, *kinds: str) -> list[Sighting]:
    return [each for each in sightings(visits()[name]["messages"]) if each.kind in kinds]


def test_time_passes_without_waiting():
    events = seen("looked on", "event")
    assert [(each.text, each.id) for each in events] == [("<i>1</i>", "1"), ("<i>2</i>", "2"), ("<i>3</i>", "3")]
    assert [round((each.time - events[0].time) / 1000) for each in events] == [0, 100, 200]
    assert [each.text for each in seen("looked on", "app")] == ["More", "More\n1", "More\n2", "More\n3"]
    assert round(visits()["looked on"]["now"]) == 250_000


def test_a_form_and_a_cut_cable():
    requests = seen("did something", "request")
    assert [each.name for each in requests] == ["GET /", "GET /s", "GET /said?word=hello+you", "GET /s"]
    assert requests[-1].headers["last-event-id"] == "1"
    assert 6000 <= requests[-1].time <= 6100  # when it was mended
    assert "More\nhello you\n1" in [each.text for each in seen("did something", "app")]
    (end,) = seen("did something", "end")
    (left,) = seen("did something", "log")
    assert (end.text, left.text) == ("The cable was cut.", "left")
    assert left.time - end.time < 10


def test_a_restart_breaks_streams_off_and_another_page_closes_them():
    assert [each.text for each in seen("restarted", "end")] == ["The server was stopped."]
    assert [each.name for each in seen("restarted", "request")] == ["GET /", "GET /s", "GET /more"]
    assert seen("restarted", "app")[-1].text == "more"


def test_what_a_pages_own_buttons_do():
    assert [each.name for each in seen("listened", "request")] == ["GET /", "GET /s", "GET /s?id=1"]


def test_what_a_pages_script_posts_again_says_which_event_was_the_last():
    first, second = [each for each in seen("posted", "request") if each.name == "POST /s"]
    assert "last-event-id" not in first.headers
    assert second.headers["last-event-id"] == "2"
    assert second.headers["content-type"] == "application/json"
    assert seen("posted", "event")[-1].id == "3"


def test_another_reader_has_a_stream_of_its_own_and_another_page_than_the_one_that_is_shown():
    assert [each.name for each in seen("had company", "request")] == ["GET /", "GET /", "GET /s", "GET /s"]
    events = [(each.text, each.reader) for each in seen("had company", "event")]
    assert events[:4] == [("<i>1</i>", 1), ("<i>1</i>", 2), ("<i>2</i>", 1), ("<i>2</i>", 2)]
    assert [each.text for each in seen("had company", "app")] == ["More", "More\n1", "More\n2", "More\n3"]


def test_programs_that_do_not_behave():
    assert len(visits()["was flooded"]["messages"]) == 3000
    assert visits()["broken"] == {"error": "ZeroDivisionError: division by zero", "file": "x.py", "line": 1}


def test_a_form_without_htmx_is_sent_with_what_is_hidden_and_leads_to_another_page_with_its_cookies():
    asked = [each.name for each in seen("signed in", "request")]
    assert asked == ["GET /", "GET /s", "POST /in", "GET /", "GET /s"]
    assert [each.text for each in seen("signed in", "app")] == ["None", "ann t"]


def test_each_visit_to_a_folder_has_its_packages_and_its_environment_to_itself():
    assert [each.text for name in ("signed in", "came anew") for each in seen(name, "log")] == ["hello 0", "hello 0"]
    assert [each.text for each in seen("came anew", "app")] == ["None"]
