"""What is out of date: lessons whose outputs, and pages that, come from other sources than there are now.

A notebook holds the digest of what its outputs come from, a page the digest of what it was made from.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamside.catalogue import Lesson, Project, cell_text, files_below
from streamside.digest import SHORT, content, digest
from streamside.paths import ROOT
from streamside.site import cards, versions

# Of the package, what a lesson's outputs can depend on.
MODULES = (
    *("errors", "paths", "time_limits", "wire", "transcript", "recording", "server", "assets"),
    *("definitions", "sightings", "exercises", "catalogue", "client", "exercise_trial", "lab", "process"),
    *("fresh_examples", "cable", "wire_proxy", "example_process", "example_script", "notebook_frames"),
    *("crowd", "supervised"),
)
IMPORTED = re.compile(r"^from streamside\.(\w+) import", re.MULTILINE)  # others beside, which few lessons need
FOLDERS = {"cases/": "cases", "tests.streams": "tests/streams", "examples/proxies/": "examples/proxies"}
PAGE_MODULES = ("addresses.py", "notebook_cells.py", "markdown.py", "notebook_page.py")
LOCKS = ("requirements.lock", "package-lock.json")
INPUTS = re.compile(rb'<meta name="streamside-inputs" content="(\w+)">')


def outputs_digest(lesson: Lesson) -> str:
    """The digest of all that the lesson's outputs depend on: its code, its examples, the package, the locks.

    Prose is not among it, unless the code names the lesson's own file: a changed sentence changes no output. Nor are
    folders such as that of the cases for other readers, unless the code names them.
    """
    root = lesson.root
    files = [root / "examples/__init__.py", *(file for example in lesson.examples for file in example.files)]
    code = "".join(text for _, text in lesson.code)
    modules = dict.fromkeys((*MODULES, *IMPORTED.findall(code)))
    files += [root / "streamside" / f"{module}.py" for module in modules]
    files += [root / lock for lock in LOCKS]
    for name, folder in FOLDERS.items():
        if name in code:
            files += files_below(root / folder)
    parts: list[object] = [text for _, text in lesson.code]
    if any(lesson.path in text for _, text in lesson.code):
        parts += [cell_text(cell) for cell in lesson.notebook["cells"]]
    if any("contents(" in text for _, text in lesson.code):
        project = Project(root)
        parts += [[part.title, part.planned] for part in project.parts]
        parts += [[other.path, other.title, other.description] for other in project.lessons]
    parts += [[file.relative_to(root).as_posix(), digest(content(file))] for file in files if file.exists()]
    return digest(json.dumps(parts).encode())


def output_digests(notebook: Mapping[str, Any]) -> dict[str, str]:
    """The digests of a notebook's outputs, by the id of their cells: whoever changes one by hand is found out."""
    return {
        cell["id"]: digest(json.dumps(_joined(cell["outputs"]), sort_keys=True).encode())[:SHORT]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and cell.get("outputs")
    }


def _joined(value: Any) -> Any:
    """What JSON holds as a text or as its lines, as a text."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "".join(value)
    if isinstance(value, list):
        return [_joined(each) for each in value]
    return {name: _joined(each) for name, each in value.items()} if isinstance(value, dict) else value


def edited_outputs(lesson: Lesson) -> list[int]:
    """The numbers of the cells whose outputs are not those of the last run."""
    stored = lesson.notebook["metadata"].get("streamside", {}).get("outputs")
    if stored is None:
        return []
    now = output_digests(lesson.notebook)
    cells = enumerate(lesson.notebook["cells"], 1)
    return [number for number, cell in cells if now.get(cell.get("id")) != stored.get(cell.get("id"))]


def is_current(lesson: Lesson) -> bool:
    """Whether the stored outputs are those of a run of what the inputs are now; true where there is no code to run."""
    stored = lesson.notebook["metadata"].get("streamside", {}).get("digest")
    return bool(stored == outputs_digest(lesson) and not edited_outputs(lesson)) or not any(lesson.code)


def page_digests(project: Project, addresses: Mapping[str, str]) -> dict[str, str]:
    """For each page by its address: the digest of what it is to be made from.

    `addresses` says where in the site the files are to which a lesson may lead.
    """
    common = digest(
        *map(content, files_below(project.root / "blog/template")),
        *(content(Path(__file__).with_name(name)) for name in PAGE_MODULES),
        content(ROOT / "requirements.lock"),
        _table_of_contents(project).encode(),
        repr(sorted(addresses.items())).encode(),
    ).encode()
    lock = versions.locked(project.root)
    stylesheet = content(project.root / "blog/theme/streamside.css")  # which the page for what is not there has in it
    digests = {"404.html": digest(common, stylesheet)}
    for page in project.documents:
        beside = (versions.taught(page, lock), cards.picture(project, page))
        digests[page.href] = digest(common, content(page.file), repr(beside).encode())
    return digests


def _table_of_contents(project: Project) -> str:
    """What every page says of the others."""
    parts = [
        (part.title, [(lesson.path, lesson.title) for lesson in part.lessons], part.planned) for part in project.parts
    ]
    site = (project.title, project.description, project.site_url)
    return repr((*site, parts, [(page.path, page.title) for page in project.pages]))


def made_from(page: Path) -> str | None:
    """The digest that a page holds; None where there is no page, or one that something else made."""
    try:
        with page.open("rb") as file:
            found = INPUTS.search(file.read(4096))
    except OSError:
        return None
    return found[1].decode() if found else None
