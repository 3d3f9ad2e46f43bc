"""One page of the site: a lesson's notebook, as it is stored, through nbconvert and the template in `blog/template`.

Imports nbconvert, which takes a second: `render_site` imports this module only when there is a page to make.
"""

import datetime
import posixpath
import re
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters.templateexporter import TemplateExporter

from streamside.catalogue import Lesson, Project, cell_text
from streamside.errors import UserError
from streamside.site import cards, lesson_markdown, versions
from streamside.site.addresses import published, relinked
from streamside.site.markdown import Prose, listing, scrollable
from streamside.site.notebook_cells import joined, options

ANSI = re.compile(r"\x1b\[[0-9;]*m")
# What a page shows of an output that comes in several forms: the first of these that it has.
FORMS = ("text/html", "text/markdown", "image/svg+xml", "text/plain")


class Pages:
    """Makes pages of one project. `addresses` are the files that the site has, by their path in the project."""

    def __init__(self, project: Project, addresses: Mapping[str, str]) -> None:
        self._project = project
        self._addresses = addresses
        self._lock = versions.locked(project.root)
        self._prose = Prose(str)  # of the page that is being made
        template = project.root / "blog/template"
        self._exporter = TemplateExporter(  # type: ignore[no-untyped-call]
            template_name=template.name,
            extra_template_basedirs=[str(template.parent)],
            file_extension=".html",
            filters={"shown": self._shown, "day": _day},
        )

    def lesson(self, lesson: Lesson, inputs: str) -> str:
        """The page of a lesson, of the home page or of about; `inputs` is kept in it as the digest of its sources.

        Raises `UserError` for what a page cannot show.
        """
        self._prose = Prose(lambda url: relinked(url, lesson, self._addresses))
        cells = lesson.notebook["cells"][1:]  # the first is the front matter
        previous, following = _neighbours(self._project.lessons, lesson)
        try:
            return self._page(
                lesson.href,
                inputs,
                cells,
                page=lesson,
                address=published(self._project, lesson.href) if self._project.site_url else "",
                picture=cards.picture(self._project, lesson),
                markdown=lesson_markdown.place(lesson),
                part=next((part for part in self._project.parts if lesson in part.lessons), None),
                headings=self._prose.headings,
                sources=self._sources(lesson),
                versions=", ".join(versions.taught(lesson, self._lock)),
                previous=previous,
                next=following,
            )
        except ValueError as error:
            raise UserError(lesson.path, str(error)) from error

    def missing(self, inputs: str, stylesheet: str) -> str:
        """The page that a host shows for an address that does not exist; it has the stylesheet in it."""
        return self._page("404.html", inputs, [], page=None, stylesheet=stylesheet)

    def _page(self, href: str, inputs: str, cells: list[Any], **values: Any) -> str:
        here = posixpath.dirname(href) or "."
        shared = {"site": self._project, "href": lambda target: posixpath.relpath(target, here), "inputs": inputs}
        numbered = [
            {"id": f"cell-{number}", **cell} for number, cell in enumerate(cells)
        ]  # older notebooks have no ids
        notebook = nbformat.from_dict({"cells": numbered, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
        text, _ = self._exporter.from_notebook_node(notebook, resources={"streamside": _Shared(shared | values)})
        return str(text)

    def _shown(self, cells: Iterable[Mapping[str, Any]]) -> list[str]:
        """The template's filter: the HTML of each cell that has something to show."""
        return [shown for cell in _example_first(list(cells)) if (shown := _cell(cell, self._prose))]

    def _sources(self, lesson: Lesson) -> list[tuple[str, str]]:
        """What the page was made from: name and address of the notebook and of each example that it uses."""
        if lesson.file.suffix != ".ipynb":
            return []
        paths = [Path(lesson.path), *(example.path.relative_to(lesson.root) for example in lesson.examples)]
        addresses = {**self._addresses, lesson.path: lesson.path}  # here the notebook itself, not the page
        return [(path.name, addresses[path.as_posix()]) for path in paths if path.as_posix() in addresses]


class _Shared(dict[str, Any]):
    """What the template is given. nbconvert copies its resources deeply: these are to stay the ones that they are."""

    def __deepcopy__(self, memo: object) -> "_Shared":
        return self


def _day(date: str) -> str:
    """The template's filter: a date as it is said. Raises `ValueError` for what is not YYYY-MM-DD."""
    day = datetime.date.fromisoformat(date)
    return f"{day.day} {day:%B %Y}"


def _neighbours(lessons: Iterable[Lesson], lesson: Lesson) -> tuple[Lesson | None, Lesson | None]:
    ordered = list(lessons)
    if lesson not in ordered:
        return None, None
    index = ordered.index(lesson)
    return (ordered[index - 1] if index else None), (ordered[index + 1] if index + 1 < len(ordered) else None)


def _example_first(cells: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The first live example right below the first text, in sight when the page opens; its code follows."""
    text = next((number for number, cell in enumerate(cells) if cell["cell_type"] == "markdown"), len(cells))
    live = next((number for number, cell in enumerate(cells) if "<live-example" in str(cell.get("outputs"))), 0)
    if live <= text:
        return cells
    example, code = {**cells[live], "source": ""}, {**cells[live], "outputs": []}
    return [*cells[: text + 1], example, *cells[text + 1 : live], code, *cells[live + 1 :]]


def _cell(cell: Mapping[str, Any], prose: Prose) -> str:
    """The HTML of a cell; empty for one that has nothing to show."""
    text = cell_text(cell)
    if cell["cell_type"] == "markdown":
        return f'<div class="cell">\n{prose.html(text)}</div>' if text.strip() else ""
    if cell["cell_type"] != "code":
        return ""
    said, code = options(text)
    echo = said.get("echo", "true") != "false" and code.strip()
    shown = [f'<div class="input">\n{listing(code, "ipython")}</div>' if echo else ""]
    shown += [_output(output, prose) for output in cell.get("outputs", [])]
    return "\n".join(['<div class="cell">', *filter(None, shown), "</div>"]) if any(shown) else ""


def _output(output: Mapping[str, Any], prose: Prose) -> str:
    """The HTML of one stored output."""
    match output["output_type"]:
        case "stream":
            return _printed(joined(output["text"]), "failure" if output["name"] == "stderr" else "printed")
        case "error":
            return _printed(ANSI.sub("", "\n".join(output["traceback"])), "failure")
    data = output["data"]
    form = next((form for form in FORMS if form in data), None)
    if form is None:
        raise ValueError(f"an output has none of the forms that a page can show ({', '.join(FORMS)})")
    text = joined(data[form])
    if form == "text/plain":
        return _printed(text, "printed")
    if form == "text/markdown":
        return f'<div class="result">\n{prose.html(text)}</div>'
    return f'<div class="result">\n{_rendered(text, prose)}\n</div>'


def _rendered(html: str, prose: Prose) -> str:
    """HTML that a lesson's code made. A live example stands as it is: its recording is data, not links of this page."""
    if "<live-example" in html:
        return html
    html = html.replace("<pre>", '<pre tabindex="0">')  # a task's code, which may be wider than the page
    return scrollable(prose.relinked(html)) if html.lstrip().startswith("<table") else prose.relinked(html)


def _printed(text: str, kind: str) -> str:
    text = escape(ANSI.sub("", text).rstrip("\n"), quote=False)
    return f'<div class="output"><pre class="{kind}" tabindex="0">{text}</pre></div>' if text else ""
