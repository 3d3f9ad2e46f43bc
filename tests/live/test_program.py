"""Programs of one file and of several; those that cannot be served: why, and on which line."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from bridge.program import ExampleError, load, unload

FOLDER = {
    "several/__init__.py": "from .one import app\nfrom pathlib import Path\n",
    "several/one.py": "from several.deeper import two\n\ndef app():\n    return two.number\n",
    "several/deeper/__init__.py": "",
    "several/deeper/two.py": "number = 2\n",
    "several/templates/page.html": "<p>%",
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where programs' files are put."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("bridge.program.adapt_frameworks", lambda: None)
    yield tmp_path
    unload("server-1", "several")


@pytest.mark.parametrize(
    ("program", "message", "line"),
    [
        ("def f(:\n", "SyntaxError", 1),
        ("\nimport no_such_module\n", "There is no module “no_such_module”", 2),
        ("def f():\n    return [][1]\n\nf()\n", "IndexError: list index out of range", 2),
        ("raise SystemExit(3)\n", "SystemExit: 3", 1),
        ("app = None\n", "The example has no “app”", None),
    ],
)
def test_programs_that_cannot_be_served(program: str, message: str, line: int | None) -> None:
    with pytest.raises(ExampleError, match=message) as caught:
        load("server-1", "program", {"program.py": program})
    assert caught.value.line == line


def test_a_folder_is_a_package_with_files_and_leaves_nothing_behind(files: Path) -> None:
    assert load("server-1", "several", FOLDER)() == 2
    assert (files / "server-1/several/templates/page.html").read_text() == "<p>%"
    unload("server-1", "several")
    assert not [name for name in sys.modules if name.startswith("several")]
    assert str(files / "server-1") not in sys.path
    assert list(files.iterdir()) == []
    changed = {**FOLDER, "several/deeper/two.py": "number = 3\n"}
    assert load("server-1", "several", changed)() == 3


@pytest.mark.parametrize(
    ("file", "text", "message", "line"),
    [
        ("several/deeper/two.py", "\n1 / 0\n", "ZeroDivisionError: division by zero", 2),
        ("several/deeper/late.py", "\n\ndef f(:\n", "SyntaxError", 3),  # imported by nobody yet
        ("several/one.py", "import no_such_module\n", "There is no module “no_such_module”", 1),
    ],
)
@pytest.mark.usefixtures("files")
def test_a_folder_that_cannot_be_served(file: str, text: str, message: str, line: int) -> None:
    with pytest.raises(ExampleError, match=message) as caught:
        load("server-1", "several", {**FOLDER, file: text})
    assert (caught.value.file, caught.value.line) == (file, line)
