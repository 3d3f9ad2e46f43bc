"""Modules that come only when they are asked for."""

import asyncio
import importlib
import sys
import zipfile
import zipimport
from pathlib import Path
from types import ModuleType

import pytest
from bridge.archive import ARCHIVE, Rest, import_ahead, module_name


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


def test_what_examples_import_is_imported_ahead_but_for_what_cannot_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = {"early/__init__.py": "", "early/inner.py": "", "early/other_system.py": "1 / 0"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        asyncio.run(import_ahead())  # as after a start from a snapshot: there is no archive
        assert "early" not in sys.modules
        monkeypatch.setitem(zipimport._zip_directory_cache, ARCHIVE, dict.fromkeys([*files, "modules.txt"]))  # type: ignore[attr-defined]
        asyncio.run(import_ahead())
        assert {"early", "early.inner"} <= {*sys.modules}
        assert "early.other_system" not in sys.modules
    finally:
        for name in ("early", "early.inner"):
            sys.modules.pop(name, None)
