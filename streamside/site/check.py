"""Says what is wrong with the lessons and their pages: where it is, and what to do about it."""

import ast
import json
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from streamside import setup
from streamside.catalogue import Example, Lesson, Project, cell_text, parsed
from streamside.errors import Complaint, UserError
from streamside.exercise_trial import faults
from streamside.paths import COMMAND, ROOT
from streamside.site import run_lessons
from streamside.site.example_rules import TO_DO
from streamside.site.outdated import edited_outputs, is_current

ADDRESS = re.compile(  # but for the ports that configurations name
    r"(?:https?://|\b)(?:127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1\]):(?!800\d\b)\d+|(?:file://)?/(?:home|Users|root|tmp)/\w[^\s\"'<]*"
)
WRONG_ATTEMPTS = 2  # of each task, which a test makes
PAGE_BYTES = 150_000  # of a page, uncompressed, with all that it fetches before anybody presses anything
IMPORT = re.compile(r'\b(?:from|import) *"(\.[^"]+)"')
IMAGE = re.compile(r"!\[\s*\]\([^)]*\)|<img\b(?![^>]*\balt=)[^>]*>")


@dataclass(frozen=True)
class Scope:
    """What of a tutorial is looked at."""

    lessons: tuple[Lesson, ...]
    examples: tuple[Example, ...]


def scope(project: Project, file: Path | None = None) -> Scope:
    """All; or a lesson with its examples; or an example with the lessons that import it. Raises `UserError`."""
    if file is None:
        return Scope(project.documents, project.examples)
    for lesson in project.documents:
        if file.resolve() == lesson.file.resolve():
            return Scope((lesson,), () if unreadable(lesson) else lesson.examples)
    for example in project.examples:
        if file.resolve() in (example.path.resolve(), *(each.resolve() for each in example.files)):
            users = [lesson for lesson in project.documents if not unreadable(lesson) and example in lesson.examples]
            return Scope(tuple(users), (example,))
    raise UserError(str(file), "is no lesson of _quarto.yml and no example", "name a notebook, or a file in examples/")


def check(project: Project, pages: Path, within: Scope | None = None) -> list[Complaint]:
    """All complaints about the tutorial, or a part, whose pages have been rendered into the folder `pages`."""
    within = within or scope(project)
    unread = {lesson: complaint for lesson in project.documents if (complaint := unreadable(lesson))}
    complaints = [*(unlisted(project) if within.lessons == project.documents else ())]
    complaints += [complaint for lesson, complaint in unread.items() if lesson in within.lessons]
    sound = [lesson for lesson in project.documents if lesson not in unread]
    looked_at = [lesson for lesson in sound if lesson in within.lessons]
    for test in (front_matter, unfinished, headings, outdated, addresses, pictures, unrecorded, faulty_tasks):
        complaints += [complaint for lesson in looked_at for complaint in test(lesson)]
    complaints += unshown(sound, within.examples)
    complaints += dead_links(looked_at, pages)
    complaints += heavy(looked_at, pages)
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
        yield Complaint(
            f"{lesson.path}, cell 1",
            "`examples` is not what the code imports",
            f"make it [{names}]",
            lambda: _write_examples(lesson, names),
        )


def _write_examples(lesson: Lesson, names: str) -> None:
    """Put the names of the examples into the front matter."""
    first = lesson.notebook["cells"][0]
    text = re.sub(r"^examples:.*\n(?:[ -].*\n)*", "", cell_text(first), flags=re.MULTILINE).rstrip()
    first["source"] = f"{text.removesuffix('---')}examples: [{names}]\n---"
    run_lessons.store(lesson.file, lesson.notebook)


def unfinished(lesson: Lesson) -> Iterator[Complaint]:
    """What `streamside new` has left for the author to write."""
    for number, cell in enumerate(lesson.notebook["cells"], 1):
        if TO_DO in cell_text(cell):
            yield Complaint(f"{lesson.path}, cell {number}", "is still to be written", "write what it asks for")


FENCED = re.compile(r"^ *(`{3,}|~{3,}).*?^ *\1`*~* *$", re.DOTALL | re.MULTILINE)


def headings(lesson: Lesson) -> Iterator[Complaint]:
    """Headings of the first rank: the page has one, its title."""
    for number, cell in enumerate(lesson.notebook["cells"], 1):
        if cell["cell_type"] == "markdown" and (found := re.search(r"^# .*", FENCED.sub("", cell_text(cell)), re.M)):
            where = f"{lesson.path}, cell {number}"
            yield Complaint(
                where, f"{found[0]!r} would be the page's second h1", "begin with `##`: the title is the first"
            )


def outdated(lesson: Lesson) -> Iterator[Complaint]:
    """Outputs of other cells, another example or another package than there is now; or that somebody has changed."""

    def run() -> None:
        run_lessons.run([lesson], lambda _: None)

    edited = edited_outputs(lesson)
    if not edited and not is_current(lesson):
        what, remedy = "the stored outputs are out of date", f"`{COMMAND} run {lesson.path}`"
        yield Complaint(lesson.path, what, remedy, run)
    for number in edited:
        what, remedy = "its output is not the one of the last run", f"`{COMMAND} run --all {lesson.path}`"
        yield Complaint(f"{lesson.path}, cell {number}", what, remedy, run)


def addresses(lesson: Lesson) -> Iterator[Complaint]:
    """Outputs that tell an address or a folder of the machine that ran the lesson."""
    for number, cell in enumerate(lesson.notebook["cells"], 1):
        if found := ADDRESS.search(json.dumps(cell.get("outputs", []), ensure_ascii=False)):
            where = f"{lesson.path}, cell {number}"
            remedy = f"change what prints it; then `{COMMAND} run {lesson.path}`"
            yield Complaint(where, f"the output names {found[0]} of this machine", remedy)


