"""Says what is wrong with the lessons and their pages: where it is, and what to do about it."""

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from streamside.catalogue import Example, Lesson, Project, cell_text, parsed
from streamside.errors import UserError, sentence
from streamside.exercise_trial import faults
from streamside.site.new_lesson import TO_DO
from streamside.site.outdated import is_current

ADDRESS = re.compile(
    r"(?:https?://|\b)(?:127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1\]):\d+|(?:file://)?/(?:home|Users|root|tmp)/\w[^\s\"'<]*"
)
WRONG_ATTEMPTS = 2  # of each task, which a test makes
IMAGE = re.compile(r"!\[\s*\]\([^)]*\)|<img\b(?![^>]*\balt=)[^>]*>")


@dataclass(frozen=True)
class Complaint:
    """Something that is wrong: where (file, cell), what, and the remedy in one line."""

    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return sentence(self.where, self.what, self.remedy)


def check(project: Project, pages: Path) -> list[Complaint]:
    """All complaints about the tutorial, whose pages have been rendered into the folder `pages`."""
    unread = {lesson: complaint for lesson in project.documents if (complaint := unreadable(lesson))}
    complaints = [*unlisted(project), *unread.values()]
    sound = [lesson for lesson in project.documents if lesson not in unread]
    for test in (front_matter, unfinished, outdated, addresses, missing_alt_texts, faulty_tasks):
        complaints += [complaint for lesson in sound for complaint in test(lesson)]
    complaints += [complaint for example in project.examples for complaint in unfinished_example(example)]
    complaints += unshown(sound, project.examples)
    complaints += dead_links(sound, pages)
    return complaints


def unlisted(project: Project) -> Iterator[Complaint]:
    """Notebooks that the table of contents does not name."""
    named = {lesson.path for lesson in project.lessons}
    for file in sorted((project.root / "notebooks").glob("*.ipynb")):
        if (path := file.relative_to(project.root).as_posix()) not in named:
            yield Complaint(path, "no part of _quarto.yml names this lesson", f"add `- href: {path}` to one")


def unreadable(lesson: Lesson) -> Complaint | None:
    """What keeps a lesson from being read: no front matter, code that is no Python, an example that is not there."""
    try:
        _ = lesson.front_matter, lesson.examples, lesson.exercises
    except UserError as error:
        return Complaint(error.where, error.what, error.remedy or f"{lesson.path} needs it: correct it")
    return None


def front_matter(lesson: Lesson) -> Iterator[Complaint]:
    """A title, a description and a date that are not there; examples that are not those that the code imports."""
    for key in ("title", "description", *(["date"] if lesson.number else [])):
        if not lesson.front_matter.get(key):
            yield Complaint(f"{lesson.path}, cell 1", f"the front matter has no {key}", f"add `{key}: …`")
    imported = {example.name for example in lesson.examples}
    if set(lesson.front_matter.get("examples") or []) != imported:
        names = ", ".join(sorted(imported))
        yield Complaint(f"{lesson.path}, cell 1", "`examples` is not what the code imports", f"make it [{names}]")


def unfinished(lesson: Lesson) -> Iterator[Complaint]:
    """What `streamside new` has left for the author to write."""
    for number, cell in enumerate(lesson.notebook["cells"], 1):
        if TO_DO in cell_text(cell):
            yield Complaint(f"{lesson.path}, cell {number}", "is still to be written", "write what it asks for")


def unfinished_example(example: Example) -> Iterator[Complaint]:
    """The same in an example."""
    for number, line in enumerate(example.text.splitlines(), 1):
        if TO_DO in line:
            yield Complaint(f"{_place(example)}, line {number}", "is still to be written", "write what it asks for")


def outdated(lesson: Lesson) -> Iterator[Complaint]:
    """Outputs that come from other cells, another example or another package than there is now."""
    if not is_current(lesson):
        yield Complaint(lesson.path, "the stored outputs are out of date", f"`streamside run {lesson.path}`")


def addresses(lesson: Lesson) -> Iterator[Complaint]:
    """Outputs that tell an address or a folder of the machine that ran the lesson."""
    for number, cell in enumerate(lesson.notebook["cells"], 1):
        if found := ADDRESS.search(json.dumps(cell.get("outputs", []), ensure_ascii=False)):
            where = f"{lesson.path}, cell {number}"
            yield Complaint(
                where, f"the output names {found[0]} of this machine", f"`streamside run --all {lesson.path}`"
            )


def missing_alt_texts(lesson: Lesson) -> Iterator[Complaint]:
    """Pictures that say nothing to a reader who does not see them."""
    for number, cell in enumerate(lesson.notebook["cells"], 1):
        texts = [cell_text(cell)] if cell["cell_type"] == "markdown" else _output_texts(cell.get("outputs", []))
        for found in (match[0] for text in texts for match in IMAGE.finditer(text)):
            yield Complaint(f"{lesson.path}, cell {number}", f"{found} has no alternative text", "say what it shows")


def faulty_tasks(lesson: Lesson) -> Iterator[Complaint]:
    """Tasks that do not fit their example, or whose two plausible wrong attempts are still to be thought of."""
    for number, task in enumerate(lesson.exercises, 1):
        where = f"{lesson.path}, task {task.number}"
        if task.number != number:
            yield Complaint(where, f"is the lesson's task {number}", "number them from 1")
        files = Project(lesson.root).example(task.example).program["files"]
        for fault in faults(task, files):
            yield Complaint(where, fault, "write it as it stands there")
        if not task.solution:
            yield Complaint(where, "has no solution", "add `solution={old text: new text}`")
        if len(task.wrong) < WRONG_ATTEMPTS:
            remedy = "add `wrong=`: plausible mistakes, each with what Check says of it"
            yield Complaint(where, f"has fewer than {WRONG_ATTEMPTS} wrong attempts", remedy)


