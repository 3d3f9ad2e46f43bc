"""A small tutorial in a folder of its own, for tests that change or break it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

QUARTO = """\
website:
  title: A small tutorial
  description: For tests.
  sidebar:
    contents:
      - section: One
        contents:
          - href: notebooks/01-a.ipynb
"""
EXAMPLE = '"""One example."""\n\n\nasync def app(scope, receive, send):\n    pass\n'


def markdown(text: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def code(text: str, *outputs: dict) -> dict:
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "source": text, "outputs": list(outputs)}


def write_notebook(
    path: Path, *cells: dict, title: str = "A", description: str = "About a.", examples: str = "[]"
) -> None:
    head = f"---\ntitle: {title}\ndescription: {description}\ndate: 2026-11-21\nexamples: {examples}\n---"
    all_cells = [{"cell_type": "raw", "metadata": {}, "source": head}, *cells]
    numbered = [{"id": f"cell-{number}", **cell} for number, cell in enumerate(all_cells, 1)]
    path.write_text(json.dumps({"cells": numbered, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of a tutorial of one lesson that is in order but for not having been run."""
    for folder in ("notebooks", "examples", "streamside"):
        (tmp_path / folder).mkdir()
    (tmp_path / "_quarto.yml").write_text(QUARTO)
    (tmp_path / "examples/one.py").write_text(EXAMPLE)
    (tmp_path / "streamside/lab.py").write_text("")
    (tmp_path / "requirements.lock").write_text("a==1\n")
    write_notebook(tmp_path / "notebooks/01-a.ipynb", markdown("# A"), code("print(1 + 1)"))
    return tmp_path


@pytest.fixture
def lesson_of() -> Callable:
    """`lesson_of(project, *cells, …)` writes these cells as the lesson and returns it."""
    from streamside.catalogue import Lesson

    def write(project: Path, *cells: dict, **front_matter: str) -> Lesson:
        write_notebook(project / "notebooks/01-a.ipynb", *cells, **front_matter)
        return Lesson(project, "notebooks/01-a.ipynb")

    return write
