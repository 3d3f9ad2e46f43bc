"""A lesson's Markdown has what its page has, without markup of the page's."""

from pathlib import Path

from streamside.catalogue import Project
from streamside.site import lesson_markdown
from tests.small_tutorial import code, markdown, output, printed, read, render, write_lesson

TASK = output(text_html="<live-exercise>Task</live-exercise>", text_plain="Task 1: Change it.")


def test_a_page_has_its_markdown_beside_it_and_says_so(tutorial: Path):
    render(tutorial)
    text = read(tutorial, "notebooks/01-a.md")
    assert text.startswith(
        "# A\n\n> About A.\n\n## See it\n\nA sentence, and [the other](02-b.md#there), [home](../index.md)"
    )
    assert "[code](../live/examples/one.py)." in text
    assert "\n```python\nprint(1)\n```\n\n```text\n1\n```\n\n```text\ncareful\n```\n" in text
    assert "source(one)" not in text  # its cell is not echoed; what it made is there
    assert '\n```python\n@app.get("/")  # a comment\n' in text
    assert '<link rel="alternate" type="text/markdown" href="01-a.md">' in read(tutorial)
    assert read(tutorial, "about.md") == "# About\n\n> How.\n\n## Made\n\nText.\n"


def test_outputs_are_text_in_a_fence_that_holds_and_tasks_are_words(project: Path):
    error = {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["\x1b[31mE\x1b[0m: no"]}
    fenced = printed("```\ncode\n```\n")
    lesson = write_lesson(project, code("#| label: x\n1 / 0", error, fenced), code("", TASK), markdown(""))
    text = lesson_markdown.markdown(lesson, {})
    assert text.partition("\n\n```")[2] == (
        "python\n1 / 0\n```\n\n```text\nE: no\n```\n\n````text\n```\ncode\n```\n````\n\nTask 1: Change it.\n"
    )


def test_of_the_tutorial_no_markup_of_the_pages_is_left():
    project = Project()
    texts = lesson_markdown.texts(project, {})
    assert texts.keys() == {document.href.replace(".html", ".md") for document in project.documents}
    assert not [name for name, text in texts.items() if b"<live-e" in text]
