"""What a lesson imports: listings by name, recordings, the example in the page."""

import asyncio
import json
import re
from html.parser import HTMLParser
from types import ModuleType
from urllib.request import Request, urlopen

import mistune
import pytest

from examples import basic_stream, button_stream, htmx4_streams, in_flask
from streamside import lab, notebook_frames
from streamside.errors import UserError
from streamside.exercises import event, from_json
from streamside.lab import body_of, check, contents, listen, live, serve, source, task


@pytest.fixture(autouse=True)
def stop_servers():
    yield
    for server in lab._servers.values():
        server.stop()
    lab._servers.clear()


@pytest.fixture
def in_jupyterlab(monkeypatch):
    """The notebook is open in JupyterLab: what its outputs name is served."""
    monkeypatch.setenv("JPY_SESSION_NAME", "x")
    yield
    notebook_frames.start(check).stop()
    notebook_frames.start.cache_clear()


def example(app) -> ModuleType:
    module = ModuleType("examples.made_up")
    module.app = app
    return module


def test_a_listing_is_the_definition_as_it_stands_in_the_file():
    listing = source(basic_stream, "progress")
    assert listing.code.startswith("async def progress():\n    for number in range(10):")
    assert listing._repr_markdown_() == f"```python\n{listing.code}\n```\n"


def test_a_listing_that_has_a_fence_in_it_is_one_listing():
    shown = lab.Listing("text = '''\n```\nnot the end\n````\n'''")._repr_markdown_()
    assert mistune.create_markdown(renderer="ast")(shown)[0]["raw"].endswith("````\n'''\n")


def test_several_definitions_come_in_the_order_asked_for():
    code = source(basic_stream, "sse_stream", "index").code
    assert code.index("def sse_stream") < code.index("def index")
    assert code.startswith('@app.get("/sse-stream")')


def test_without_names_the_listing_is_the_file():
    assert source(basic_stream).code.startswith('"""')


def test_a_name_that_is_not_defined_is_said_with_those_that_are():
    with pytest.raises(
        UserError, match=r"defines no 'nothing'; it defines CDN, app, index, progress, sse_stream, __main__"
    ):
        source(basic_stream, "nothing")


def test_an_example_has_one_server():
    assert serve(basic_stream) is serve(basic_stream)


def test_listening_to_an_example():
    recording = listen(basic_stream, "sse-stream", events=1)
    assert recording.path == "/sse-stream"
    assert [timed.event.type for timed in recording.events] == ["progress"]


def test_a_module_without_an_application_is_said():
    with pytest.raises(UserError, match="no ASGI application named `app`"):
        serve(ModuleType("examples.empty"))
    with pytest.raises(UserError, match="json: is not an example"):
        listen(json)


def test_an_example_with_a_server_of_its_own_is_not_served():
    with pytest.raises(UserError, match=r"examples\.in_flask: brings a server of its own; run it as a script"):
        serve(in_flask)


class Found(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.texts = {}, {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] = dict(attrs)
        self.last = tag

    def handle_data(self, data):
        self.texts.setdefault(self.last, data)


def test_a_live_example_holds_its_recording(monkeypatch):
    async def two_messages():
        yield "data: one\n\n"
        await asyncio.sleep(0.5)
        yield "data: two\n\n"

    monkeypatch.setattr(basic_stream, "progress", two_messages)
    shown = live(basic_stream)
    found = Found(shown._repr_html_())
    assert found.tags["live-example"]["example"] == "basic_stream"
    assert "data: two" in found.texts["pre"]
    recorded = json.loads(found.texts["script"])
    assert "sse-connect" in recorded["page"]
    assert "<script" not in recorded["page"]
    assert [exchange["path"] for exchange in recorded["exchanges"]] == ["/", "/sse-stream"]
    milliseconds = recorded["exchanges"][1]["chunks"][1][0]
    assert milliseconds >= 500  # and more on a busy machine
    assert milliseconds % 100 == 0


def test_the_visit_can_be_told_step_by_step():
    shown = live(basic_stream, then=["sse-stream?one", "sse-stream?two"], seconds=0.1)
    assert [recording.path for recording in shown.exchanges] == ["/", "/sse-stream?one", "/sse-stream?two"]


def test_what_was_recorded_already_can_be_part_of_the_visit():
    asked = listen(basic_stream, "sse-stream", method="POST", body=b"{}")
    shown = live(basic_stream, then=[asked])
    assert shown.exchanges[1:] == (asked,)
    assert '"requestBody": "{}"' in shown._repr_html_()


def test_what_a_click_fetches_is_asked_for_as_htmx_does():
    shown = live(button_stream, then=["connection?name=Ada", "sse-stream?name=Ada"], seconds=1)
    page, fragment, stream = shown.exchanges
    assert fragment.body.decode().startswith('<div hx-ext="sse"')
    assert page.request_headers == stream.request_headers == ()


def test_a_stream_of_htmx_4_is_asked_for_as_it_does_and_by_no_event_source():
    _, stream = live(htmx4_streams, seconds=0.1).exchanges
    assert dict(stream.request_headers)["accept"] == "text/html, text/event-stream"


def test_a_notebook_that_is_open_in_jupyter_has_a_frame(in_jupyterlab, monkeypatch):
    shown = live(basic_stream, seconds=0.1)
    text = shown._repr_html_()
    monkeypatch.delenv("JPY_SESSION_NAME")
    stored = shown._repr_html_()
    assert stored.startswith("<live-example ")
    assert stored in text
    found = Found(text).tags["div"]
    assert found["data-title"] == basic_stream.__doc__.splitlines()[0].removesuffix(".")
    page = f"http://127.0.0.1:{found['data-port']}/{found['data-secret']}/{found['data-page']}.html"
    assert stored in urlopen(page).read().decode()


def test_hostile_pages_stay_inside_the_recording():
    async def app(scope, receive, send):
        if scope["type"] == "http":
            headers = [(b"content-type", b"text/html")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"<body></script></pre><b>&amp;&#60;</b></body>"})

    module = ModuleType("examples.basic_stream")
    module.app = app
    text = live(module)._repr_html_()
    assert text.count("</script>") == text.count("</pre>") == 1
    assert "<b>&amp;&#60;</b>" in json.loads(Found(text).texts["script"])["page"]


