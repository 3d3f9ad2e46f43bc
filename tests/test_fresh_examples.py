"""A cell that imports examples, run again, gets them anew; that lessons then say the same, their drive shows."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from streamside import fresh_examples, lab
from streamside.catalogue import Project
from streamside.fresh_examples import Cells

CELL = "from examples import number_stream_ends\n"


@pytest.fixture
def example(monkeypatch):
    from examples import number_stream_ends

    monkeypatch.setattr(number_stream_ends, "line", "changed by a lesson")
    yield number_stream_ends
    sys.modules["examples.number_stream_ends"] = vars(sys.modules["examples"])["number_stream_ends"] = (
        number_stream_ends
    )


def test_an_example_is_imported_anew_when_its_cell_is_run_again(example):
    forgotten = []
    cells = Cells(forgotten.append)
    lines = []
    for cell in (CELL, "%not python", "%not python", CELL):
        cells.before(SimpleNamespace(raw_cell=cell))
        namespace = {}
        exec(CELL, namespace)
        lines.append(namespace["number_stream_ends"].line)
    assert lines[:3] == ["changed by a lesson"] * 3
    assert callable(lines[3])
    assert forgotten == ["number_stream_ends"]


def test_a_folder_stays_as_it_was_imported_and_its_server_runs_on():
    from examples import django_yo

    forgotten = []
    cells = Cells(forgotten.append)
    for _ in range(2):
        cells.before(SimpleNamespace(raw_cell="from examples import django_yo"))
    assert sys.modules["examples.django_yo"] is django_yo
    assert forgotten == []


def test_the_cells_that_have_run_are_known_to_a_kernel(example, monkeypatch):
    registered = []
    shell = SimpleNamespace(
        history_manager=SimpleNamespace(input_hist_raw=["", "import examples"]),
        events=SimpleNamespace(register=lambda event, hear: registered.append(event)),
    )
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    forgotten = []
    cells = Cells(forgotten.append)
    cells.watch()
    cells.before(SimpleNamespace(raw_cell=CELL))
    assert (registered, forgotten) == (["pre_run_cell", "post_run_cell"], [])
    cells.before(SimpleNamespace(raw_cell=CELL))
    assert forgotten == ["number_stream_ends"]


def test_what_was_edited_since_it_was_imported_is_told_with_its_remedy(tmp_path: Path, monkeypatch, capsys):
    (tmp_path / "examples/folder").mkdir(parents=True)
    paths = [tmp_path / "examples/one.py", tmp_path / "examples/folder/__init__.py"]
    cells = Cells(lambda name: None)
    monkeypatch.setattr(fresh_examples, "Project", lambda: Project(tmp_path))
    monkeypatch.setattr(lab, "_cells", cells)
    for path, name in zip(paths, ("one", "folder"), strict=True):
        path.write_text("first")
        module = ModuleType(f"examples.{name}")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(lab._servers, name, "its server")
    cells.after(None)
    assert [cells.remedy(name) for name in ("one", "folder", "other")] == ["", "", ""]
    for path in paths:
        path.write_text("edited")
    cells.after(None)
    assert lab.serve(sys.modules["examples.one"]) == "its server"
    said = "examples.one has been edited; this is the one that was imported: run the cell that imports it again.\n"
    assert capsys.readouterr().err == said
    assert cells.remedy("folder") == "restart the kernel"
    monkeypatch.setitem(sys.modules, "examples.one", ModuleType("examples.one"))  # as the cell does
    cells.after(None)
    assert cells.remedy("one") == ""
