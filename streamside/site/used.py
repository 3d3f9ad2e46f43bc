"""In Pyodide: which of the modules in its archive the page's examples import, one a line, into /work/used.txt.

Every example is started, asked for its page, and given a moment: some modules are imported late.
"""

import asyncio
import importlib
import sys
from pathlib import Path
from typing import Any

import bridge  # type: ignore[import-not-found]  # blog/live/bridge.py: in there it is a module like any other

REQUEST: dict[str, Any] = {
    "kind": "request",
    "method": "GET",
    "query": "",
    "headers": [],
    "body": None,
    "scheme": "http",
    "host": "localhost",
    "port": 80,
}


async def visit(name: str, program: str) -> None:
    """Run one example as the page would, and ask for all that can be asked for without knowing more."""
    host = bridge.Bridge(lambda _message: None)
    try:
        await host.start(name, name, program)
    except bridge.ExampleError as error:
        raise SystemExit(f"examples/{name}.py does not run in the page: {error}, line {error.line}") from error
    for path in paths(host.servers[name].app):
        host.receive({**REQUEST, "id": path, "server": name, "path": path, "source": path})
    await asyncio.sleep(0.1)
    await host.stop(name)


def paths(app: Any) -> set[str]:
    """The page, and where the application tells (Starlette and what is built on it do) its streams."""
    routes = getattr(app, "routes", [])
    told = {
        route.path for route in routes if "{" not in route.path and "GET" in (getattr(route, "methods", None) or ())
    }
    return {"/"} | told


async def main() -> None:
    """Run the examples, one after the other, and write down what they have imported."""
    bridge.adapt()
    importlib.import_module("pyodide.ffi")  # which `bridge.connect` imports
    for name, program in examples():
        await visit(name, program)
    record()


def examples() -> list[tuple[str, str]]:
    """Name and text of each."""
    return [(path.stem, path.read_text()) for path in sorted(Path("/work/examples").glob("*.py"))]


def record() -> None:
    """Write down which of the archive's files modules have come from."""
    archive = f"/lib/python{sys.version_info[0]}{sys.version_info[1]}.zip/"
    origins = (getattr(getattr(module, "__spec__", None), "origin", None) for module in list(sys.modules.values()))
    used = sorted({origin.removeprefix(archive) for origin in origins if origin and origin.startswith(archive)})
    Path("/work/used.txt").write_text("\n".join(used))
