"""Modules that come only when they are asked for."""

import importlib
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from bridge.archive import Rest, module_name


def test_rare_modules_come_when_the_archive_is_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fetched = []
    archive = tmp_path / "archive.zip"

    def fetch() -> None:
        fetched.append(True)
        with zipfile.ZipFile(archive, "w") as out:
            out.writestr("rare_package/__init__.py", "")
            out.writestr("rare_package/inner.py", "value = 7")

    names = frozenset(map(module_name, ("rare_package/__init__.pyc", "rare_package/inner.pyc")))
    assert names == {"rare_package", "rare_package.inner"}
    monkeypatch.syspath_prepend(str(archive))
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Rest(names, fetch)])
    try:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("in_no_archive")
        assert not fetched
        module: ModuleType = importlib.import_module("rare_package.inner")
        assert module.value == 7
        assert fetched == [True]
    finally:
        for name in names:
            sys.modules.pop(name, None)
