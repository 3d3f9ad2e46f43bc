"""Every lesson is executed, and says again what it has stored."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from pytest_notebook.nb_regression import NBRegressionError, NBRegressionFixture

from streamside import nginx_program
from streamside.catalogue import Lesson, Project
from streamside.errors import UserError
from streamside.site.volatile_outputs import VOLATILE

PROJECT = Project()
LESSONS = [lesson for lesson in PROJECT.documents if any(lesson.code)]


@pytest.fixture
def say_again(monkeypatch):
    """`say_again(path)` runs a notebook; it fails where an output is not the stored one."""
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)  # as if nobody had it open in JupyterLab
    # What may differ is the name that the kernel gives itself, and the times that recordings show.
    fixture = NBRegressionFixture(
        exec_timeout=120,
        exec_cwd=str(PROJECT.root / "notebooks"),
        diff_replace=tuple(("/cells/*/outputs", f"(?m){pattern.pattern}", "") for pattern in VOLATILE),
        diff_ignore=(
            "/metadata",
            "/cells/*/execution_count",
            "/cells/*/metadata",
            "/cells/*/outputs/*/execution_count",
        ),
        diff_use_color=False,
    )
    return lambda path: fixture.check(str(path))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.file.stem)
def test_a_lesson_says_again_what_it_has_stored(lesson: Lesson, say_again):
    modules = "streamside.process", "streamside.proxies", "streamside.redis_server", "streamside.supervised"
    if os.name == "nt" and any(module in text for _, text in lesson.code for module in modules):
        pytest.skip("It sends a server a signal, which Windows has no way to do.")
    if any("streamside.proxies" in text for _, text in lesson.code):
        try:
            nginx_program.find()
        except UserError as error:
            pytest.skip(str(error))
    try:
        say_again(lesson.file)
    except (NBRegressionError, CellExecutionError):
        # A lesson runs in real time: where a machine stood still at the wrong moment, it has a second chance.
        say_again(lesson.file)


def test_an_output_that_is_not_the_stored_one_is_noticed(say_again, tmp_path: Path):
    output = nbformat.v4.new_output("stream", name="stdout", text="3\n")
    cell = nbformat.v4.new_code_cell("print(1 + 1)", execution_count=1, outputs=[output])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, tmp_path / "x.ipynb")
    with pytest.raises(NBRegressionError):
        say_again(tmp_path / "x.ipynb")
