"""In Pyodide: the packages that one example has to itself, below /work/sources, as two archives.

The example of /work/programs.json is visited. /work/needed.zip has the modules that it has imported, as bytecode, with
what else is in their packages to be read; Python's own modules too, but for those that every page has: their files are
in /work/imports.txt. /work/rest.zip has all of the packages.
"""

import sys
import zipfile
from pathlib import Path

import bridge  # type: ignore[import-not-found]  # blog/live/python/bridge: in there it is a module like any other

sys.path.append("/programs")

from compile_modules import bytecode  # type: ignore[import-not-found]
from find_imports import ARCHIVE, imported  # type: ignore[import-not-found]

SOURCES = Path("/work/sources")


async def main() -> None:
    """Visit the example, and pack."""
    sys.path.append(str(SOURCES))
    names = await imported()
    common = set(Path("/work/imports.txt").read_text().split())
    with (
        zipfile.ZipFile("/work/needed.zip", "w") as needed,  # stored, for it is packed as a whole
        zipfile.ZipFile("/work/rest.zip", "w", zipfile.ZIP_DEFLATED) as rest,
        zipfile.ZipFile(ARCHIVE) as standard,
    ):
        for file in standard.namelist():
            if bridge.module_name(file) in names and file not in common:
                needed.writestr(entry(bridge.STANDARD + file), standard.read(file))
        modules = []
        for path in filter(Path.is_file, sorted(SOURCES.rglob("*"))):
            file = path.relative_to(SOURCES).as_posix()
            module = bridge.module_name(file) if path.suffix == ".py" else package_of(path)
            content = bytecode(path, file) if path.suffix == ".py" else path.read_bytes()
            if content is None:
                continue
            place = bridge.OWN + (f"{file}c" if path.suffix == ".py" else file)
            rest.writestr(entry(place), content, zipfile.ZIP_DEFLATED)
            if module in names:
                needed.writestr(entry(place), content)
            modules.append(module)
        needed.writestr(entry("modules.txt"), "\n".join(sorted(set(modules))))


def entry(name: str) -> zipfile.ZipInfo:
    """The same bytes every time: without the time of day."""
    return zipfile.ZipInfo(name)


def package_of(path: Path) -> str:
    """The module of the nearest folder above that is a package."""
    folder = next((each for each in path.parents if (each / "__init__.py").is_file()), SOURCES)
    return ".".join(folder.relative_to(SOURCES).parts)
