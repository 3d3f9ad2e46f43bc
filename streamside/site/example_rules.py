"""What holds for every example: it says what it is and needs, it runs alone, and its page loads from here."""

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from html.parser import HTMLParser
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from streamside import assets
from streamside.catalogue import Example
from streamside.errors import Complaint, UserError
from streamside.paths import COMMAND, ROOT

TO_DO = "TO DO:"  # what a new lesson leaves for the author to write
TITLE = re.compile(r"[A-Z][^.!?]*\.")
TITLE_LENGTH = 117
PYTHON = ">=3.11"
BROUGHT = {"python-fasthtml": {"starlette", "uvicorn"}, "django": {"asgiref"}}  # packages that come with a package
GRACE_SECONDS = 5  # that streams may have at the end, at most
ANSWER_SECONDS = 60.0
ADDRESSES = {"action", "formaction", "href", "hx-delete", "hx-get", "hx-post", "hx-put", "poster", "src", "sse-connect"}


def complaints(examples: Iterable[Example]) -> Iterator[Complaint]:
    """What is wrong with the examples' files, and with what they do when they are imported and asked for their page."""
    sound = []
    for example in examples:
        said = list(in_the_files(example))
        yield from said
        if not any(map(keeps_it_from_starting, said)):
            sound.append(example)
    for example, told in zip(sound, asked(sound), strict=True):
        yield from at_work(example, told)


def keeps_it_from_starting(complaint: Complaint) -> bool:
    """Whether there is no use in looking at what is made of an example."""
    return complaint.what.startswith(("is no Python", "cannot be imported"))


def linted(examples: Iterable[Example]) -> Iterator[Complaint]:
    """What ruff says of the examples' files; it can mend most of it."""
    files = [str(file) for example in examples for file in example.files if file.suffix == ".py"]
    if not files:
        return
    ruff = [sys.executable, "-m", "ruff"]

    def fix() -> None:
        subprocess.run([*ruff, "check", "--fix", "--quiet", *files], cwd=ROOT, check=False)
        subprocess.run([*ruff, "format", "--quiet", *files], cwd=ROOT, check=True)

    checked = [*ruff, "check", "--output-format=json", *files]
    for found in json.loads(subprocess.run(checked, cwd=ROOT, capture_output=True, text=True).stdout or "[]"):
        where = f"{_below_examples(found['filename'])}, line {found['location']['row']}"
        what = f"ruff says {found['code']}: {found['message']}"
        yield Complaint(where, what, "change it", fix if found["fix"] else None)
    shaped = subprocess.run([*ruff, "format", "--check", *files], cwd=ROOT, capture_output=True, text=True)
    for name in dict.fromkeys(re.findall(r"^ *--> (.+?):\d+:\d+$", shaped.stdout, re.MULTILINE)):
        where = _below_examples(name)
        yield Complaint(where, "has not the layout that ruff gives", f"`{COMMAND} check --fix {where}`", fix)


def _below_examples(path: str) -> str:
    return f"examples/{path.replace(os.sep, '/').rpartition('examples/')[2]}"


# ---- In the files ----


def in_the_files(example: Example) -> Iterator[Complaint]:
    """What can be told without running anything."""
    trees = {}
    for file in example.files:
        if file.suffix == ".py":
            try:
                trees[file] = ast.parse(file.read_text(encoding="utf-8"))
            except SyntaxError as error:
                yield Complaint(_at(example, file, error.lineno), f"is no Python ({error.msg})", "correct it")
    main = example.path if example.path.is_file() else example.path / "__init__.py"
    if main not in trees:
        return
    yield from _unfinished(example)
    yield from _title(example, trees[main])
    yield from _script_block(example, trees)
    yield from _fasthtml(example, trees)
    yield from _versions(example)
    if not example.is_folder:
        yield from _as_a_script(example, trees[main])


def _at(example: Example, file: Path | None = None, line: int | None = None) -> str:
    """A place in an example's file, from the project's root; without a file, in its program."""
    file = file or (example.path / "__init__.py" if example.is_folder else example.path)
    path = f"examples/{file.relative_to(example.path.parent).as_posix()}"
    return path if line is None else f"{path}, line {line}"


def _line_of(example: Example, text: str) -> int:
    """The number of the first line that has this text; the first line's if none has."""
    lines = example.text.splitlines()
    return next((number for number, line in enumerate(lines, 1) if text in line), 1)


def _unfinished(example: Example) -> Iterator[Complaint]:
    for number, line in enumerate(example.text.splitlines(), 1):
        if TO_DO in line:
            yield Complaint(_at(example, line=number), "is still to be written", "write what it asks for")


def _title(example: Example, tree: ast.Module) -> Iterator[Complaint]:
    title = (ast.get_docstring(tree) or "").partition("\n")[0]
    if not title:
        yield Complaint(_at(example, line=1), "has no docstring", "begin with one: its first line is the title")
    elif not TITLE.fullmatch(title) or len(title) > TITLE_LENGTH:
        what = f"the title {title!r} is not one sentence of at most {TITLE_LENGTH} characters"
        yield Complaint(_at(example, line=1), what, "begin with a capital, end with a full stop, and have no other")


