"""A new lesson works from the first moment on, is not taken for finished, and leaves nothing if it cannot be made."""

import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import examples
from streamside import lab
from streamside.catalogue import Lesson, Project
from streamside.errors import UserError
from streamside.exercise_trial import faults, try_out
from streamside.paths import ROOT
from streamside.site import atomic_files, new_lesson
from streamside.site.check import check, scope
from streamside.site.example_rules import complaints
from streamside.site.new_lesson import STARTS, new, slug
from tests.small_tutorial import write_one_lesson


def files_of(root: Path) -> dict[str, bytes]:
    """All of a project's files and folders, these without content."""
    paths = root.rglob("*")
    return {path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else b"" for path in paths}


def test_a_new_lesson_follows_the_last_one(project):
    made = new("Über: Ströme & more", Project(project))
    assert [path.relative_to(project).as_posix() for path in made] == [
        "examples/uber_strome_more.py",
        "tests/examples/test_uber_strome_more.py",
        "notebooks/02-uber-strome-more.ipynb",
    ]
    assert [lesson.number for lesson in Project(project).lessons] == [1, 2]
    assert Project(project).lessons[1].title == "Über: Ströme & more"
    assert [example.name for example in Project(project).lessons[1].examples] == ["uber_strome_more"]


def test_one_on_an_example_that_is_there_makes_no_other(project):
    (path,) = new("B", Project(project), example="one")
    assert path == project / "notebooks/02-b.ipynb"
    assert [example.name for example in Project(project).lessons[1].examples] == ["one"]


PARTS = """\
          # why
      - section: Two
        contents:
          - href: "notebooks/07-g.ipynb"  # the last
      - section: Appendix
        contents:
          - notebooks/attributes.ipynb
      - section: Nothing yet
        contents: []
"""


@pytest.fixture
def in_parts(project: Path) -> Path:
    contents = project / "_quarto.yml"
    contents.write_text(contents.read_text() + PARTS)
    for name in ("07-g", "attributes"):
        shutil.copy(project / "notebooks/01-a.ipynb", project / f"notebooks/{name}.ipynb")
    return project


