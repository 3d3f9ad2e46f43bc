"""The browser's part of the site: what is in it, what it is called, and when it is made anew."""

import gzip
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from streamside import catalogue
from streamside.site import bundle


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    bundle.build(folder)
    return folder


def table(site: Path) -> dict[str, Any]:
    text = (site / "live/bundle.js").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text.removeprefix("globalThis.streamside = ").removesuffix(";\n"))
    return content


def boot(site: Path, tmp_path: Path) -> zipfile.ZipFile:
    packed = site / "live" / table(site)["files"]["boot.zip"]
    (tmp_path / "boot.zip").write_bytes(gzip.decompress(packed.read_bytes()))
    return zipfile.ZipFile(tmp_path / "boot.zip")


def test_everything_is_there_under_the_name_that_the_table_says(site: Path) -> None:
    content = table(site)
    for name in content["files"].values():
        data = (site / "live" / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == name.split("/")[1].split("-")[0]
    assert content["sizes"] == {name: (site / "live" / content["files"][name]).stat().st_size for name in bundle.PACKED}
    assert (site / "service-worker.js").is_file()
    assert {"runtime.js", "python-files.js", "python-worker.js", "probe.js"} <= {
        path.name for path in (site / "live").rglob("*.js")
    }
    assert (site / "live/assets/htmx.org@2.0.7/dist/htmx.min.js").is_file()


def test_examples_are_copied_unless_they_cannot_run_in_a_page(site: Path) -> None:
    copied = {path.stem: path.read_text() for path in (site / "live/examples").iterdir()}
    assert copied == {each.name: each.text for each in catalogue.examples() if each.obstacle is None}


def test_the_first_archive_has_what_examples_ask_for_and_names_all_that_there_is(site: Path, tmp_path: Path) -> None:
    with (
        boot(site, tmp_path) as archive,
        zipfile.ZipFile(site / "live" / table(site)["files"]["all.zip"]) as everything,
    ):
        names, all_names = set(archive.namelist()), set(everything.namelist())
        assert {"bridge.pyc", "streamside/wire.pyc", "fasthtml/core.pyc", "anyio/__init__.py"} <= names
        assert "dateutil/tz/win.pyc" in names  # it cannot be imported in a page, but dateutil tries
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
        assert names < all_names
        assert "xmlrpc/client.pyc" in all_names - names
        modules = archive.read("modules.txt").decode().split()
        assert {"xmlrpc.client", "fasthtml", "fasthtml.core"} <= set(modules)
        assert len(modules) == len(all_names) - 1


def test_an_unchanged_build_and_a_changed_example_start_no_compiler(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, site: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("nothing is to be run")

    monkeypatch.setattr(bundle, "run_pyodide", refuse)
    examples = tmp_path / "examples"
    examples.mkdir()
    bundle.build(tmp_path / "again")
    assert table(tmp_path / "again") == table(site)
    changed = [
        catalogue.Example(each.name, examples / each.path.name)
        for each in catalogue.examples()
        if each.obstacle is None and each.path.is_file()
    ]
    for each in changed:
        each.path.write_text(catalogue.example(each.name).text + "\n# a comment\n")
    monkeypatch.setattr(catalogue, "examples", lambda *_: changed)
    bundle.build(tmp_path / "again")
    assert table(tmp_path / "again")["files"] == table(site)["files"]


def test_imports_decide_what_is_made_anew() -> None:
    assert bundle.imports("import a, b\ndef f():\n    from c import d\n") == {"import a, b", "from c import d"}


def test_requirements_are_followed_but_for_those_that_a_page_cannot_have() -> None:
    names = {each.name for each in bundle.closure(["python-fasthtml>=0.14", "uvicorn", "no-such-package", "msgpack"])}
    assert {"python-fasthtml", "starlette", "anyio", "itsdangerous"} <= names
    assert not names & {"uvicorn", "httptools", "msgpack"}


def test_a_failure_in_pyodide_is_told(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("def main():\n    raise SystemError('of its own')\n")
    with pytest.raises(bundle.BundleError, match="of its own"):
        bundle.run_pyodide(program, tmp_path)