def _script_block(example: Example, trees: dict[Path, ast.Module]) -> Iterator[Complaint]:
    """PEP 723: what `uv run` makes an environment of."""
    where = _at(example, line=_line_of(example, "# /// script"))
    try:
        said = example.metadata
    except tomllib.TOMLDecodeError as error:
        yield Complaint(where, f"its script block is no TOML ({error})", "correct it")
        return
    if not said:
        remedy = (
            'add `# /// script`, `# requires-python = ">=3.11"`, `# dependencies = ["…"]`, `# ///` below the docstring'
        )
        yield Complaint(where, "has no script block", remedy)
        return
    if said.get("requires-python") != PYTHON:
        yield Complaint(where, "asks for another Python than the tutorial", f'write `requires-python = "{PYTHON}"`')
    named = set()
    for text in said.get("dependencies", []):
        try:
            requirement = Requirement(text)
            found = metadata.version(requirement.name)
        except (InvalidRequirement, metadata.PackageNotFoundError):
            yield Complaint(where, f"{text!r} is no package that is here", "correct it, or add it to pyproject.toml")
            continue
        named |= {canonicalize_name(requirement.name), *BROUGHT.get(requirement.name, ())}
        if found not in requirement.specifier:
            yield Complaint(where, f"asks for {text}, and {found} is here", "ask for what the tutorial is tested with")
    for module, place in _imported(example, trees).items():
        packages = {canonicalize_name(name) for name in _packages().get(module, ())}
        if packages and not packages & named:
            yield Complaint(
                place, f"imports {module}, which its script block does not name", f'add "{min(packages)}" to it'
            )


@cache
def _packages() -> Mapping[str, Sequence[str]]:
    """For each installed module the packages that it comes from: to read them all takes a tenth of a second or more."""
    return metadata.packages_distributions()


def _imported(example: Example, trees: dict[Path, ast.Module]) -> dict[str, str]:
    """The packages that an example imports, and where first."""
    found: dict[str, str] = {}
    for file, tree in trees.items():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module]
            for name in names:
                found.setdefault(name.split(".")[0], _at(example, file, getattr(node, "lineno", 1)))
    return {name: place for name, place in found.items() if name not in sys.stdlib_module_names}


def _fasthtml(example: Example, trees: dict[Path, ast.Module]) -> Iterator[Complaint]:
    """What FastHTML puts into every page unless it is told not to."""
    remedies = {
        "canonical": "or each page has a link with this machine's address in it",
        "default_hdrs": "or each page loads what the example does not name",
    }
    for file, tree in trees.items():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if not (isinstance(call.func, ast.Name) and call.func.id in ("FastHTML", "fast_app")):
                continue
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            for name, why in remedies.items():
                value = given.get(name)
                if not (isinstance(value, ast.Constant) and value.value is False):
                    where = _at(example, file, call.lineno)
                    yield Complaint(where, f"{call.func.id}() without {name}=False", f"write `{name}=False`, {why}")


def _versions(example: Example) -> Iterator[Complaint]:
    """Browser packages have the version in package.json; f-strings have the CDN's address elsewhere."""
    wanted = _browser_packages()
    for number, line in enumerate(example.text.splitlines(), 1):
        for package, version in re.findall(r"/((?:@[\w.-]+/)?[\w.-]+)@(\d[\w.-]*)/", line):
            if version in wanted.get(package, []):
                continue
            where = _at(example, line=number)
            if package in wanted:
                old, new = f"{package}@{version}", f"{package}@{wanted[package][0]}"
                yield Complaint(where, f"names {old}, and {new} is here", f"write {new}", _replacing(example, old, new))
            else:
                yield Complaint(
                    where, f"names {package}, which is not here", "add it to package.json, then `make lock`"
                )


def _browser_packages() -> dict[str, list[str]]:
    """The versions of each, its own first, then those that have other names in package.json (`npm:PACKAGE@VERSION`)."""
    wanted: dict[str, list[str]] = {}
    dependencies = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    for name, version in sorted(dependencies.items(), key=lambda each: each[1].startswith("npm:")):
        package, _, exact = version.removeprefix("npm:").rpartition("@")
        wanted.setdefault(package or name, []).append(exact)
    return wanted


def _replacing(example: Example, old: str, new: str) -> Callable[[], None]:
    file = example.path / "__init__.py" if example.is_folder else example.path

    def replace() -> None:
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    return replace


