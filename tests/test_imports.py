"""The package is a house: what README and the package say of its floors is so, and no module imports from above."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamside import site
from streamside.paths import ROOT
from streamside.site import outdated

PACKAGE = ROOT / "streamside"
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCES = [path for path in PACKAGE.rglob("*.py") if path.stem not in ("__init__", "__main__")]


def table() -> dict[str, str]:
    """README's table "Where things are": folder or file → what it says of it."""
    rows = re.findall(
        r"^\| (`[^|]+) \| (.+) \|$", README.partition("## Where things are")[2].partition("\n## ")[0], re.M
    )
    return {name: text for names, text in rows for name in re.findall(r"`([^`]+)`", names)}


def named(text: str) -> list[str]:
    return [name.rstrip("/") for name in re.findall(r"`([\w/]+)`", text)]


def chain() -> list[str]:
    """The modules from the ground floor up; each is `streamside.NAME`, of the site's `streamside.site.NAME`."""
    floors = named(table()["streamside/"])
    upstairs = [f"site.{name}" for name in named(str(site.__doc__))]
    return [module for floor in floors for module in (upstairs if floor == "site" else [floor])]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def floor_of(module: str) -> str:
    """The part of a module's name that the chain has: `site.pyodide` for `site.pyodide.runner`."""
    parts = module.split(".")
    return ".".join(parts[:2] if parts[0] == "site" else parts[:1])


def imported(path: Path) -> Iterator[str]:
    """The modules of the package that a module imports, wherever in it."""
    modules = {module_of(source) for source in SOURCES}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "streamside":
            package = str(node.module).partition(".")[2]
            inside = [f"{package}.{alias.name}".lstrip(".") for alias in node.names]
            yield from {name for name in (package, *inside) if name in modules}
        elif isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[2] for alias in node.names if alias.name.startswith("streamside."))


def test_every_module_has_its_floor_and_every_floor_is_there():
    assert {floor_of(module_of(path)) for path in SOURCES} == set(chain())


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_a_module_imports_only_from_those_before_it(path: Path):
    floors, here = chain(), module_of(path)
    same_room = [module for module in imported(path) if floor_of(module) == floor_of(here) != module]
    above = [
        module
        for module in imported(path)
        if module not in same_room and floors.index(floor_of(module)) >= floors.index(floor_of(here))
    ]
    assert above == []


def test_the_programs_for_the_other_interpreter_import_nothing_of_the_package():
    assert not [path for path in (PACKAGE / "site/pyodide/programs").glob("*.py") if any(imported(path))]


def test_what_the_table_names_is_there():
    assert [name for name in table() if not (ROOT / name).exists()] == []


def test_outputs_depend_on_all_that_a_lesson_can_import():
    """What lessons import, and what that needs: a change there makes stored outputs outdated."""
    needed, waiting = set(), ["lab", "process", "example_script", "crowd", "supervised"]
    while waiting:
        module = waiting.pop()
        if module not in needed:
            needed.add(module)
            waiting += imported(PACKAGE / f"{module}.py")
    assert needed == set(outdated.MODULES)


def works(path: Path) -> bool:
    """Whether a module does something under this interpreter, or has names alone."""
    text = path.read_text(encoding="utf-8")
    return "def " in text and path.parent.name != "programs"


@pytest.mark.parametrize("path", list(filter(works, SOURCES)), ids=module_of)
def test_the_tests_of_a_module_are_where_it_is(path: Path):
    tests = ROOT / "tests" / path.relative_to(PACKAGE).parent
    assert (tests / f"test_{path.name}").is_file()