def pictures(lesson: Lesson) -> Iterator[Complaint]:
    """Pictures that say nothing to a reader who does not see them, or that were pasted into the notebook."""
    for number, cell in enumerate(lesson.notebook["cells"], 1):
        where = f"{lesson.path}, cell {number}"
        if pasted := ", ".join(cell.get("attachments", {})):
            remedy = f"save it beside the notebook, and write `![what it shows]({next(iter(cell['attachments']))})`"
            yield Complaint(where, f"{pasted} was pasted into the notebook, and no page has it", remedy)
        texts = [cell_text(cell)] if cell["cell_type"] == "markdown" else _output_texts(cell.get("outputs", []))
        for found in (match[0] for text in texts for match in IMAGE.finditer(text)):
            yield Complaint(where, f"{found} has no alternative text", "say what it shows")


LIVE = re.compile(r'<live-example ([^>]*)>.*?<script type="application/json">(.*?)</script>', re.DOTALL)


def unrecorded(lesson: Lesson) -> Iterator[Complaint]:
    """Live examples whose page opens an event source in a script, of which their recording has nothing."""
    for number, cell in enumerate(lesson.notebook["cells"], 1):
        for text in _output_texts(cell.get("outputs", [])):
            for attributes, recorded in LIVE.findall(text):
                exchanges = json.loads(recorded)["exchanges"]
                page = "".join(text for _, text in exchanges[0]["chunks"]) if exchanges else ""
                opened = re.search(r"new EventSource\(\s*[\"'`]([^\"'`?]+)", page)
                if opened and not any(_is_stream(exchange) for exchange in exchanges):
                    name = next(iter(re.findall(r'example="(\w+)"', attributes)), "it")
                    what = f"the recording of {name} has no stream: its page opens one in a script"
                    yield Complaint(
                        f"{lesson.path}, cell {number}", what, f'write `live({name}, then=["{opened[1]}"])`'
                    )


def _is_stream(exchange: Mapping[str, Any]) -> bool:
    return any(name == "content-type" and value.startswith("text/event-stream") for name, value in exchange["headers"])


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
            yield Complaint(lesson.path, "has not been rendered", f"`{COMMAND} build`")
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
    """The cell in which the link stands, as the page has it or as the notebook does; the page's frame is in no cell."""
    source = re.sub(r"\.html(?=#|$)", ".ipynb", link)
    end = Path(urlsplit(link).path).name or f"#{urlsplit(link).fragment}"
    for text in (link, source, source.replace(".ipynb", ".md"), end):
        for number, cell in enumerate(lesson.notebook["cells"], 1):
            if cell["cell_type"] != "raw" and text in cell_text(cell) + json.dumps(cell.get("outputs", [])):
                return f"{lesson.path}, cell {number}"
    return lesson.path


def heavy(lessons: Iterable[Lesson], pages: Path) -> Iterator[Complaint]:
    """Pages that take too long to arrive."""
    for lesson in lessons:
        page = pages / lesson.href
        if page.is_file() and (size := weight(page)) > PAGE_BYTES:
            what = f"its page is {size:,} bytes with all that it fetches at once; the limit is {PAGE_BYTES:,}"
            yield Complaint(
                lesson.path, what, "shorten a recording (`seconds=`), a listing or a table, or make two lessons"
            )


def weight(page: Path) -> int:
    """The bytes of a page with all that it fetches before anybody presses anything."""
    text = page.read_text(encoding="utf-8")
    files, waiting = {page.resolve()}, [page.parent / unquote(link) for link in _Page(text).fetched]
    if "<live-exercise" in text:  # which `live-example.js` looks for
        waiting += [path.with_name("exercise.js") for path in waiting if path.name == "live-example.js"]
    while waiting:
        path = waiting.pop().resolve()
        if path not in files and path.is_file():
            files.add(path)
            if path.suffix == ".js":
                waiting += [path.parent / name for name in IMPORT.findall(path.read_text(encoding="utf-8"))]
    return sum(path.stat().st_size for path in files)


def invalid_html(lessons: Iterable[Lesson], pages: Path) -> Iterator[Complaint]:
    """What html-validate finds wrong with the lessons' pages, by its strict recommended rules."""
    by_page = {str((pages / lesson.href).resolve()): lesson for lesson in lessons if (pages / lesson.href).is_file()}
    if not by_page:
        return
    tool = ROOT / "node_modules/html-validate/bin/html-validate.mjs"
    command = [setup.node(), tool, "--config", ROOT / ".htmlvalidate.json", "--formatter", "json", *by_page]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, encoding="utf-8")
    if done.returncode not in (0, 1):
        raise UserError("html-validate", f"failed:\n{done.stderr.strip()}")
    for result in json.loads(done.stdout or "[]"):
        lesson = by_page[str(Path(result["filePath"]).resolve())]
        for message in result["messages"]:
            what = f"line {message['line']} of its page is not valid HTML ({message['message']})"
            yield Complaint(lesson.path, what, "change the Markdown, or the HTML, that becomes it")


class _Page(HTMLParser):
    """The links and the anchors of a page, and what it fetches."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids.update(filter(None, [found.get("id"), found.get("name") if tag == "a" else None]))
        for link in filter(None, [found.get("href"), found.get("src")]):
            self.links.append(link)
            if tag in ("img", "script") or found.get("rel") in ("icon", "stylesheet"):
                self.fetched.append(link)
