"""Each lesson says with which versions it ran: of the packages that its examples name, and of their pages' scripts."""

from pathlib import Path

from streamside.catalogue import Project
from streamside.site import versions
from tests.small_tutorial import EXAMPLE, read, render

LOCK = "a==1\nPython.FastHTML[x]==0.14.14 \\\n    --hash=sha256:0\nuvicorn==0.54.0 ; python_version > '3'\n"
BLOCK = '# /// script\n# dependencies = ["python-fasthtml>=0.14", "unknown"]\n# ///\n'
SCRIPT = (
    '\nCDN = "https://cdn.jsdelivr.net/npm"\nlinks = [f"{CDN}/htmx.org@2.0.7/dist/htmx.min.js", f"{CDN}/p@2/p.css"]\n'
)


def test_a_lesson_says_with_what_it_ran_and_is_made_again_when_that_changes(tutorial: Path):
    (tutorial / "requirements.lock").write_text(LOCK)
    render(tutorial)
    assert "<li>Run with uvicorn 0.54.0</li>" in read(tutorial)
    assert "Run with" not in read(tutorial, "about.html")
    (tutorial / "examples/one.py").write_text(BLOCK + EXAMPLE + SCRIPT)
    assert "notebooks/01-a.html" in render(tutorial)
    assert "<li>Run with python-fasthtml 0.14.14, uvicorn 0.54.0, htmx.org 2.0.7</li>" in read(tutorial)


def test_all_lessons_with_examples_name_their_server():
    project = Project()
    lock = versions.locked(project.root)
    taught = {lesson.path: versions.taught(lesson, lock) for lesson in project.lessons if lesson.examples}
    assert len(taught) > 10
    assert not [path for path, said in taught.items() if f"uvicorn {lock['uvicorn']}" not in said]
