"""The browser's part of the site: what is in it, what it is called, and when it is made anew."""

import ast
import gzip
import hashlib
import json
import marshal
import os
import re
import shutil
import sqlite3
import time
import zipfile
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from streamside.catalogue import Project
from streamside.paths import ROOT
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
    snapshot = gzip.decompress((site / "live" / content["files"]["started.bin"]).read_bytes())
    assert content["memory"] % 65_536 == 0
    assert len(snapshot) < content["memory"] < 100_000_000
    assert (site / "service-worker.js").is_file()
    scripts = {path.name: path.read_text() for path in (site / "live").rglob("*.js")}
    assert {"live-example.js", "run-example.js", "editor.js", "python-worker.js", "probe.js"} <= scripts.keys()
    styles = (site / "theme/live.css").read_text()
    assert "/*" not in scripts["exercise.js"] + styles  # comments are for who reads the source
    assert len(styles) < (ROOT / "blog/theme/live.css").stat().st_size
    assert (site / "live/assets/htmx.org@2.0.7/dist/htmx.min.js").is_file()


def test_nothing_is_fetched_one_after_the_other_to_run_an_example(site: Path) -> None:
    scripts = {path: path.read_text() for path in (site / "live/page").glob("*.js")}
    assert not [path for path, text in scripts.items() if re.search(r'\b(import|from)"\.', text)]
    assert table(site)["files"]["pyodide.asm.wasm"] in scripts[site / "live/page/run-example.js"]
    named = {name for text in scripts.values() for name in re.findall(r'import\("\./([\w-]+\.js)"\)', text)}
    assert named == {path.name for path in scripts} - {"live-example.js"}


def test_examples_are_copied_unless_they_cannot_run_in_a_page(site: Path) -> None:
    copied = {path.name: path.read_text() for path in (site / "live/examples").iterdir()}
    running = [each for each in Project().examples if each.obstacle is None]
    assert {name for name in copied if name.endswith(".py")} == {
        each.path.name for each in running if each.path.is_file()
    }
    assert all(copied[each.path.name] == each.text for each in running if each.path.is_file())
    assert {name for name in copied if name.endswith(".json")} == {f"{e.name}.json" for e in running if e.is_apart}


def test_a_folder_has_its_own_packages_of_which_nobody_else_fetches_a_byte(site: Path, tmp_path: Path) -> None:
    program = json.loads((site / "live/examples/django_yo.json").read_text(encoding="utf-8"))
    assert program["files"]["django_yo/views.py"] == (ROOT / "examples/django_yo/views.py").read_text(encoding="utf-8")
    assert "django_yo/templates/django_yo/page.html" in program["files"]
    archive = (site / "live" / program["packages"]["archive"]).read_bytes()
    assert program["packages"]["size"] == len(archive) < 1_300_000
    own = marshal.loads(gzip.decompress(archive))
    rest = marshal.loads(zlib.decompress((site / "live" / program["packages"]["rest"]).read_bytes()))
    assert {"own/django/db/backends/sqlite3/base.pyc", "standard/sqlite3/__init__.pyc"} <= set(own)
    assert "own/django/forms/templates/django/forms/div.html" in own
    assert "own/django/contrib/admin/options.pyc" in set(rest) - set(own)
    (tmp_path / "tables").write_bytes(own["own/django/tables.sqlite3"])
    with closing(sqlite3.connect(tmp_path / "tables")) as tables:
        applied = {"/migrations/".join(row) for row in tables.execute("SELECT app, name FROM django_migrations")}
        types = [name for (name,) in tables.execute("SELECT app_label FROM django_content_type ORDER BY id")]
        assert not tables.execute("SELECT 1 FROM auth_user UNION SELECT 1 FROM django_session").fetchall()
    assert types == [*["auth"] * 3, "contenttypes", "sessions"]
    files = {name.removeprefix("own/django/contrib/").removesuffix(".pyc") for name in own}
    assert applied == {name for name in files if re.search(r"/migrations/\d+_\w+$", name)}
    assert len({name.partition("/")[0] for name in applied}) == 3
    with (
        boot(site, tmp_path) as common,
        zipfile.ZipFile(site / "live" / table(site)["files"]["all.zip"]) as everything,
    ):
        assert not [name for name in own if name.startswith("standard/") and name[9:] in common.namelist()]
        others = {*common.namelist(), *common.read("modules.txt").decode().split(), *everything.namelist()}
    assert not [name for name in others if name.split("/")[0].split(".")[0] in ("django", "asgiref", "channels")]
    assert "django" not in (site / "live/bundle.js").read_text(encoding="utf-8")


