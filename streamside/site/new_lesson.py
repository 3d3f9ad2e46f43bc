"""A new lesson: a notebook with the shape of one, entered in the table of contents."""

import re
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from streamside.catalogue import Project
from streamside.errors import UserError
from streamside.site.run_lessons import store

# The questions stay until the author has answered them; the checker complains of every one that is left.
TO_DO = "TO DO:"
SHAPE = """\
# {title}

{to_do} the lesson in one or two sentences: what the reader will have seen at the end.
===
## See it

{to_do} one sentence: what to press, what to look for.
===
from examples import {example}
from streamside.lab import listen, live, source

live({example})
===
## Read it

{to_do} what this definition is for, and what a newcomer would not guess.
===
source({example}, "app")
===
## On the wire

{to_do} what the recording shows; explain every line once.
===
listen({example}, "events", events=3)
===
## Break it

{to_do} one thing that goes wrong in real life: how to provoke it here, what is then seen, the remedy.
===
## Yours

Press **Code**, make the change, press **Run edited version**, then **Check**. **Reset** brings the program back.
===
#| echo: false
from streamside.exercises import event
from streamside.lab import check, task

task(
    1,
    {example},
    "app",
    "{to_do} one small change, told so that it can be made in one way only, and what is then to be seen.",
    see=[event("{to_do} a statement, or several, of streamside.exercises")],
    hint="{to_do} where to look",
    solution={{}},  # {to_do} old text: new text
    wrong=[],  # {to_do} two plausible mistakes: ({{old text: new text}}, what Check then says)
)
===
## In short

{to_do} three to six lines.
"""


def new(title: str, example_name: str, project: Project) -> Path:
    """Write the notebook of a new lesson on an example that is there, enter it in `_quarto.yml`, return its path.

    Raises `UserError` if the title gives no file name, or if lesson or example are not as they must be.
    """
    project.example(example_name)
    number = 1 + max((lesson.number or 0 for lesson in project.lessons), default=0)
    path = project.root / "notebooks" / f"{number:02}-{slug(title)}.ipynb"
    if path.exists():
        raise UserError(f"notebooks/{path.name}", "there is such a lesson already", "give the new one another title")
    enter(f"notebooks/{path.name}", project.root / "_quarto.yml")
    path.parent.mkdir(exist_ok=True)
    store(path, {"cells": _cells(title, example_name), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    return path


def slug(title: str) -> str:
    """A title as part of a file name: ASCII, lower case, words with hyphens between them. Raises `UserError`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    if not words:
        raise UserError(f"the title {title!r}", "has no letter or digit to make a file name of")
    return "-".join(words)


def enter(href: str, contents: Path) -> None:
    """Add a lesson below the last one that `_quarto.yml` names, keeping the file's comments and layout."""
    text = contents.read_text(encoding="utf-8")
    lessons = list(re.finditer(r"^( *)- (?:href: )?notebooks/\S+\.ipynb *\n", text, re.MULTILINE))
    if not lessons:
        raise UserError("_quarto.yml", "names no lesson yet", "enter the first by hand, as `- href: notebooks/…`")
    end = lessons[-1].end()
    contents.write_text(f"{text[:end]}{lessons[-1][1]}- href: {href}\n{text[end:]}", encoding="utf-8")


def _cells(title: str, example_name: str) -> list[dict[str, Any]]:
    front_matter = {
        "title": title,
        "description": "",
        "date": date.today(),
        "categories": [],
        "examples": [example_name],
    }
    head = f"---\n{yaml.safe_dump(front_matter, sort_keys=False, allow_unicode=True)}---"
    texts = SHAPE.format(title=title, example=example_name, to_do=TO_DO).split("===\n")
    kinds = ["code" if text.startswith(("from ", "source", "listen", "#|")) else "markdown" for text in texts]
    cells: list[dict[str, Any]] = [{"cell_type": "raw", "id": "front-matter", "metadata": {}, "source": head}]
    for number, (kind, text) in enumerate(zip(kinds, texts, strict=True), 2):
        cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": text.strip()}
        cells.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    return cells