def _output_texts(outputs: Iterable[dict[str, object]]) -> Iterator[str]:
    for output in outputs:
        data = output.get("data")
        for kind, text in (data if isinstance(data, dict) else {}).items():
            if kind in ("text/html", "text/markdown"):
                yield "".join(text)


def unshown(lessons: Iterable[Lesson], all_examples: Iterable[Example]) -> Iterator[Complaint]:
    """Definitions of examples that no lesson shows with `source()`."""
    shown = {name for lesson in lessons for name in shown_by(lesson)}
    for example in all_examples:
        for file in example.files:
            if file.suffix != ".py" or "migrations" in file.parts:
                continue
            module = _module(example, file)
            if (module, None) in shown:
                continue
            where = f"examples/{file.as_posix().split('/examples/')[-1]}"
            for node in parsed(file.read_text(encoding="utf-8"), where).body:
                name = getattr(node, "name", None) if isinstance(node, _DEFINITIONS) else None
                if name and (module, name) not in shown and not _members_shown(node, module, shown):
                    remedy = f'add `source({module.split(".")[-1]}, "{name}")` to one'
                    yield Complaint(f"{where}, line {node.lineno}", f"no lesson shows `{name}`", remedy)


def _place(example: Example) -> str:
    """Where an example's program is, from the root."""
    return f"examples/{example.name}/__init__.py" if example.is_folder else f"examples/{example.name}.py"


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _module(example: Example, file: Path) -> str:
    """`basic_stream`, or `django_yo.sse` for a file of a folder."""
    if file == example.path:
        return example.name
    inner = file.relative_to(example.path).with_suffix("").parts
    return ".".join([example.name, *(part for part in inner if part != "__init__")])


def _members_shown(node: ast.stmt, module: str, shown: set[tuple[str, str | None]]) -> bool:
    """A long class may be shown member by member; then every one of its functions has to be."""
    if not isinstance(node, ast.ClassDef):
        return False
    members = [member.name for member in node.body if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)]
    return bool(members) and all((module, f"{node.name}.{member}") in shown for member in members)


def shown_by(lesson: Lesson) -> Iterator[tuple[str, str | None]]:
    """(module, name) of each definition that a lesson shows; the name is None where it shows the whole file."""
    modules: dict[str, str] = {}
    for _, code in lesson.code:
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "examples":
                package = (node.module or "").removeprefix("examples").lstrip(".")
                for alias in node.names:
                    modules[alias.asname or alias.name] = ".".join(filter(None, [package, alias.name]))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "source":
                module, *names = [_text_of(argument) for argument in node.args]
                for name in names or [None]:
                    yield modules.get(module or "", module or ""), name


def _text_of(argument: ast.expr) -> str | None:
    match argument:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=str(text)):
            return text
        case _:
            return None


def false_claims(all_examples: Iterable[Example], reasons: Mapping[str, str | None]) -> Iterator[Complaint]:
    """Examples that run in a page and say that they cannot, or the reverse; `reasons` are those of `example_trial`."""
    for example in all_examples:
        where, reason = f"examples/{example.path.name}", reasons[example.name]
        if example.obstacle is None and reason is not None:
            remedy = 'change it, or say so: `[tool.streamside]`, `page = "why not"` in its script block'
            yield Complaint(where, f"does not run in a page ({reason})", remedy)
        if example.obstacle is not None and reason is None:
            yield Complaint(
                where, "says that it cannot run in a page, and does", "take `page = …` out of its script block"
            )


def dead_links(lessons: Iterable[Lesson], pages: Path) -> Iterator[Complaint]:
    """Links of the rendered pages to files or anchors that the site does not have."""
    read: dict[Path, _Page] = {}

    def page(path: Path) -> _Page:
        if path not in read:
            read[path] = _Page(path.read_text(encoding="utf-8"))
        return read[path]

    for lesson in lessons:
        if not (pages / lesson.href).is_file():
            yield Complaint(lesson.path, "has not been rendered", "`streamside build`")
            continue
        for link in page(pages / lesson.href).links:
            if problem := _problem(link, lesson.href, pages, page):
                yield Complaint(_where(link, lesson), f"the link {link} leads to {problem}", "correct it")


def _problem(link: str, href: str, pages: Path, page: Callable[[Path], "_Page"]) -> str | None:
    """What is wrong with a link on the page at `href`; None if it leads somewhere or leaves the site."""
    target = urlsplit(urljoin(f"http://site.invalid/{href}", link))
    if target.hostname != "site.invalid":
        return None
    path = pages / unquote(target.path).lstrip("/")
    path = path / "index.html" if path.is_dir() else path
    if not path.is_file():
        return "no file"
    if target.fragment and path.suffix == ".html" and unquote(target.fragment) not in page(path).ids:
        return f"no anchor #{target.fragment}"
    return None


def _where(link: str, lesson: Lesson) -> str:
    """The cell in which the link stands; the page's frame belongs to no cell."""
    stem = Path(urlsplit(link).path).stem or urlsplit(link).fragment
    for number, cell in enumerate(lesson.notebook["cells"], 1):
        if stem and stem in cell_text(cell) + json.dumps(cell.get("outputs", [])):
            return f"{lesson.path}, cell {number}"
    return lesson.path


class _Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids.update(filter(None, [found.get("id"), found.get("name") if tag == "a" else None]))
        for link in filter(None, [found.get("href"), found.get("src")]):
            self.links.append(link)
