"""A new lesson: example, test and notebook, which work from the first moment on, entered in the table of contents.

What is still to be written is marked; the checker complains of every mark that is left.
"""

import keyword
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from streamside.catalogue import TABLE_OF_CONTENTS, Lesson, Part, Project
from streamside.definitions import definitions
from streamside.errors import UserError
from streamside.site import atomic_files
from streamside.site.example_rules import TO_DO
from streamside.site.run_lessons import as_file

STARTERS = Path(__file__).with_name("starters")
STARTS = {"htmx": "FastHTML with htmx", "page": "FastHTML with a script of its own", "asgi": "plain ASGI"}


def new(
    title: str,
    project: Project,
    *,
    example: str = "",
    start: str = "htmx",
    part: str = "",
    run: Callable[[Lesson], None] = lambda _: None,
) -> list[Path]:
    """Make a lesson and return its files; `run` stores its outputs before `_quarto.yml` names it, last of all.

    Its example is the one of that name, or one that is made anew, with a test, from one of the `STARTS`. Without a part
    it follows the last numbered lesson. What fails leaves nothing behind; raises `UserError` for what cannot be made.
    """
    part_of_it = _part(part, project)
    number = 1 + max((lesson.number or 0 for lesson in project.lessons), default=0)
    lesson = Lesson(project.root, f"notebooks/{number:02}-{_unused_slug(title, project)}.ipynb")
    contents = _with_entry(lesson.path, part_of_it, project.root / TABLE_OF_CONTENTS)
    files = _files(title, lesson, _example_name(example or slug(title).replace("-", "_")), start, project)
    with _all_or_nothing(list(files)):
        for path, content in files.items():
            atomic_files.write(path, content)
        run(lesson)
        atomic_files.write(project.root / TABLE_OF_CONTENTS, contents.encode())
    return list(files)


def slug(title: str) -> str:
    """A title as part of a file name: ASCII, lower case, words with hyphens between them. Raises `UserError`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    if not words or not title.isprintable():
        raise UserError(f"the title {title!r}", "is no line with a letter or a digit in it", "give it another")
    return "-".join(words)


def _unused_slug(title: str, project: Project) -> str:
    """The title's slug, unless a lesson has one like it: nobody could tell the two addresses apart."""
    for lesson in project.lessons:
        if slug(title) in (slug(lesson.title), re.sub(r"^\d+-", "", lesson.file.stem)):
            raise UserError(lesson.path, "there is such a lesson already", "give the new one another title")
    return slug(title)


def _example_name(name: str) -> str:
    """The name, if a module can have it."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        remedy = "give it one of lower-case letters, digits and underscores, such as EXAMPLE=named_events"
        raise UserError(f"the example {name!r}", "is no name for a module", remedy)
    return name


def _part(title: str, project: Project) -> Part:
    """The part of that title; without one, that of the last numbered lesson."""
    with_lessons = [part for part in project.parts if part.lessons]
    if not with_lessons:
        raise UserError(TABLE_OF_CONTENTS, "names no lesson yet", "enter the first by hand, as `- href: notebooks/…`")
    if title:
        found = [part for part in with_lessons if part.title == title]
        if not found:
            names = ", ".join(part.title for part in with_lessons)
            raise UserError(TABLE_OF_CONTENTS, f"has no part {title!r} with a lesson in it", f"it has {names}")
        return found[0]
    return max(with_lessons, key=lambda part: max(lesson.number or 0 for lesson in part.lessons))


def _with_entry(path: str, part: Part, contents: Path) -> str:
    """The table of contents with the lesson below the part's last; its comments and its layout stay."""
    text = contents.read_text(encoding="utf-8")
    last = part.lessons[-1].path
    found = re.search(rf"^( *)- (?:href: )?[\"']?{re.escape(last)}[\"']? *(?:#.*)?$", text, re.MULTILINE)
    if not found:
        raise UserError(TABLE_OF_CONTENTS, f"has {last} not on a line of its own", f"write `- href: {last}`")
    return f"{text[: found.end()]}\n{found[1]}- href: {path}{text[found.end() :]}"


def _files(title: str, lesson: Lesson, example: str, start: str, project: Project) -> dict[Path, bytes]:
    """What is to be written, and where."""
    if start not in STARTS:
        raise UserError(f"the start {start!r}", "is none", f"take {', '.join(STARTS)}")
    known = {each.name: each for each in project.examples}
    if example in known:
        return {lesson.file: as_file(_notebook(title, example, known[example].text, "lesson_on_another.txt"))}
    program = _starter(f"{start}.py.txt")
    files = {
        project.root / f"examples/{example}.py": program.encode(),
        project.root / f"tests/examples/test_{example}.py": _starter("test.py.txt")
        .replace("EXAMPLE", example)
        .encode(),
        lesson.file: as_file(_notebook(title, example, program, "lesson.txt")),
    }
    for path in files:
        if path.exists():
            raise UserError(path.relative_to(project.root).as_posix(), "is there already", "name the example otherwise")
    return files


def _starter(name: str) -> str:
    return (STARTERS / name).read_text(encoding="utf-8")


@contextmanager
def _all_or_nothing(paths: list[Path]) -> Iterator[None]:
    """Take the files away again, and the folders made for them, if something fails, be it Ctrl-C."""
    missing = {folder for path in paths for folder in path.parents if not folder.exists()}
    try:
        yield
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        for folder in sorted(missing, reverse=True):
            if folder.exists():
                folder.rmdir()
        raise


def _notebook(title: str, example: str, program: str, shape: str) -> dict[str, Any]:
    front_matter: Mapping[str, Any] = {
        "title": title,
        "description": f"{TO_DO} the lesson in one sentence.",
        "date": date.today(),
        "categories": [],
        "examples": [example],
    }
    head = f"---\n{yaml.safe_dump(front_matter, sort_keys=False, allow_unicode=True)}---"
    names = ", ".join(f'"{name}"' for name in definitions(program) if name != "__main__")
    texts = _starter(shape).replace("EXAMPLE", example).replace("DEFINITIONS", names).split("===\n")
    cells: list[dict[str, Any]] = [{"cell_type": "raw", "id": "front-matter", "metadata": {}, "source": head}]
    for number, text in enumerate(texts, 2):
        is_code = text.startswith(("from ", "source", "listen", "#|"))
        cell: dict[str, Any] = {"cell_type": "code" if is_code else "markdown", "id": f"cell-{number}", "metadata": {}}
        cells.append({**cell, "source": text.strip(), **({"execution_count": None, "outputs": []} if is_code else {})})
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