def _as_a_script(example: Example, tree: ast.Module) -> Iterator[Complaint]:
    """Its last lines serve `app`, to this machine alone; uvicorn gives streams some seconds to end."""
    remedy = 'end with `if __name__ == "__main__":` and `uvicorn.run(app, timeout_graceful_shutdown=1)`'
    calls = [
        node.value
        for block in tree.body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "__name__ == '__main__'"
        for node in block.body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    has_own_server = _has_own_server(example)
    served = [call for call in calls if has_own_server or ast.unparse(call.func) == "uvicorn.run"]
    if not served or [ast.unparse(argument) for argument in served[0].args] != ["app"]:
        yield Complaint(_at(example), "does not serve its `app` when it is run as a script", remedy)
        return
    where = _at(example, line=served[0].lineno)
    options = {keyword.arg: keyword.value for keyword in served[0].keywords}
    grace = options.get("timeout_graceful_shutdown")
    if not has_own_server and not (isinstance(grace, ast.Constant) and _is_between(grace.value, 0, GRACE_SECONDS)):
        yield Complaint(where, "open streams would keep it from ending on Ctrl-C", remedy)
    host = ast.unparse(options["host"]) if "host" in options else None
    if host != "'127.0.0.1'" and (host or has_own_server):  # uvicorn's is this one, others' are all
        remedy = 'write `host="127.0.0.1"`' if has_own_server else "leave `host=` out"
        yield Complaint(where, "serves other machines too", remedy)


def _has_own_server(example: Example) -> bool:
    try:
        return example.has_own_server
    except tomllib.TOMLDecodeError:
        return False  # `_script_block` complains


def _is_between(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | float) and low < value <= high


# ---- At work ----


def asked(examples: Iterable[Example]) -> list[dict[str, Any]]:
    """What each does when it is imported and asked for its page, in a Python and a folder of its own."""
    examples = list(examples)
    if not examples:
        return []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "streamside.site.example_visit"]
        paths = [str(example.path.resolve()) for example in examples]
        try:
            done = subprocess.run(
                [*command, *paths], cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=ANSWER_SECONDS
            )
        except subprocess.TimeoutExpired:
            what = f"did not answer within {ANSWER_SECONDS:.0f} s"
            raise UserError(
                ", ".join(map(_at, examples)), what, "one of them waits for something at its start"
            ) from None
    if done.returncode:
        raise UserError("a visit to the examples", f"failed:\n{done.stderr.strip()}")
    told: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return told


def at_work(example: Example, told: dict[str, Any]) -> Iterator[Complaint]:
    """What is wrong with what it did."""
    if "error" in told:
        where = _at(example, Path(told["file"]) if told["file"] else None, told["line"])
        yield Complaint(where, f"cannot be imported ({told['error']})", "correct it, or install what it needs")
        return
    for done in told["work"]:
        yield Complaint(
            _at(example), f"does something when it is imported ({done})", "do it in a function, or in a lifespan"
        )
    if told["status"] != 200:
        yield Complaint(
            _at(example), f"answers {told['status']} for its page, `/`", "let `/` be the page that a lesson shows"
        )
        return
    yield from of_its_page(example, told["page"])


def of_its_page(example: Example, text: str) -> Iterator[Complaint]:
    """Its page loads from here, says its language, and is called what its heading says."""
    page = _Page(text)
    if page.lang != "en":
        yield Complaint(
            _at(example), "its page does not say its language", 'add `htmlkw={"lang": "en"}`, or `<html lang="en">`'
        )
    if len(page.headings) != 1 or page.title.strip() != page.headings[0].strip():
        what = f"its page is titled {page.title.strip()!r} and its headings of the first rank are {page.headings}"
        yield Complaint(_at(example), what, "have one `h1`, in `main`, that says what `title` says")
    links = {match[0] for match in assets.CDN_LINK.finditer(text)}
    for link in sorted(links):
        try:
            assets.find(link)
        except (UserError, OSError):
            yield Complaint(
                _at(example, line=_line_of(example, link.rpartition("/")[2])), f"{link} is not here", "name one"
            )
    for address in page.addresses:
        parts = urlsplit(address)
        is_relative = not (parts.scheme or parts.netloc or address.startswith("/"))
        is_rooted = address.startswith("/") and not address.startswith("//")
        if address not in links and not is_relative and not (is_rooted and example.is_folder):
            where = _at(example, line=_line_of(example, address))
            yield Complaint(where, f"its page leads to {address}", "make it relative, or a file of the CDN")
    for address in re.findall(r"https?://[^\"'\s<]+", text):
        if address not in links and address not in page.addresses:
            yield Complaint(_at(example, line=_line_of(example, address)), f"its page names {address}", "leave it out")


class _Page(HTMLParser):
    """A page's language, title, headings of the first rank, and addresses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.lang, self.title = "", ""
        self.headings: list[str] = []
        self.addresses: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name.removeprefix("data-") in ADDRESSES]
        if tag == "html":
            self.lang = dict(attrs).get("lang") or ""
        if tag == "h1":
            self.headings.append("")
        self._inside = tag if tag in ("title", "h1") else self._inside

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data
        elif self._inside == "h1":
            self.headings[-1] += data
