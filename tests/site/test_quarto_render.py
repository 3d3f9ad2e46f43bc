"""`make quarto` with a Quarto that is there, and without one."""

import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from streamside.errors import UserError
from streamside.paths import ROOT
from streamside.site import quarto_render

SAYS = '#!{}\nimport os, sys\nprint(sys.argv[1:], os.environ["QUARTO_PYTHON"], flush=True)\nsys.exit(3)\n'


@pytest.fixture
def no_quarto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is looked through for programs."""
    find = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, path="": find(name, path=str(tmp_path)))
    return tmp_path


def test_the_one_on_path_renders_with_this_python(
    no_quarto: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    (no_quarto / "quarto").write_text(SAYS.format(sys.executable))
    (no_quarto / "quarto").chmod(0o755)
    monkeypatch.setattr(quarto_render.run_lessons, "run", lambda lessons, say: None)
    assert quarto_render.main(["--to", "html"]) == 3
    assert capfd.readouterr().out == f"['render', '--to', 'html'] {sys.executable}\n"


def test_where_it_cannot_be_had_one_sentence_says_what_to_install(no_quarto: Path, tmp_path: Path):
    lock = tmp_path / "lock.txt"
    lock.write_text(f"{tmp_path}/none.whl --hash=sha256:00\n")
    with pytest.raises(UserError, match=r"^Quarto: its program .*; install Quarto 1\.9 or newer from quarto\.org"):
        quarto_render.install(lock)


def test_its_group_is_what_its_lock_says_and_no_other_lock_needs_it():
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    assert re.findall(r"^(\S+==\S+) ", quarto_render.LOCK.read_text(), re.MULTILINE) == groups["quarto"]
    assert "quarto" not in (ROOT / "requirements.lock").read_text()