def test_the_body_of_a_page_is_kept_as_written_without_scripts():
    body = "<p id=x>1 &lt; 2<br>é</p><script>if (a<b) f()</script>end"
    page = f"<html><head><title>t</title></head><body class=a>{body}</body>"
    assert body_of(page) == "<p id=x>1 &lt; 2<br>é</p>end"


def test_the_table_of_contents_names_every_lesson_and_what_is_to_come():
    text = contents()._repr_markdown_()
    assert "(notebooks/01-your-first-stream.ipynb)" in text


def test_an_example_that_cannot_run_in_a_page_says_why():

    shown = lab.LiveExample("django_yo", "Yo", "/", "20rem", "", "It needs <threads>.", True, "", ())
    assert Found(shown._repr_html_()).tags["live-example"]["obstacle"] == "It needs <threads>."


def test_an_example_of_several_files_says_so():
    from examples import basic_stream, django_yo

    attributes = [
        Found(live(each, seconds=0.1)._repr_html_()).tags["live-example"] for each in (django_yo, basic_stream)
    ]
    assert ["folder" in each for each in attributes] == [True, False]


TASK = {
    "see": [event("progress", "</script>")],
    "hint": "Look at `progress`.",
    "solution": {"range(10)": "range(3)", "sleep(0.5)": "sleep(0.2)"},
}


def test_a_task_reads_well_without_a_script():
    shown = task(1, basic_stream, "progress", "Send *three*.", **TASK)._repr_html_()
    assert '<live-exercise number="1" example="basic_stream" definition="progress">' in shown
    assert "<p>Send <em>three</em>.</p>" in shown
    assert "<summary>Hint</summary><p>Look at <code>progress</code>.</p>" in shown
    difference = shown.partition('<pre class="difference" tabindex="0">')[2].partition("</pre>")[0].splitlines()
    assert (
        difference
        == [
            "async def progress():",
            "<del>-    for number in range(10):</del>",
            "<ins>+    for number in range(3):</ins>",
            '         yield sse_message(P(f"message number {number}"), event="progress")',
            "<del>-        await sleep(0.5)</del>",
            "<ins>+        await sleep(0.2)</ins>",
            '     yield sse_message(P("DONE"), event="progress")',
        ]
        or difference[0].strip() == "async def progress():"
    )
    see = shown.partition('<script type="application/json">')[2].partition("</script>")[0]
    assert from_json(see) == TASK["see"]
    assert "check(1)" not in shown


def test_a_task_of_several_files_names_one(in_jupyterlab):
    from examples import django_yo

    change = {'"yo", "yo"': '"yo", "no"'}
    text = task(1, django_yo, "tell", "", file="signals.py", see=[], hint="", solution=change)._repr_html_()
    assert 'example="django_yo" file="django_yo/signals.py" definition="tell"' in text
    assert "Change <code>examples/django_yo/signals.py</code>" in text
    assert '<ins>+    publish("yo", "no", data)</ins>' in text


def test_in_jupyterlab_a_task_says_how_it_is_checked_and_has_its_check(in_jupyterlab):
    shown = task(2, basic_stream, "progress", "Send three:\n\n    range(3)", **TASK)._repr_html_()
    assert "run <code>check(2)</code>" in shown
    assert '<pre tabindex="0"><code>range(3)' in shown
    (about,) = re.findall(
        r'<div class="streamside-check" data-port="(\d+)" data-secret="([^"]+)" data-task="2">', shown
    )
    asked = Request("http://127.0.0.1:{}/{}/check/2".format(*about), method="POST")
    assert urlopen(asked).read().decode() == str(check(2))


def test_a_task_that_does_not_fit_its_example_is_said():
    with pytest.raises(UserError, match=r"task 1: examples/basic_stream.py defines no 'nothing'"):
        task(1, basic_stream, "nothing", "", **TASK)


def test_the_file_as_it_is_now_is_checked():
    task(1, basic_stream, "progress", "", **TASK)
    assert check(1).startswith("Missing: an event “progress” with “</script>”")
    task(2, basic_stream, "progress", "", **TASK | {"see": [event("progress", "DONE", nth=11)]})
    assert repr(check(2)) == "Done."
    with pytest.raises(UserError, match="task 3: is not known; run the cell"):
        check(3)
