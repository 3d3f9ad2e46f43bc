"""Lessons are outdated when what their outputs come from has changed, and for no other reason."""

import json
from pathlib import Path

import pytest

from streamside.catalogue import Lesson
from streamside.site.outdated import is_current, outputs_digest
from tests.small_tutorial import EXAMPLE, code, markdown, write_lesson


def lesson(project: Path) -> Lesson:
    return Lesson(project, "notebooks/01-a.ipynb")


def settle(lesson: Lesson) -> None:
    """Store in the notebook, as a run does, what its outputs come from."""
    notebook = json.loads(lesson.file.read_text())
    notebook["metadata"]["streamside"] = {"digest": outputs_digest(lesson)}
    lesson.file.write_text(json.dumps(notebook))


@pytest.mark.parametrize("path", ["examples/one.py", "streamside/lab.py", "requirements.lock"])
def test_a_lesson_is_outdated_when_an_input_has_changed(project, path):
    write_lesson(project, code("import sys\nif 0:\n    from examples import one"))
    settle(lesson(project))
    assert is_current(lesson(project))
    (project / path).write_text(EXAMPLE + "# changed\n")
    assert not is_current(lesson(project))


def change(project, cell: int, source: str) -> None:
    notebook = json.loads(lesson(project).file.read_text())
    notebook["cells"][cell]["source"] = source
    lesson(project).file.write_text(json.dumps(notebook))


def test_a_lesson_is_outdated_when_its_code_has_changed(project):
    settle(lesson(project))
    change(project, 2, "print(1 + 2)")
    assert not is_current(lesson(project))


def test_a_changed_sentence_needs_no_run(project):
    settle(lesson(project))
    change(project, 1, "# A, but better")
    assert is_current(lesson(project))


def test_a_lesson_that_reads_its_own_prose_is_outdated_when_that_has_changed(project):
    reads = "path = 'notebooks/01-a.ipynb'"
    settle(write_lesson(project, markdown("# A"), code(reads)))
    assert is_current(lesson(project))
    change(project, 1, "# A, but better")
    assert not is_current(lesson(project))


@pytest.mark.parametrize(
    ("file", "reads"),
    [("cases/a.json", "path = '../cases/a.json'"), ("tests/streams/a.py", "if 0:\n    from tests.streams import a")],
)
def test_a_lesson_that_reads_a_folder_is_outdated_when_that_has_changed(project, file, reads):
    (project / file).parent.mkdir(parents=True)
    for cell, counts in ((code(reads), True), (code("print(1)"), False)):
        (project / file).write_text("1")
        settle(write_lesson(project, markdown("# A"), cell))
        (project / file).write_text("2")
        assert is_current(lesson(project)) is not counts


def test_modification_times_and_unrelated_files_do_not_count(project):
    settle(lesson(project))
    (project / "examples/one.py").touch()
    (project / "examples/two.py").write_text("")
    assert is_current(lesson(project))


def test_the_table_of_contents_counts_where_it_is_shown(project):
    shows = write_lesson(project, code("def contents(): pass\ncontents()"))
    settle(shows)
    (project / "_quarto.yml").write_text((project / "_quarto.yml").read_text() + "          - text: Later\n")
    assert not is_current(lesson(project))


def test_line_ends_do_not_count(project):
    """Git writes files with CRLF where `core.autocrlf` is true."""
    write_lesson(project, code("import sys\nif 0:\n    from examples import one, two"))
    (project / "examples/two").mkdir()
    (project / "examples/two/__init__.py").write_text("a = 1\nb = 2\n")
    settle(lesson(project))
    for path in (path for path in project.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert is_current(lesson(project))


def test_bytes_that_are_no_text_count_as_they_are(project):
    write_lesson(project, code("if 0:\n    from examples import two"))
    (project / "examples/two").mkdir()
    (project / "examples/two/__init__.py").write_text("")
    (project / "examples/two/data.bin").write_bytes(b"\0\r\n")
    settle(lesson(project))
    (project / "examples/two/data.bin").write_bytes(b"\0\n")
    assert not is_current(lesson(project))


@pytest.mark.parametrize("name", [".DS_Store", ".idea/workspace.xml", "Thumbs.db", "__pycache__/views.pyc"])
def test_files_that_systems_and_editors_leave_do_not_count(project, name):
    write_lesson(project, code("if 0:\n    from examples import two"))
    (project / "examples/two").mkdir()
    (project / "examples/two/__init__.py").write_text("")
    settle(lesson(project))
    (project / "examples/two" / name).parent.mkdir(exist_ok=True)
    (project / "examples/two" / name).write_bytes(b"\0")
    assert is_current(lesson(project))


def test_a_page_without_code_needs_no_run(project):
    assert is_current(write_lesson(project, markdown("# A")))
