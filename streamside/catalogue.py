"""A project's lessons and examples, as `_quarto.yml`, the notebooks' front matter and their imports tell.

Reads JSON and YAML only, so that finding out that nothing has changed costs next to nothing.
"""

import ast
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from streamside import exercises
from streamside.errors import UserError
from streamside.exercises import Exercise
from streamside.paths import ROOT

TABLE_OF_CONTENTS = "_quarto.yml"
FRONT_MATTER = re.compile(r"\A---\n(.*?)^---\s*$", re.DOTALL | re.MULTILINE)
SCRIPT_BLOCK = re.compile(r"^# /// script\n((?:#(?: .*)?\n)+?)# ///$", re.MULTILINE)  # PEP 723
# What systems and tools leave in folders, beside all whose names begin with a full stop: no files of ours.
LEFT_BEHIND = {"__pycache__", "Thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class Lesson:
    """One page of the tutorial: a notebook, or `about.md`."""

    root: Path
    path: str  # from the root, such as "notebooks/01-your-first-stream.ipynb"

    @property
    def file(self) -> Path:
        """Where it is."""
        return self.root / self.path

    @property
    def href(self) -> str:
        """Where its page is, from the site's root."""
        return str(Path(self.path).with_suffix(".html").as_posix())

    @property
    def number(self) -> int | None:
        """The lesson's number, if its name begins with one."""
        digits = re.match(r"\d+", Path(self.path).stem)
        return int(digits[0]) if digits else None

    @cached_property
    def notebook(self) -> dict[str, Any]:
        """The notebook as JSON; `about.md` as a notebook of one cell. Raises `UserError`."""
        try:
            text = self.file.read_text(encoding="utf-8")
        except OSError as error:
            remedy = "`_quarto.yml` names it: write it, or take it out there"
            raise UserError(self.path, f"cannot be read ({error.strerror})", remedy) from None
        if self.file.suffix == ".md":
            head = FRONT_MATTER.match(text)
            cells = [_cell("raw", head[0])] if head else []
            return {"cells": [*cells, _cell("markdown", text[head.end() :] if head else text)], "metadata": {}}
        try:
            notebook: dict[str, Any] = json.loads(text)
        except json.JSONDecodeError as error:
            raise UserError(f"{self.path}, line {error.lineno}", f"not a notebook ({error.msg})") from None
        return notebook

    @property
    def code(self) -> Iterator[tuple[int, str]]:
        """Number (from 1, as the checker says them) and text of each code cell."""
        for number, cell in enumerate(self.notebook["cells"], 1):
            if cell["cell_type"] == "code":
                yield number, cell_text(cell)

    @cached_property
    def front_matter(self) -> Mapping[str, Any]:
        """What the first cell, a raw one, says between `---` lines. Raises `UserError`."""
        cells = self.notebook["cells"]
        match = FRONT_MATTER.match(cell_text(cells[0])) if cells and cells[0]["cell_type"] == "raw" else None
        if not match:
            remedy = "begin with a raw cell: ---, title: …, description: …, ---"
            raise UserError(f"{self.path}, cell 1", "no front matter", remedy)
        return _mapping(_yaml(match[1], f"{self.path}, cell 1"), f"{self.path}, cell 1")

    @property
    def title(self) -> str:
        """What the reader will be able to do."""
        return str(self.front_matter.get("title", Path(self.path).stem))

    @property
    def description(self) -> str:
        """The lesson in one sentence; empty where the author has not written it yet (the checker complains)."""
        return str(self.front_matter.get("description", ""))

    @property
    def date(self) -> str:
        """The day of publication as YYYY-MM-DD, or empty."""
        return str(self.front_matter.get("date", ""))

    @cached_property
    def examples(self) -> tuple["Example", ...]:
        """The examples that the lesson's code imports, in order. Raises `UserError`."""
        names: dict[str, None] = {}
        for number, text in self.code:
            for name in imported_examples(text, f"{self.path}, cell {number}"):
                names[name] = None
        project = Project(self.root)
        return tuple(project.example(name) for name in names)

    @cached_property
    def exercises(self) -> tuple[Exercise, ...]:
        """The tasks that the lesson's code sets with `task(…)`. Raises `UserError`."""
        cells = (_exercises(text, f"{self.path}, cell {number}") for number, text in self.code)
        return tuple(chain.from_iterable(cells))


@dataclass(frozen=True)
class Part:
    """A part of the tutorial: its lessons, and the titles of those that are still to come."""

    title: str
    lessons: tuple[Lesson, ...]
    planned: tuple[str, ...]


@dataclass(frozen=True)
class Example:
    """An example server: a file, or a folder where its framework demands one."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        """The program; of a folder, its `__init__.py`."""
        return (self.path if self.path.is_file() else self.path / "__init__.py").read_text(encoding="utf-8")

    @property
    def tree(self) -> ast.Module:
        """The program's syntax tree. Raises `UserError` where it is no Python."""
        return parsed(self.text, f"examples/{self.path.name}")

    @property
    def files(self) -> list[Path]:
        """All files that it consists of."""
        if self.path.is_file():
            return [self.path]
        return files_below(self.path)

    @property
    def is_folder(self) -> bool:
        """Whether it consists of several files."""
        return not self.path.is_file()

    @property
    def is_apart(self) -> bool:
        """Whether its packages are packed apart, for its page alone: a folder's; of a file, if it asks for that."""
        return self.is_folder or self._for_pages.get("packages") == "apart"

    @property
    def program(self) -> dict[str, dict[str, str]]:
        """What it takes to run it in a page: its files' texts, by path from the folder of all, and its environment."""
        folder = self.path.parent
        texts = {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in self.files}
        return {"files": texts, "environment": self._for_pages.get("environment", {})}

    @property
    def title(self) -> str:
        """The first line of its docstring, without the full stop."""
        docstring = ast.get_docstring(self.tree) or self.name
        return docstring.splitlines()[0].removesuffix(".")

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Its PEP 723 block (https://peps.python.org/pep-0723/); empty without one."""
        block = SCRIPT_BLOCK.search(self.text)
        return tomllib.loads(re.sub(r"^# ?", "", block[1], flags=re.MULTILINE)) if block else {}

    @property
    def obstacle(self) -> str | None:
        """Why it cannot run in the reader's page, in one sentence; None if it can."""
        reason = self._for_pages.get("page")
        return None if reason is None else str(reason)

    @property
    def has_own_server(self) -> bool:
        """Whether its `app` is not ASGI's, so that only the server at its end can run it."""
        return bool(self._for_pages.get("own-server", False))

    @property
    def _for_pages(self) -> Mapping[str, Any]:
        tools: Mapping[str, Any] = self.metadata.get("tool", {})
        return _mapping(tools.get("streamside", {}), f"examples/{self.path.name}: `[tool.streamside]`")


@dataclass(frozen=True)
class Project:
    """The tutorial in a folder: what its table of contents says, and its examples.

    Each is read once, when it is first asked for; what has changed since, a new `Project` sees. All raise `UserError`.
    """

    root: Path = ROOT

    @property
    def title(self) -> str:
        """The tutorial's."""
        return str(self._website.get("title", ""))

    @property
    def description(self) -> str:
        """The tutorial in one sentence."""
        return str(self._website.get("description", ""))

    @property
    def site_url(self) -> str:
        """Where the site is published, a slash at the end; empty where nobody has said so. Raises `UserError`."""
        url = str(self._website.get("site-url") or "")
        if url and not (urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc):
            remedy = "write the whole address, such as https://example.org/tutorial/"
            raise UserError(f"{TABLE_OF_CONTENTS}: `website: site-url:`", f"{url!r} is not an address", remedy)
        return url and f"{url.rstrip('/')}/"

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Its parts, in order."""
        sidebar = _mapping(self._website.get("sidebar"), f"{TABLE_OF_CONTENTS}: `website: sidebar:`")
        contents = sidebar.get("contents") or []
        return tuple(_part(item, self.root) for item in contents if isinstance(item, dict) and "section" in item)

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        """All lessons of all parts, in order."""
        return tuple(lesson for part in self.parts for lesson in part.lessons)

    @cached_property
    def pages(self) -> tuple[Lesson, ...]:
        """Beside the lessons: the home page, about."""
        return tuple(Lesson(self.root, name) for name in ("index.ipynb", "about.md") if (self.root / name).is_file())

    @property
    def documents(self) -> tuple[Lesson, ...]:
        """All that becomes a page: the pages beside the lessons, then the lessons."""
        return (*self.pages, *self.lessons)

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """All examples, by name."""
        folder = self.root / "examples"
        files = [path.stem for path in folder.glob("*.py") if path.name != "__init__.py"]
        folders = [path.parent.name for path in folder.glob("*/__init__.py")]
        return tuple(self.example(name) for name in sorted([*files, *folders]))

    def example(self, name: str) -> Example:
        """The example of that name. Raises `UserError` if there is none."""
        folder = self.root / "examples"
        for path in (folder / f"{name}.py", folder / name):
            if path.exists():
                return Example(name, path)
        raise UserError(f"examples/{name}.py", "there is no such example")

    @cached_property
    def _website(self) -> Mapping[str, Any]:
        try:
            text = (self.root / TABLE_OF_CONTENTS).read_text(encoding="utf-8")
        except OSError as error:
            raise UserError(TABLE_OF_CONTENTS, f"cannot be read ({error.strerror})") from None
        contents = _mapping(_yaml(text, TABLE_OF_CONTENTS), TABLE_OF_CONTENTS)
        return _mapping(contents.get("website"), f"{TABLE_OF_CONTENTS}: `website:`")


def files_below(folder: Path) -> list[Path]:
    """All files of a folder and of the folders in it, but for what systems and tools leave there."""

    def is_ours(path: Path) -> bool:
        names = path.relative_to(folder).parts
        return not any(name in LEFT_BEHIND or name.startswith(".") for name in names)

    return sorted(path for path in folder.rglob("*") if is_ours(path) and path.is_file())


def cell_text(cell: Mapping[str, Any]) -> str:
    """The source of a notebook's cell, which JSON holds as one string or as lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _part(section: Mapping[str, Any], root: Path) -> Part:
    lessons, planned = [], []
    for item in section.get("contents") or []:
        href = item if isinstance(item, str) else item.get("href")
        if href:
            lessons.append(Lesson(root, href))
        else:
            planned.append(str(item.get("text", "")))
    return Part(str(section["section"]), tuple(lessons), tuple(planned))


def parsed(code: str, where: str) -> ast.Module:
    """The syntax tree of a program. Raises `UserError` where it is no Python."""
    try:
        return ast.parse(code)
    except SyntaxError as error:
        raise UserError(f"{where}, line {error.lineno}", error.msg) from None


def imported_examples(code: str, where: str) -> Iterator[str]:
    """The names of the examples that a cell imports. Raises `UserError` where it is no Python."""
    for node in ast.walk(parsed(code, where)):
        if isinstance(node, ast.ImportFrom) and node.module == "examples":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("examples."):
            yield str(node.module).split(".")[1]


def _exercises(code: str, where: str) -> Iterator[Exercise]:
    for node in ast.walk(parsed(code, where)) if "task(" in code else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "task":
            try:
                # The lesson's own code; of examples it has their names alone, which is all that a task needs.
                call = compile(ast.Expression(node), where, "eval")
                yield eval(call, {}, _Names({**vars(exercises), "task": Exercise}))  # noqa: S307
            except Exception as error:
                raise UserError(where, f"this task cannot be read ({error})") from None


class _Names(dict[str, Any]):
    """Any other name is a text."""

    def __missing__(self, name: str) -> str:
        return name


def _yaml(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(f"{where}{line}", f"not YAML ({error.problem})") from None


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UserError(where, f"has to be a mapping (name: value), not {type(value).__name__}")
    return value


def _cell(kind: str, source: str) -> dict[str, Any]:
    return {"cell_type": kind, "source": source, "metadata": {}, "outputs": []}