@pytest.mark.parametrize(
    ("part", "line", "before"),
    [
        ("", "          - href: notebooks/08-b.ipynb\n", "      - section: Appendix\n"),
        ("One", "          - href: notebooks/08-b.ipynb\n", "          # why\n"),
    ],
)
def test_the_table_of_contents_keeps_its_comments_and_the_lesson_is_in_the_right_part(in_parts, part, line, before):
    contents = in_parts / "_quarto.yml"
    old = contents.read_text()
    new("B", Project(in_parts), part=part)
    assert contents.read_text() == old.replace(before, line + before)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A tutorial with a new lesson from each of the starts."""
    root = write_one_lesson(tmp_path_factory.mktemp("new"))
    for start in STARTS:
        new(f"Made from {start}", Project(root), start=start)
    return root


def test_its_tasks_are_solved_as_they_say_and_by_nothing_less(made):
    tasks = [(task, made) for lesson in Project(made).lessons[1:] for task in lesson.exercises]
    assert len(tasks) == 2 * len(STARTS)
    attempts, expected = [], []
    for task, root in tasks:
        program = Project(root).example(task.example).program
        assert list(faults(task, program["files"])) == []
        changes = [({}, "Missing"), (task.solution, ""), *task.wrong]
        attempts += [(task, {**program, "files": task.edited(program["files"], change)}) for change, _ in changes]
        expected += [sentence for _, sentence in changes]
    for sentence, said in zip(expected, try_out(attempts), strict=True):
        assert sentence in said if sentence else said == ""


def test_the_checker_asks_for_every_paragraph_and_for_nothing_else(made):
    (within,) = [scope(Project(made), made / "notebooks/04-made-from-asgi.ipynb")]
    said = [*complaints(within.examples), *check(Project(made), made / "_site", within)]
    cells = json.loads((made / "notebooks/04-made-from-asgi.ipynb").read_text())["cells"]
    marked = [number for number, cell in enumerate(cells, 1) if "TO DO:" in "".join(cell["source"])]
    assert [complaint.where for complaint in said if complaint.what == "is still to be written"] == [
        "examples/made_from_asgi.py, line 1",
        *(f"notebooks/04-made-from-asgi.ipynb, cell {number}" for number in marked),
    ]
    assert {complaint.what for complaint in said} == {
        "is still to be written",
        "the stored outputs are out of date",  # it has not been run here
        "has not been rendered",
    }


def test_its_cells_run_and_the_linters_have_nothing_to_say(made, monkeypatch):
    """The example's own tests are held against it in tests/examples/test_starters.py."""
    for lesson in Project(made).lessons[1:]:
        (example,) = lesson.examples
        module = ModuleType(f"examples.{example.name}")
        module.__file__ = str(example.path)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(examples, example.name, module, raising=False)
        exec(example.text, vars(module))
        names: dict = {}
        with monkeypatch.context() as patch:
            patch.setattr(lab, "Project", lambda: Project(made))
            for _, text in lesson.code:
                exec(text, names)
        lab._servers.pop(example.name).stop()
    for command in (["check", "--config", ROOT / "pyproject.toml"], ["format", "--check", "--line-length=120"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command, made], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"title": "!"}, "is no line with a letter or a digit in it"),
        ({"title": "B\nC"}, "is no line with a letter"),
        ({"title": "a"}, r"notebooks/01-a\.ipynb: there is such a lesson already; give the new one another title"),
        ({"example": "../one"}, "is no name for a module"),
        ({"example": "class"}, "is no name for a module"),
        ({"example": "there"}, r"tests/examples/test_there\.py: is there already; name the example otherwise"),
        ({"start": "flask"}, "'flask': is none; take htmx, page, asgi"),
        ({"part": "Two"}, r"_quarto\.yml: has no part 'Two' with a lesson in it; it has One"),
    ],
)
def test_what_cannot_be_made_is_said_and_nothing_is_written(project, given, complaint):
    (project / "tests/examples").mkdir(parents=True)
    (project / "tests/examples/test_there.py").write_text("")
    before = files_of(project)
    with pytest.raises(UserError, match=complaint):
        new(given.pop("title", "B"), Project(project), **given)
    assert files_of(project) == before


@pytest.mark.parametrize("place", [".ipynb", ".yml"])
def test_a_full_disk_leaves_nothing(project, monkeypatch, place):
    before, write = files_of(project), atomic_files.write

    def full(path: Path, content: bytes) -> None:
        if path.suffix == place:
            path.parent.mkdir(exist_ok=True)
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, content)

    monkeypatch.setattr(new_lesson.atomic_files, "write", full)
    with pytest.raises(OSError, match="No space"):
        new("B", Project(project))
    assert files_of(project) == before


def test_a_lesson_that_does_not_run_leaves_nothing_and_until_then_nothing_names_it(project):
    before = files_of(project)

    def fail(lesson: Lesson) -> None:
        assert lesson.file.exists()
        assert lesson.path not in (project / "_quarto.yml").read_text()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        new("B", Project(project), run=fail)
    assert files_of(project) == before


def test_a_table_of_contents_without_a_lesson_is_said(project):
    (project / "_quarto.yml").write_text("website:\n  sidebar:\n    contents: []\n")
    with pytest.raises(UserError, match="names no lesson yet"):
        new("B", Project(project))
    (project / "_quarto.yml").write_text(
        "website:\n  sidebar:\n    contents: [{section: One, contents: [notebooks/01-a.ipynb]}]\n"
    )
    with pytest.raises(UserError, match=r"has notebooks/01-a\.ipynb not on a line of its own"):
        new("B", Project(project))


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_make_hands_on_what_the_author_writes_and_runs_none_of_it(tmp_path):
    title = f"a `touch {tmp_path}/1` $(shell touch {tmp_path}/2) $$5 \"q\" 's' \\ %"
    command = ["make", "-s", "lesson", "PYTHON=printf '%s\\n'", f"TITLE={title}", f"EXAMPLE=$(touch {tmp_path}/3)"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == title
    assert f"--example=$(touch {tmp_path}/3)" in done.stdout.splitlines()
    assert list(tmp_path.iterdir()) == []


def test_slugs():
    assert slug("  The 7th: Events, that start requests!") == "the-7th-events-that-start-requests"
