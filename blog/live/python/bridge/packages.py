"""An example's own packages: modules from their archive, and forgotten with the server that has used them."""

import importlib.abc
import importlib.util
import io
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec, SourcelessFileLoader
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from bridge.archive import module_name

STANDARD, OWN = "standard/", "own/"  # in the archives: Python's modules that no other example needs, and packages
BYTECODE = ".pyc"


class Member(NamedTuple):
    """A module's bytecode, and where it stands as if it were a file."""

    archive: zipfile.ZipFile
    name: str
    place: Path


class MemberLoader(SourcelessFileLoader):
    """Loads a module from its archive: some hundred files take longer to write than to import."""

    def __init__(self, fullname: str, member: Member) -> None:
        super().__init__(fullname, str(member.place))
        self._member = member

    def get_data(self, path: str) -> bytes:
        """The bytecode, or a file that stands beside it."""
        if path == self.path:
            return self._member.archive.read(self._member.name)
        return super().get_data(path)


class Packages(importlib.abc.MetaPathFinder):
    """Finds an example's own packages; has the rest of them fetched when the first of those is imported.

    All but their modules are files, for some look for them beside themselves.
    """

    def __init__(self, folder: Path, archive: bytes, fetch_rest: Callable[[], bytes]) -> None:
        self._folder = folder
        self._fetch_rest = fetch_rest
        self._modules: dict[str, Member] = {}
        self._own: set[str] = set()  # modules that belong to one server: some can be set up only once
        self._unpack(archive)
        self._others = set((folder / "modules.txt").read_text().split()) - set(self._modules)
        sys.path_hooks.insert(0, self._listed)

    def _unpack(self, archive: bytes) -> None:
        content = zipfile.ZipFile(io.BytesIO(archive), metadata_encoding="utf-8")  # the usual one is a module
        for name in content.namelist():
            if not name.endswith(BYTECODE):
                content.extract(name, self._folder)
                continue
            module = module_name(name.removeprefix(STANDARD).removeprefix(OWN))
            self._modules[module] = Member(content, name, self._folder / name)
            if name.startswith(OWN):
                self._own.add(module)

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As any finder."""
        if fullname in self._others:
            self._others = set()
            self._unpack(self._fetch_rest())
        member = self._modules.get(fullname)
        if not member:
            return None
        inside = [str(member.place.parent)] if member.place.stem == "__init__" else None
        loader = MemberLoader(fullname, member)
        return importlib.util.spec_from_file_location(fullname, loader=loader, submodule_search_locations=inside)

    def _listed(self, folder: str) -> "Folder":
        """As any path hook: what is in one of the packages' folders. Raises `ImportError` for every other."""
        if not Path(folder).is_relative_to(self._folder):
            raise ImportError
        return Folder(folder, [member.place for member in self._modules.values()])

    def forget(self) -> None:
        """Have them imported anew when they are asked for again."""
        for name in self._own & set(sys.modules):
            del sys.modules[name]


class Folder(importlib.abc.PathEntryFinder):
    """One folder of the packages, for who asks which modules there are in it."""

    def __init__(self, folder: str, places: Sequence[Path]) -> None:
        self._folder = Path(folder)
        self._places = places

    def find_spec(self, _fullname: str, _target: ModuleType | None = None) -> None:
        """Nothing that `Packages` has not found before."""

    def iter_modules(self, prefix: str = "") -> Iterator[tuple[str, bool]]:
        """As `pkgutil.iter_modules` asks for them: each one's name, and whether it is a package."""
        for place in self._places:
            is_package = place.stem == "__init__"
            itself = place.parent if is_package else place
            if itself.parent == self._folder:
                yield prefix + itself.stem, is_package
