"""Starts a program of `programs/` in Pyodide, under Node.js."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from streamside import setup
from streamside.errors import UserError
from streamside.paths import ROOT

HERE = Path(__file__).resolve().parent
RUN_IN_NODE = HERE / "run_in_node.mjs"
PROGRAMS = HERE / "programs"
LINE = 300  # characters: where Pyodide fails, Node.js shows the line of its script, which is all of the script


def run(
    program: Path, folders: Mapping[str, Path], *, stdlib: Path | None = None, snapshot: Path | None = None
) -> None:
    """Run the program's `main`; `folders` says which folders it finds under which names.

    `stdlib` is an archive that stands for Pyodide's own standard library; into the file `snapshot` goes the memory as
    it is afterwards. Raises `UserError` with the end of what the program said when it failed.
    """
    mounts = {"/programs": PROGRAMS, **folders}
    options = {
        "program": str(program),
        "mounts": {name: str(folder) for name, folder in mounts.items()},
        "stdlib": str(stdlib) if stdlib else None,
        "snapshot": str(snapshot) if snapshot else None,
    }
    command = [setup.node(), str(RUN_IN_NODE), json.dumps(options)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        said = [line[:LINE] for line in (done.stdout + done.stderr).strip().splitlines()]
        raise UserError(program.name, "failed in Pyodide:\n" + "\n".join(said[-12:]))
