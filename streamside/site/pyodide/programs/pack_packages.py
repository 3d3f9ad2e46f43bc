"""In Pyodide: the packages that one example has to itself, below /work/sources, as two archives.

The example of /work/programs.json is visited. /work/needed.marshal has the modules that it has imported, as bytecode,
with what else is in their packages to be read; Python's own modules too, but for those that every page has: their
files are in /work/imports.txt. /work/rest.marshal has what else there is in the packages.
"""

import marshal
import sys
import zipfile
import zlib
from pathlib import Path

import bridge  # type: ignore[import-not-found]  # blog/live/python/bridge: in there it is a module like any other

sys.path.append("/programs")

from compile_modules import bytecode  # type: ignore[import-not-found]
from django_tables import tables  # type: ignore[import-not-found]
from find_imports import ARCHIVE, imported  # type: ignore[import-not-found]

SOURCES = Path("/work/sources")


async def main() -> None:
    """Visit the example, and pack."""
    sys.path.append(str(SOURCES))
    names = await imported()
    if (SOURCES / "django").is_dir():
        (SOURCES / bridge.django_tables.FILE).write_bytes(await bridge.in_place.run_in_place(tables))
    pack(names)


def pack(names: set[str]) -> None:
    """Make the archives; `names` are the modules that the example has imported."""
    common = set(Path("/work/imports.txt").read_text().split())
    needed: dict[str, bytes] = {}
    rest: dict[str, bytes] = {}
    modules = set()
    with zipfile.ZipFile(ARCHIVE) as standard:
        for file in standard.namelist():
            if bridge.module_name(file) in names and file not in common:
                needed[bridge.STANDARD + file] = standard.read(file)
    for path in filter(Path.is_file, sorted(SOURCES.rglob("*"))):
        file = path.relative_to(SOURCES).as_posix()
        is_module = path.suffix == ".py"
        content = bytecode(path, file) if is_module else path.read_bytes()
        if content is None:
            continue
        module = bridge.module_name(file) if is_module else package_of(path)
        place = f"{bridge.OWN}{file}c" if is_module else f"{bridge.OWN}{file}"
        modules.add(module)
        (needed if module in names else rest)[place] = content
    needed["modules.txt"] = "\n".join(sorted(modules)).encode()
    Path("/work/needed.marshal").write_bytes(marshal.dumps(needed))
    Path("/work/rest.marshal").write_bytes(zlib.compress(marshal.dumps(rest), 9))


def package_of(path: Path) -> str:
    """The module of the nearest folder above that is a package."""
    folder = next((each for each in path.parents if (each / "__init__.py").is_file()), SOURCES)
    return ".".join(folder.relative_to(SOURCES).parts)
