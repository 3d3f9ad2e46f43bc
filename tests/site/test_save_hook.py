"""What a Jupyter server saves of a lesson: what was written in it, and never what was run there."""

import json
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from streamside.catalogue import Project
from streamside.paths import ROOT
from streamside.site.save_hook import _load_jupyter_server_extension, keep_outputs
from tests.small_tutorial import code, markdown, write_notebook

LESSON = Project().lessons[0]


def as_after_a_run(path: Path) -> nbformat.NotebookNode:
    """A notebook as JupyterLab has it when its cells have been run on some machine, and three cells edited."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.kernelspec.display_name = "Python 3 (ipykernel)"
    notebook.metadata.language_info.version = "3.99"
    for number, cell in enumerate(notebook.cells, 50):
        if cell.cell_type == "code":
            cell.execution_count = number
            cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": "<iframe src='http://127.0.0.1:1'>"})]
    return notebook


def save(notebook: nbformat.NotebookNode, path: str, root: Path = ROOT) -> nbformat.NotebookNode:
    """What a server of `root` would write."""
    model = {"type": "notebook", "format": "json", "content": notebook}
    keep_outputs(model=model, path=path, contents_manager=SimpleNamespace(root_dir=str(root)))
    return model["content"]


@pytest.mark.parametrize(("root", "path"), [(ROOT, LESSON.path), (LESSON.file.parent, f"/{LESSON.file.name}")])
def test_a_lesson_that_was_run_is_saved_as_it_was_stored(root: Path, path: str):
    saved = save(as_after_a_run(LESSON.file), path, root)
    assert f"{nbformat.writes(nbformat.from_dict(saved)).rstrip()}\n" == LESSON.file.read_text(encoding="utf-8")


def test_what_was_written_is_saved_and_a_new_cell_has_no_output():
    notebook = as_after_a_run(LESSON.file)
    notebook.cells[2].source = "1 + 1"
    notebook.cells[3] = nbformat.v4.new_code_cell("new", execution_count=9)
    notebook.cells[3].outputs = [nbformat.v4.new_output("stream", text="new")]
    saved = save(notebook, LESSON.path)
    stored = nbformat.read(LESSON.file, as_version=4)
    assert [saved.cells[2].source, saved.cells[2].execution_count] == ["1 + 1", stored.cells[2].execution_count]
    assert [saved.cells[3].outputs, saved.cells[3].execution_count] == [[], None]


def test_other_notebooks_are_saved_as_they_are(tmp_path: Path):
    write_notebook(tmp_path / "mine.ipynb", markdown("# Mine"), code("1 + 1"))
    notebook = nbformat.read(tmp_path / "mine.ipynb", as_version=4)
    notebook.cells[-1].outputs = [nbformat.v4.new_output("stream", text="2")]
    before = json.dumps(notebook)
    assert json.dumps(save(notebook, "mine.ipynb", tmp_path)) == before


def test_every_server_of_the_environment_has_the_hook():
    hooks = []
    manager = SimpleNamespace(register_pre_save_hook=hooks.append)
    _load_jupyter_server_extension(SimpleNamespace(contents_manager=manager))
    assert hooks == [keep_outputs]
    (config,) = (ROOT / "etc/jupyter/jupyter_server_config.d").iterdir()
    named = json.loads(config.read_text())["ServerApp"]["jpserver_extensions"]
    assert named == {keep_outputs.__module__: True}