def test_a_file_that_asks_for_it_has_its_own_packages_too(site: Path, tmp_path: Path) -> None:
    program = json.loads((site / "live/examples/relay.json").read_text(encoding="utf-8"))
    assert list(program["files"]) == ["relay.py"]
    assert table(site)["apart"] == [each.name for each in Project().examples if each.is_apart and not each.is_folder]
    own = marshal.loads(gzip.decompress((site / "live" / program["packages"]["archive"]).read_bytes()))
    assert "standard/httpx2/_sse.pyc" in own
    with boot(site, tmp_path) as common:
        assert not [name for name in common.namelist() if name.startswith("httpx2/")]


def test_with_packages_apart_a_file_has_an_environment_if_it_names_one(site: Path) -> None:
    program = json.loads((site / "live/examples/members_only.json").read_text(encoding="utf-8"))
    assert program["environment"] == {"MEMBERS": "ann:tea ben:milk"}


def test_the_first_archive_has_what_examples_ask_for_and_names_all_that_there_is(site: Path, tmp_path: Path) -> None:
    with (
        boot(site, tmp_path) as archive,
        zipfile.ZipFile(site / "live" / table(site)["files"]["all.zip"]) as everything,
    ):
        names, all_names = set(archive.namelist()), set(everything.namelist())
        assert {
            "bridge/__init__.pyc",
            "bridge/connection.pyc",
            "streamside/wire.pyc",
            "fasthtml/core.pyc",
            "anyio/__init__.py",
        } <= names
        assert "dateutil/tz/win.pyc" in names  # it cannot be imported in a page, but dateutil tries
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
        assert names < all_names
        assert "xmlrpc/client.pyc" in all_names - names
        modules = archive.read("modules.txt").decode().split()
        assert {"xmlrpc.client", "fasthtml", "fasthtml.core"} <= set(modules)
        assert len(modules) == len(all_names) - 1


def test_an_unchanged_build_and_a_changed_example_are_not_packed_again(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "run_esbuild", lambda program, *_: pytest.fail(program))  # scripts stay, too
    project = Project(tmp_path / "project")
    shutil.copytree(ROOT / "examples", project.root / "examples")
    bundle.build(tmp_path / "again", project)
    assert table(tmp_path / "again") == table(site)
    for example in (project.root / "examples").glob("*.py"):
        example.write_text(f"{example.read_text()}\n# a comment\n")
    bundle.build(tmp_path / "again", Project(project.root))
    assert table(tmp_path / "again")["files"] == table(site)["files"]
    assert "packing" not in capsys.readouterr().err


def test_line_ends_are_no_reason_to_pack_again(capsys: pytest.CaptureFixture[str], tmp_path: Path, site: Path) -> None:
    project = Project(tmp_path / "project")
    shutil.copytree(ROOT / "examples", project.root / "examples")
    for example in (project.root / "examples").glob("*.py"):
        example.write_bytes(example.read_bytes().replace(b"\n", b"\r\n"))
    bundle.build(tmp_path / "again", project)
    assert table(tmp_path / "again")["files"] == table(site)["files"]
    assert "packing" not in capsys.readouterr().err


def test_the_cache_keeps_what_was_used_last_and_what_another_build_may_be_making(tmp_path: Path) -> None:
    day = 24 * 60 * 60
    for age in range(6):
        for path, text in (
            (tmp_path / f"result-{age}.json", json.dumps({"a": f"files/a-{age}", "shared": "files/shared"})),
            (tmp_path / f"files/a-{age}", ""),
            (tmp_path / f"files/lost-{age}", ""),
            (tmp_path / f"unfinished-{age}/sources/a.py", ""),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            os.utime(path, times=(time.time() - age * day,) * 2)
        os.utime(tmp_path / f"unfinished-{age}", times=(time.time() - age * day,) * 2)
    (tmp_path / "files/shared").write_text("")
    os.utime(tmp_path / "files/shared", times=(0, 0))
    bundle.prune(tmp_path)
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {
        *(f"result-{age}.json" for age in range(3)),
        *(f"files/a-{age}" for age in range(3)),
        *("files/shared", "files/lost-0", "unfinished-0/sources/a.py"),
    }


def test_imports_decide_what_is_made_anew() -> None:
    assert bundle.imports(ast.parse("import a, b\ndef f():\n    from c import d\n")) == {
        "import a, b",
        "from c import d",
    }


def test_requirements_are_followed_but_for_those_that_a_page_cannot_have() -> None:
    names = {each.name for each in bundle.closure(["python-fasthtml>=0.14", "uvicorn", "no-such-package", "msgpack"])}
    assert {"python-fasthtml", "starlette", "anyio", "itsdangerous"} <= names
    assert not names & {"uvicorn", "httptools", "msgpack"}
