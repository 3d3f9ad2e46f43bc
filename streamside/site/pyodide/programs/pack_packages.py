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
    pack(await imported())


def pack(names: set[str]) -> None:
    """Make the archives; `names` are the modules that the example has imported."""
    common = set(Path("/work/imports.txt").read_text().split())
    modules = []
    with (
        zipfile.ZipFile("/work/needed.zip", "w") as needed,  # stored, for it is packed as a whole
        zipfile.ZipFile("/work/rest.zip", "w", zipfile.ZIP_DEFLATED) as rest,
        zipfile.ZipFile(ARCHIVE) as standard,
    ):
        for file in standard.namelist():
            if bridge.module_name(file) in names and file not in common:
                needed.writestr(zipfile.ZipInfo(bridge.STANDARD + file), standard.read(file))
        for path in filter(Path.is_file, sorted(SOURCES.rglob("*"))):
            file = path.relative_to(SOURCES).as_posix()
            is_module = path.suffix == ".py"
            content = bytecode(path, file) if is_module else path.read_bytes()
            if content is None:
                continue
            place = f"{bridge.OWN}{file}c" if is_module else f"{bridge.OWN}{file}"
            modules.append(bridge.module_name(file) if is_module else package_of(path))
            rest.writestr(zipfile.ZipInfo(place), content, zipfile.ZIP_DEFLATED)
            if modules[-1] in names:
                needed.writestr(zipfile.ZipInfo(place), content)
        needed.writestr(zipfile.ZipInfo("modules.txt"), "\n".join(sorted({*modules})))


def package_of(path: Path) -> str:
    """The module of the nearest folder above that is a package."""
    folder = next((each for each in path.parents if (each / "__init__.py").is_file()), SOURCES)
    return ".".join(folder.relative_to(SOURCES).parts)
