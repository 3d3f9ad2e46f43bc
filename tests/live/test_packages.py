"""An example's own packages."""

import marshal
import pkgutil
import py_compile
import sys
import zlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from bridge.packages import OWN, STANDARD, Packages


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Packages]:
    """Two packages, of which one is among the rest."""

    def archive(**files: str) -> bytes:
        contents = {}
        for place, text in files.items():
            (tmp_path / "source.py").write_text(text)
            compiled = Path(str(py_compile.compile(str(tmp_path / "source.py"), str(tmp_path / "compiled"))))
            contents[place] = compiled.read_bytes() if place.endswith(".pyc") else text.encode()
        return marshal.dumps(contents)

    needed = {
        f"{OWN}own/__init__.pyc": "loads = []",
        f"{OWN}own/inside/__init__.pyc": "",
        f"{OWN}own/inside/deep.pyc": "",
        f"{OWN}own/plain.pyc": "",
        f"{OWN}own/texts/hello.txt": "hello",
        f"{STANDARD}lasting.pyc": "",
        "modules.txt": "own\nown.rare",
    }
    rest = {f"{OWN}own/rare.pyc": "found = True"}
    made = Packages(tmp_path / "packages", archive(**needed), lambda: zlib.compress(archive(**rest)))
    sys.meta_path.insert(0, made)
    yield made
    sys.meta_path.remove(made)
    sys.path_hooks.remove(made._listed)
    for name in ("own", "own.inside", "own.rare", "lasting"):
        sys.modules.pop(name, None)


def test_they_are_not_unpacked_but_for_the_files_beside_them(packages: Packages, tmp_path: Path) -> None:
    own = import_module("own")
    assert (Path(str(own.__file__)).parent / "texts/hello.txt").read_text() == "hello"
    assert not list((tmp_path / "packages").rglob("*.pyc"))


def test_who_asks_what_is_in_a_package_is_told(packages: Packages) -> None:
    own = import_module("own")
    assert [(name, is_package) for _, name, is_package in pkgutil.iter_modules(own.__path__, "own.")] == [
        ("own.inside", True),
        ("own.plain", False),
    ]
    assert [name for _, name, _ in pkgutil.iter_modules(import_module("own.inside").__path__)] == ["deep"]


def test_the_rest_is_fetched_when_it_is_asked_for(packages: Packages) -> None:
    import_module("own")
    assert import_module("own.rare").found
    with pytest.raises(ModuleNotFoundError):
        import_module("own.nothing")


def test_forgotten_they_are_imported_anew_but_for_pythons_own(packages: Packages) -> None:
    own, lasting = import_module("own"), import_module("lasting")
    packages.forget()
    assert import_module("own") is not own
    assert import_module("lasting") is lasting
