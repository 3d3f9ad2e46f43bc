"""In Pyodide: which files of its archive the page's examples import, or try to, one a line, into /work/imports.txt.

Every example is visited, for some modules are imported only when something is asked for.
"""

import importlib
import importlib.abc
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import bridge  # type: ignore[import-not-found]  # blog/live/python/bridge: in there it is a module like any other

sys.path.append("/programs")

from example_visit import programs, visit  # type: ignore[import-not-found]

ARCHIVE = f"/lib/python{sys.version_info[0]}{sys.version_info[1]}.zip"


class ImportLog(importlib.abc.MetaPathFinder):
    """Finds nothing, and remembers what was looked for: a module that fails to be imported has been fetched as well."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def find_spec(self, fullname: str, _path: object, _target: ModuleType | None = None) -> None:
        """As any finder."""
        self.names.add(fullname)


async def main() -> None:
    """Visit the examples, and write down what they have imported."""
    write_down(await imported())


def write_down(modules: set[str]) -> None:
    """Leave a list of those of the archive's files that are these modules'."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        files = [name for name in archive.namelist() if bridge.module_name(name) in modules]
    Path("/work/imports.txt").write_text("\n".join(sorted(files)))


async def imported() -> set[str]:
    """Visit the examples of /work/programs.json, one after the other: the modules that there are then, or should be."""
    log = ImportLog()
    sys.meta_path.insert(0, log)
    bridge.adapt()
    importlib.import_module("pyodide.ffi")  # which `bridge.connect` imports
    modules = {name for name, module in sys.modules.items() if getattr(module, "__spec__", None)}  # no stand-ins
    for name, program in programs().items():
        await attempt(name, program)
    return modules | log.names


async def attempt(name: str, program: dict[str, dict[str, str]]) -> None:
    """Visit an example, which has to run."""
    try:
        await visit(name, program)
    except bridge.ExampleError as error:
        raise SystemExit(f"examples/{error.file}, line {error.line}: does not run in the page: {error}") from error
