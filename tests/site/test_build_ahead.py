"""A build that waits: the page has the new listing before the lesson has run, and then its outputs."""

import io
import subprocess
import sys

import pytest

from streamside.catalogue import Project, cell_text
from streamside.errors import UserError
from streamside.paths import ROOT
from streamside.site import build_ahead
from tests.small_tutorial import code, output, write_lesson

OLD = output(text_markdown="old", text_plain="old")


def test_the_page_is_made_with_the_new_listing_and_again_with_what_the_lesson_says(project, monkeypatch):
    cells = code("from examples import one\nfrom streamside.lab import source"), code('source(one, "app")', OLD)
    write_lesson(project, *cells, examples="[one]")
    made = []

    def render(tutorial: Project) -> None:
        (lesson,) = tutorial.lessons
        made.append(cell_text({"source": lesson.notebook["cells"][2]["outputs"][0]["data"]["text/plain"]}))

    monkeypatch.setattr(
        build_ahead.run_lessons, "run", lambda lessons, say: made.append([each.path for each in lessons])
    )
    build_ahead.build(Project(project), made.append, render)
    listing = "async def app(scope, receive, send):\n    pass"
    assert made == [listing, ["notebooks/01-a.ipynb"], listing]


@pytest.mark.parametrize(
    ("given", "raised", "status", "built"),
    [
        ("", None, 0, 0),
        ("\n\n", None, 0, 2),
        ("\n\n", UserError("a", "b"), 0, 2),  # its author will mend it, and save again
        ("\n\n", KeyboardInterrupt(), 130, 1),
    ],
)
def test_it_builds_whenever_it_is_told_to(monkeypatch, capsys, given, raised, status, built):
    calls, rehearsed = [], []

    def build(project, say):
        calls.append(project)
        say("building")
        if raised:
            raise raised

    monkeypatch.setattr(build_ahead, "build", build)
    monkeypatch.setattr(build_ahead.render_site, "rehearse", rehearsed.append)
    monkeypatch.setattr(sys, "stdin", io.StringIO(given))
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    assert build_ahead.main() == status
    assert (len(rehearsed), len(calls)) == (1, built)
    said = capsys.readouterr()
    assert said.out == ("" if status else "\n" * built)
    assert said.err == ("building\n" + ("streamside: a: b\n" if isinstance(raised, UserError) else "")) * built


def test_it_ends_with_the_preview():
    command = [sys.executable, "-m", "streamside.site.build_ahead"]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
