"""A newest release is put in, the examples name it, and what fails then is said; pip and npm are not asked."""

import json
import subprocess
from importlib import metadata

import pytest

from streamside.errors import UserError
from streamside.paths import ROOT
from streamside.site import newest


@pytest.fixture
def root(tmp_path):
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples/one.py").write_text('"https://cdn.jsdelivr.net/npm/htmx.org@2.0.7/dist/htmx.min.js"')
    (tmp_path / "node_modules/htmx.org").mkdir(parents=True)
    (tmp_path / "node_modules/htmx.org/package.json").write_text('{"version": "2.0.7"}')
    return tmp_path


@pytest.fixture
def reported(root):
    """`reported(package, newest, tests, status)`: exit status and what is said, if that is what npm and pytest do."""

    def run(package, version, tests, status):
        said = []

        def do(command):
            if "pytest" in command:
                return subprocess.CompletedProcess(command, status, tests, "")
            (root / "node_modules/htmx.org/package.json").write_text(json.dumps({"version": version}))
            return subprocess.CompletedProcess(command, 0, "", "")

        return newest.report(package, root, do, said.append), said

    return run


def test_what_fails_with_it_is_said(reported, root):
    status, said = reported("htmx.org", "4.0.1", "..F\nFAILED tests/a.py::test_a - no\n1 failed, 2 passed\n", 1)
    assert (status, said) == (1, ["## htmx.org 2.0.7 → 4.0.1\n", "- FAILED tests/a.py::test_a - no"])
    assert "htmx.org@4.0.1/" in (root / "examples/one.py").read_text()


def test_two_versions_of_a_package_are_put_in_each_under_its_name(root):
    (root / "examples/two.py").write_text('"https://cdn.jsdelivr.net/npm/htmx.org@4.0.1/dist/htmx.min.js"')
    folder = root / "node_modules/htmx4"
    folder.mkdir()
    (folder / "package.json").write_text('{"version": "4.0.1"}')
    wanted = []

    def do(command):
        if "install" in command:
            wanted.append(command[-1])
        if wanted[-1].startswith("htmx4"):
            (folder / "package.json").write_text('{"version": "4.1.0"}')
        return subprocess.CompletedProcess(command, 0, "1 passed", "")

    for package in ("htmx.org", "htmx4"):
        newest.report(package, root, do, print)
    assert wanted == ["htmx.org@2", "htmx4@npm:htmx.org@latest"]
    assert "htmx.org@2.0.7/" in (root / "examples/one.py").read_text()
    assert "htmx.org@4.1.0/" in (root / "examples/two.py").read_text()


def test_what_passes_is_said_in_a_line(reported):
    assert reported("htmx.org", "2.0.8", "...\n3 passed\n", 0) == (0, ["## htmx.org 2.0.7 → 2.0.8\n", "3 passed"])
    assert reported("htmx.org", "2.0.8", "", 1)[1][1] == "Nothing newer."


def test_a_package_that_is_not_taught_or_cannot_be_had(root):
    with pytest.raises(UserError, match="flask: is not taught here; take one of python-fasthtml, "):
        newest.report("flask", root, None, print)
    refusing = lambda command: subprocess.CompletedProcess(command, 1, "", "no network")  # noqa: E731
    with pytest.raises(UserError, match="cannot be had:\nno network"):
        newest.report("uvicorn", root, refusing, print)


def test_the_canary_tries_each_package_that_is_taught():
    workflow = (ROOT / ".github/workflows/canary.yml").read_text(encoding="utf-8")
    assert f"package: [{', '.join((*newest.PYTHON, *newest.BROWSER))}]" in workflow
    assert all(newest.version(package, ROOT) == metadata.version(package) for package in newest.PYTHON)
    assert newest.version("pyodide", ROOT)
