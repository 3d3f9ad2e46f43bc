"""An example's own packages: unpacked where Python finds them, and forgotten with the server that has used them."""

import importlib.abc
import importlib.util
import io
import sys
import zipfile
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from bridge.archive import module_name

STANDARD, OWN = "standard/", "own/"  # in the archives: Python's modules that no other example needs, and packages


class Packages(importlib.abc.MetaPathFinder):
    """Finds an example's own packages; has the rest of them fetched when the first of those is imported.

    They are files, not members of an archive: some look for others beside themselves.
    """

    def __init__(self, folder: Path, archive: bytes, fetch_rest: Callable[[], bytes]) -> None:
        self._folder = folder
        self._fetch_rest = fetch_rest
        self._files: dict[str, Path] = {}
        self._own: set[str] = set()  # modules that belong to one server: some can be set up only once
        self._unpack(archive)
        self._others = set((folder / "modules.txt").read_text().split()) - set(self._files)

    def _unpack(self, archive: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(archive), metadata_encoding="utf-8") as content:  # the usual one is a module
            content.extractall(self._folder)
            names = content.namelist()
        for name in names:
            if name.endswith((".pyc", ".py")):
                module = module_name(name.removeprefix(STANDARD).removeprefix(OWN))
                self._files[module] = self._folder / name
                if name.startswith(OWN):
                    self._own.add(module)

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As any finder."""
        if fullname in self._others:
            self._others = set()
            self._unpack(self._fetch_rest())
        file = self._files.get(fullname)
        if not file:
            return None
        inside = [str(file.parent)] if file.stem == "__init__" else None
        return importlib.util.spec_from_file_location(fullname, file, submodule_search_locations=inside)

    def forget(self) -> None:
        """Have them imported anew when they are asked for again."""
        for name in self._own & set(sys.modules):
            del sys.modules[name]
