"""A Jupyter server's save hook: of a lesson it saves what was written, and leaves outputs to `streamside run`.

Whoever runs cells in JupyterLab gets the outputs of their own machine: addresses of frames, other times, another count.
`etc/jupyter` has every Jupyter server of this project's environment load it.
"""

import json
from pathlib import Path
from typing import Any

from streamside.catalogue import Project
from streamside.errors import UserError
from streamside.paths import ROOT


def _load_jupyter_server_extension(server: Any) -> None:
    """What a Jupyter server calls when it starts."""
    server.contents_manager.register_pre_save_hook(keep_outputs)


def keep_outputs(*, model: dict[str, Any], path: str, contents_manager: Any, **_: object) -> None:
    """Put what `streamside run` has stored in the place of what the editor has, if the notebook is a lesson."""
    file = Path(contents_manager.root_dir, path.strip("/")).resolve()
    if model["type"] != "notebook" or not model.get("content") or file not in _lessons():
        return
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return  # there is nothing to be kept
    restore(model["content"], stored)


def restore(notebook: dict[str, Any], stored: dict[str, Any]) -> None:
    """Give a notebook the outputs, the counts and the metadata of another one, cell by cell."""
    cells = {cell.get("id"): cell for cell in stored["cells"] if cell["cell_type"] == "code"}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            known = cells.get(cell.get("id"), {})
            cell["outputs"] = known.get("outputs", [])
            cell["execution_count"] = known.get("execution_count")
    notebook["metadata"] = stored["metadata"]
    notebook["nbformat_minor"] = stored["nbformat_minor"]


def _lessons() -> set[Path]:
    try:
        return {lesson.file.resolve() for lesson in Project(ROOT).documents}
    except UserError:  # a table of contents that cannot be read is no reason not to save
        return set()
