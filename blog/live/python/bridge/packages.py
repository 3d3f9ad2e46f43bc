"""An example's own packages: modules from their archive, and forgotten with the server that has used them."""

import importlib.abc
import importlib.util
import marshal
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec, SourcelessFileLoader
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from bridge.archive import module_name

STANDARD, OWN = "standard/", "own/"  # in the archives: Python's modules that no other example needs, and packages
BYTECODE = ".pyc"


class Member(NamedTuple):
    """A module's bytecode, and where it stands as if it were a file."""

    content: bytes
    place: str


class MemberLoader(SourcelessFileLoader):
    """Loads a module from its archive: some hundred files take longer to write than to import."""

    def __init__(self, fullname: str, member: Member) -> None:
        super().__init__(fullname, member.place)
        self._member = member

    def get_data(self, path: str) -> bytes:
        """The bytecode, or a file that stands beside it."""
        return self._member.content if path == self.path else super().get_data(path)


class Packages(importlib.abc.MetaPathFinder):
    """Finds an example's own packages; has the rest of them fetched when the first of those is imported.

    All but their modules are files, for some look for them beside themselves. An archive is a marshalled dictionary of
    contents by name, that of the rest compressed.
    """

    def __init__(self, folder: Path, archive: bytes, fetch_rest: Callable[[], bytes]) -> None:
        self._folder = folder
        self._fetch_rest = fetch_rest
        self._modules: dict[str, Member] = {}
        self._inside: dict[str, list[tuple[str, bool]]] = {}  # of each folder: its modules, and which are packages
        self._own: set[str] = set()  # modules that belong to one server: some can be set up only once
        self._unpack(marshal.loads(archive))  # noqa: S302  # this site's own, of this very Python
        self._others = set((folder / "modules.txt").read_text().split()) - set(self._modules)
        sys.path_hooks.insert(0, self._listed)

    def _unpack(self, contents: Mapping[str, bytes]) -> None:
        files = {}
        for name, content in contents.items():
            place = f"{self._folder}/{name}"
            if name.endswith(BYTECODE):
                self._enter(module_name(name.removeprefix(STANDARD).removeprefix(OWN)), Member(content, place))
                if name.startswith(OWN):
                    self._own.add(module_name(name.removeprefix(OWN)))
            else:
                files[place] = content
        write(files)

    def _enter(self, module: str, member: Member) -> None:
        self._modules[module] = member
        is_package = member.place.endswith(f"/__init__{BYTECODE}")
        folder, _, _ = member.place.rpartition("/")
        within = folder.rpartition("/")[0] if is_package else folder
        self._inside.setdefault(within, []).append((module.rpartition(".")[2], is_package))

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As any finder."""
        if fullname in self._others:
            self._others = set()
            self._unpack(marshal.loads(zlib.decompress(self._fetch_rest())))  # noqa: S302
        member = self._modules.get(fullname)
        if not member:
            return None
        folder, _, file = member.place.rpartition("/")
        inside = [folder] if file == f"__init__{BYTECODE}" else None
        loader = MemberLoader(fullname, member)
        return importlib.util.spec_from_file_location(fullname, loader=loader, submodule_search_locations=inside)

    def _listed(self, folder: str) -> "Folder":
        """As any path hook: what is in one of the packages' folders. Raises `ImportError` for every other."""
        if not Path(folder).is_relative_to(self._folder):
            raise ImportError
        return Folder(self._inside.setdefault(folder, []))

    def forget(self) -> None:
        """Have them imported anew when they are asked for again."""
        for name in self._own & set(sys.modules):
            del sys.modules[name]


def write(files: Mapping[str, bytes]) -> None:
    """Write files by their places: each folder is made once, and no buffer is between, for there are a hundred."""
    for folder in {place.rpartition("/")[0] for place in files}:
        Path(folder).mkdir(parents=True, exist_ok=True)
    for place, content in files.items():
        with open(place, "wb", buffering=0) as file:  # noqa: PTH123  # a path would take longer
            file.write(content)


class Folder(importlib.abc.PathEntryFinder):
    """One folder of the packages, for who asks which modules there are in it."""

    def __init__(self, modules: Sequence[tuple[str, bool]]) -> None:
        self._modules = modules

    def find_spec(self, _fullname: str, _target: ModuleType | None = None) -> None:
        """Nothing that `Packages` has not found before."""

    def iter_modules(self, prefix: str = "") -> Iterator[tuple[str, bool]]:
        """As `pkgutil.iter_modules` asks for them: each one's name, and whether it is a package."""
        for name, is_package in self._modules:
            yield prefix + name, is_package
