"""In Pyodide: which examples answer for their page here, and why the others do not, into /work/reasons.json.

/work/names.json names them; /project is the project, /packages are those of its environment, as they are.
"""

import json
import sys
from pathlib import Path

sys.path[:0] = ["/project", "/project/blog/live/python", "/packages", "/programs"]

import bridge  # type: ignore[import-not-found]  # noqa: E402  # from the folders above
from example_visit import visit  # type: ignore[import-not-found]  # noqa: E402


async def reason(name: str) -> str | None:
    """Why an example does not run here; None if it does."""
    try:
        told: str | None = await visit(name, f"from examples.{name} import app")
    except bridge.ExampleError as error:
        return str(error)
    return told


async def main() -> None:
    """Try them out, one after the other."""
    bridge.adapt()
    write_down({name: await reason(name) for name in asked_for()})


def asked_for() -> list[str]:
    """The names of the examples."""
    names: list[str] = json.loads(Path("/work/names.json").read_text())
    return names


def write_down(reasons: dict[str, str | None]) -> None:
    """Leave what was found."""
    Path("/work/reasons.json").write_text(json.dumps(reasons))
