"""A new lesson has the shape of one, stands in the table of contents, and is not taken for finished."""

import json

import pytest

from streamside.catalogue import Project
from streamside.errors import UserError
from streamside.site.check import check
from streamside.site.new_lesson import new, slug


def test_a_new_lesson_follows_the_last_one(project):
    path = new("Über: Ströme & more", "one", Project(project))
    assert path == project / "notebooks/02-uber-strome-more.ipynb"
    assert [lesson.number for lesson in Project(project).lessons] == [1, 2]
    assert Project(project).lessons[1].title == "Über: Ströme & more"
    assert [example.name for example in Project(project).lessons[1].examples] == ["one"]


def test_the_table_of_contents_keeps_its_comments_and_parts(project):
    contents = project / "_quarto.yml"
    contents.write_text(contents.read_text() + "          # why\n      - section: Two\n        contents: []\n")
    before = contents.read_text()
    new("B", "one", Project(project))
    assert contents.read_text().replace("          - href: notebooks/02-b.ipynb\n", "") == before


def test_the_checker_asks_for_every_paragraph(project):
    path = new("B", "one", Project(project))
    asked = [complaint for complaint in check(Project(project), project / "_site") if "02-b" in complaint.where]
    written = [cell for cell in json.loads(path.read_text())["cells"] if "TO DO:" in "".join(cell["source"])]
    assert len([complaint for complaint in asked if complaint.what == "is still to be written"]) == len(written) == 7
    assert [complaint.what for complaint in asked if "task 1" in complaint.where] == [
        "has no solution",
        "has fewer than 2 wrong attempts",
    ]
    assert any("no description" in complaint.what for complaint in asked)


@pytest.mark.parametrize(
    ("title", "example", "complaint"),
    [("!", "one", "no letter or digit"), ("B", "none", r"examples/none\.py: there is no such example")],
)
def test_what_cannot_be_made_is_said_and_nothing_is_written(project, title, example, complaint):
    before = (project / "_quarto.yml").read_text()
    with pytest.raises(UserError, match=complaint):
        new(title, example, Project(project))
    assert (project / "_quarto.yml").read_text() == before
    assert len(list((project / "notebooks").iterdir())) == 1


def test_a_table_of_contents_without_a_lesson_is_said(project):
    (project / "_quarto.yml").write_text("website:\n  sidebar:\n    contents: []\n")
    with pytest.raises(UserError, match="names no lesson yet"):
        new("B", "one", Project(project))


def test_slugs():
    assert slug("  The 7th: Events, that start requests!") == "the-7th-events-that-start-requests"
