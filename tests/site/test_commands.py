"""The tutorial's commands: what they do, what they say, their exit status; errors are one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from streamside import cli
from streamside.errors import Complaint, UserError
from streamside.paths import ROOT
from streamside.site import card_pictures, commands
from tests.small_tutorial import code, markdown, write_notebook


@pytest.fixture
def in_project(project: Path, monkeypatch) -> Path:
    """A small tutorial, and the command without its slow parts: pages, and Python as in a page."""
    monkeypatch.setattr(commands.render_site, "render", lambda project: ["index.html"])
    monkeypatch.setattr(commands.example_rules, "complaints", lambda examples: [])
    monkeypatch.setattr(commands.check, "invalid_html", lambda lessons, pages: [])
    monkeypatch.setattr(
        commands.example_trial, "try_out", lambda examples: {example.name: None for example in examples}
    )
    return project


def test_an_error_is_one_sentence_with_its_place(in_project, capsys):
    (in_project / "_quarto.yml").write_text("website:\n  title: [\n")
    assert cli.main(["run"], in_project) == 2
    assert capsys.readouterr().err.startswith("streamside: _quarto.yml, line 3: not YAML")


def test_the_traceback_is_there_for_who_asks(in_project):
    (in_project / "_quarto.yml").write_text("- a list")
    with pytest.raises(UserError):
        cli.main(["--debug", "run"], in_project)


def test_run_says_what_it_runs_and_does_nothing_twice(in_project, capsys):
    assert cli.main(["run"], in_project) == 0
    assert capsys.readouterr().err == "running notebooks/01-a.ipynb …\n"
    assert cli.main(["run"], in_project) == 0
    assert capsys.readouterr().out == "all outputs are up to date\n"


def test_run_takes_the_path_of_a_lesson(in_project, capsys):
    assert cli.main(["run", "--all", str(in_project / "notebooks/01-a.ipynb")], in_project) == 0
    assert cli.main(["run", "notebooks/none.ipynb"], in_project) == 2
    assert "notebooks/none.ipynb: no such lesson in _quarto.yml" in capsys.readouterr().err


def test_a_cell_that_fails_is_said_and_nothing_is_built(in_project, capsys):
    write_notebook(in_project / "notebooks/01-a.ipynb", markdown("# A"), code("1 / 0"))
    assert cli.main(["build"], in_project) == 2
    captured = capsys.readouterr()
    assert captured.err.endswith("streamside: notebooks/01-a.ipynb, cell 3: ZeroDivisionError: division by zero\n")
    assert captured.out == ""


@pytest.mark.parametrize(("options", "taken", "files"), [([], 1, 1), (["--cards"], 0, 1), (["--cards"], 1, 2)])
def test_pages_are_made_again_when_their_pictures_have_come(in_project, capsys, monkeypatch, options, taken, files):
    write_notebook(in_project / "notebooks/01-a.ipynb", markdown("# A"))
    monkeypatch.setattr(card_pictures, "take", lambda project: taken)
    assert cli.main(["build", *options], in_project) == 0
    assert capsys.readouterr().out == f"_site: {files} files changed\n"


def test_check_counts_its_complaints(in_project, capsys):
    assert cli.main(["check"], in_project) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"{len(lines) - 1} complaints"
    assert any("the stored outputs are out of date" in line for line in lines)


def test_check_looks_at_one_file_and_mends_what_is_mechanical(in_project, capsys, monkeypatch):
    notebook = in_project / "notebooks/01-a.ipynb"
    write_notebook(notebook, markdown("A."), code("from examples import one\nsource = print\nsource('one', 'app')"))
    monkeypatch.setattr(commands.run_lessons, "run", lambda lessons, say: None)
    assert cli.main(["check", "--fix", str(notebook)], in_project) == 1
    captured = capsys.readouterr()
    assert "fixing notebooks/01-a.ipynb, cell 1: `examples` is not what the code imports" in captured.err
    assert "`examples`" not in captured.out


def test_an_example_that_does_not_start_is_all_that_is_said(in_project, capsys, monkeypatch):
    (in_project / "examples/one.py").write_text("x =\n")
    broken = Complaint("examples/one.py, line 1", "is no Python (x)", "correct it")
    monkeypatch.setattr(commands.example_rules, "complaints", lambda examples: [broken])
    monkeypatch.setattr(commands.render_site, "render", None)
    assert cli.main(["check", str(in_project / "examples/one.py")], in_project) == 1
    assert capsys.readouterr().out.splitlines()[0] == "examples/one.py, line 1: is no Python (x); correct it"


def test_new_says_what_it_has_made_and_how_to_go_on(in_project, capsys, monkeypatch):
    monkeypatch.setattr(commands.run_lessons, "run", lambda lessons, say: None)
    assert cli.main(["new", "--example=", "--start=", "--part=", "--", "Second"], in_project) == 0
    *made, last = capsys.readouterr().out.splitlines()
    assert made == ["examples/second.py", "tests/examples/test_second.py", "notebooks/02-second.ipynb"]
    assert last.endswith("streamside check notebooks/02-second.ipynb` says what is still to be written")
    assert cli.main(["new", "Third", "--start=none"], in_project) == 2


def test_a_folder_that_cannot_be_written_is_said(in_project, capsys, monkeypatch):
    def refuse(root):
        raise PermissionError(13, "Permission denied", "_site/index.html")

    monkeypatch.setattr(commands.render_site, "render", refuse)
    assert cli.main(["check"], in_project) == 2
    error = capsys.readouterr().err
    assert error.startswith("streamside: ")
    assert "_site/index.html" in error
    assert len(error.splitlines()) == 1


def test_ctrl_c_is_no_error(in_project, monkeypatch):
    def interrupted(root):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands.render_site, "render", interrupted)
    assert cli.main(["check"], in_project) == 130


def test_the_command_says_what_it_can_do():
    done = subprocess.run([sys.executable, "-m", "streamside", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("build", "preview", "run", "new", "check"))
