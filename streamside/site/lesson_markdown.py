"""A lesson as plain Markdown, for whoever reads it without a browser: text, listings and what came of running it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from streamside.catalogue import Lesson, Project, cell_text
from streamside.site.addresses import relinked
from streamside.site.notebook_cells import joined, options

LINK = re.compile(r"(\]\()([^)\s]+)(\))")
TERMINAL = re.compile(r"\x1b\[[0-9;]*m")


def texts(project: Project, addresses: Mapping[str, str]) -> dict[str, bytes]:
    """The Markdown of each page that is made from a notebook or from Markdown, by where it is in the site."""
    theirs = {document.path: place(document) for document in project.documents}
    return {place(document): markdown(document, {**addresses, **theirs}).encode() for document in project.documents}


def place(lesson: Lesson) -> str:
    """Where a page's Markdown is: beside it."""
    return lesson.href.removesuffix(".html") + ".md"


def markdown(lesson: Lesson, addresses: Mapping[str, str]) -> str:
    """The Markdown of a lesson. `addresses` says where the project's files are to which it leads."""
    cells = lesson.notebook["cells"][1:]  # the first is the front matter
    head = [f"# {lesson.title}", f"> {lesson.description}" if lesson.description else ""]
    body = [piece.strip("\n") for cell in cells for piece in _pieces(cell)]
    text = "\n\n".join(filter(None, [*head, *body])) + "\n"
    return LINK.sub(lambda link: link[1] + relinked(link[2], lesson, addresses) + link[3], text)


def _pieces(cell: Mapping[str, Any]) -> Iterator[str]:
    text = cell_text(cell)
    if cell["cell_type"] == "markdown":
        yield text
    elif cell["cell_type"] == "code":
        said, code = options(text)
        if said.get("echo") != "false" and code.strip():
            yield _fenced(code, "python")
        for output in cell.get("outputs", []):
            yield _output(output)


def _output(output: Mapping[str, Any]) -> str:
    match output["output_type"]:
        case "stream":
            return _fenced(joined(output["text"]), "text")
        case "error":
            return _fenced(TERMINAL.sub("", "\n".join(output["traceback"])), "text")
    data = {form: joined(text) for form, text in output["data"].items()}
    if "text/markdown" in data:
        return data["text/markdown"]
    if "<live-exercise" in data.get("text/html", ""):
        return data.get("text/plain", "")  # a task in words
    return _fenced(data["text/plain"], "text") if "text/plain" in data else ""


def _fenced(text: str, language: str) -> str:
    """A block of code, in a fence that is longer than any in it."""
    fence = max(["```", *(f"{run}`" for run in re.findall("`{3,}", text))], key=len)
    return f"{fence}{language}\n{text.strip(chr(10))}\n{fence}" if text.strip() else ""
