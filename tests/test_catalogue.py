"""The catalogue reads the tutorial from its sources, and says file and line where they are broken."""

import json

import pytest

from streamside.catalogue import Lesson, Project, cell_text
from streamside.errors import UserError
from streamside.exercises import end, event, no

QUARTO = """\
website:
  title: T
  sidebar:
    contents:
      - index.ipynb
      - section: One
        contents:
          - href: notebooks/01-a.ipynb
          - notebooks/02-b.ipynb
          - text: Later
"""
FRONT_MATTER = "---\ntitle: A\ndescription: About a.\ndate: 2026-11-21\ncategories: [x]\n---"


def notebook(*code: str, head: str = FRONT_MATTER) -> str:
    cells = [{"cell_type": "raw", "source": head}, *({"cell_type": "code", "source": [text]} for text in code)]
    return json.dumps({"cells": cells, "metadata": {}})


@pytest.fixture
def root(tmp_path):
    (tmp_path / "_quarto.yml").write_text(QUARTO)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "examples").mkdir()
    (tmp_path / "notebooks/01-a.ipynb").write_text(notebook("from examples import one"))
    (tmp_path / "examples/one.py").write_text('"""One example.\n\nMore."""\n')
    return tmp_path


def test_parts_lessons_and_what_is_to_come(root):
    (part,) = Project(root).parts
    assert part.title == "One"
    assert [lesson.path for lesson in part.lessons] == ["notebooks/01-a.ipynb", "notebooks/02-b.ipynb"]
    assert part.planned == ("Later",)


def test_a_lesson_tells_what_its_front_matter_says(root):
    lesson = Project(root).lessons[0]
    assert (lesson.number, lesson.title, lesson.description, lesson.date) == (
        1,
        "A",
        "About a.",
        "2026-11-21",
    )
    assert lesson.href == "notebooks/01-a.html"
    assert [example.title for example in lesson.examples] == ["One example"]


def test_where_it_is_published_has_a_slash_at_the_end(root):
    assert Project(root).site_url == ""
    (root / "_quarto.yml").write_text(QUARTO.replace("website:\n", "website:\n  site-url: https://a.b/c\n"))
    assert Project(root).site_url == "https://a.b/c/"


def test_the_pages_beside_the_lessons(root):
    (root / "about.md").write_text("---\ntitle: About\ndescription: d\n---\n\nText.")
    (page,) = Project(root).pages
    assert (page.title, cell_text(page.notebook["cells"][1])) == ("About", "\nText.")


def test_what_an_example_says_of_the_page(root):
    (root / "examples/two.py").write_text(
        '"""Two."""\n\n# /// script\n# dependencies = []\n# [tool.streamside]\n# page = "It needs threads."\n'
        "# own-server = true\n# ///\n"
    )
    one, two = Project(root).examples
    assert (one.obstacle, two.obstacle) == (None, "It needs threads.")
    assert (one.has_own_server, two.has_own_server) == (False, True)


def test_a_folder_is_an_example_too(root):
    (root / "examples/three").mkdir()
    (root / "examples/three/__init__.py").write_text('"""Three."""\n')
    (root / "examples/three/views.py").write_text("")
    example = Project(root).example("three")
    assert [file.name for file in example.files] == ["__init__.py", "views.py"]


@pytest.mark.parametrize(
    ("break_it", "complaint"),
    [
        (lambda root: (root / "_quarto.yml").write_text("website:\n  title: [\n"), r"_quarto\.yml, line 3: not YAML"),
        (lambda root: (root / "_quarto.yml").write_text("- a list\n"), r"_quarto\.yml: has to be a mapping"),
        (lambda root: (root / "_quarto.yml").write_text("website: {}\n"), "sidebar"),
        (lambda root: (root / "_quarto.yml").unlink(), r"_quarto\.yml: cannot be read"),
        (lambda root: (root / "notebooks/01-a.ipynb").write_text("{\n,"), r"01-a\.ipynb, line 2: not a notebook"),
        (lambda root: (root / "notebooks/01-a.ipynb").unlink(), r"01-a\.ipynb: cannot be read"),
        (lambda root: (root / "notebooks/01-a.ipynb").write_text(notebook(head="x")), "cell 1: no front matter"),
        (
            lambda root: (root / "notebooks/01-a.ipynb").write_text(notebook(head="---\ntitle: a: b\n---")),
            r"cell 1, line \d: not YAML",
        ),
        (lambda root: (root / "notebooks/01-a.ipynb").write_text(notebook("x =")), "cell 2, line 1: invalid syntax"),
        (
            lambda root: (root / "notebooks/01-a.ipynb").write_text(notebook("from examples import none")),
            r"examples/none\.py: there is no such example",
        ),
    ],
)
def test_what_is_broken_is_said_with_its_place(root, break_it, complaint):
    break_it(root)
    with pytest.raises(UserError, match=complaint):
        assert [(lesson.title, lesson.examples) for lesson in Project(root).lessons[:1]]


def test_an_example_that_is_no_python_is_said_with_its_line(root):
    (root / "examples/one.py").write_text('"""One."""\n\nx =\n')
    with pytest.raises(UserError, match=r"^examples/one\.py, line 3: invalid syntax$"):
        _ = Project(root).example("one").title


def test_the_examples_of_a_lesson_are_those_that_it_imports(root):
    (root / "examples/two.py").write_text('"""Two."""\n')
    text = notebook("from examples import two, one", "from examples.one import app", "import json")
    (root / "notebooks/01-a.ipynb").write_text(text)
    lesson = Lesson(root, "notebooks/01-a.ipynb")
    assert [example.name for example in lesson.examples] == ["two", "one"]


def test_this_tutorial_can_be_read():
    site = Project()
    assert site.title == "Streamside"
    assert all(lesson.number for lesson in site.lessons if lesson.path.startswith("notebooks/0"))


def test_the_tasks_that_a_lesson_sets(root):
    cell = (
        "from examples import one\n"
        'task(1, one, "app", "Do it.", see=[no(event("x"), before=end())], hint="H", solution={"a": "b"})'
    )
    (root / "notebooks/01-a.ipynb").write_text(notebook(cell, "x = 1"))
    (exercise,) = Project(root).lessons[0].exercises
    assert (exercise.number, exercise.example, exercise.definition) == (1, "one", "app")
    assert exercise.see == [no(event("x"), before=end())]
