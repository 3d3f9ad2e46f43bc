"""In Pyodide: which examples answer for their page here, and why the others do not, into /work/reasons.json.

/work/programs.json has them; /packages are those of the project's environment, as they are.
"""

import json
import sys
from pathlib import Path

sys.path[:0] = ["/project", "/project/blog/live/python", "/packages", "/programs"]

import bridge  # type: ignore[import-not-found]  # noqa: E402  # from the folders above
from example_visit import programs, visit  # type: ignore[import-not-found]  # noqa: E402


async def reason(name: str, program: dict[str, dict[str, str]]) -> str | None:
    """Why an example does not run here; None if it does."""
    try:
        told: str | None = await visit(name, program)
    except bridge.ExampleError as error:
        return str(error)
    return told


async def main() -> None:
    """Try them out, one after the other."""
    bridge.adapt()
    write_down({name: await reason(name, program) for name, program in programs().items()})


def write_down(reasons: dict[str, str | None]) -> None:
    """Leave what was found."""
    Path("/work/reasons.json").write_text(json.dumps(reasons))
