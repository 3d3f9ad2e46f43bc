"""In Pyodide: which files of its archive the page's examples import, or try to, one a line, into /work/used.txt.

Every example is started, asked for its page, and given a moment: some modules are imported late.
"""

import asyncio
import importlib
import importlib.abc
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import bridge  # type: ignore[import-not-found]  # blog/live/python/bridge: in there it is a module like any other

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


class Asked(importlib.abc.MetaPathFinder):
    """Finds nothing, and remembers what was looked for: a module that fails to be imported has been fetched as well."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def find_spec(self, fullname: str, _path: object, _target: ModuleType | None = None) -> None:
        """As any finder."""
        self.names.add(fullname)


async def main() -> None:
    """Run the examples, one after the other, and write down what they have imported."""
    asked = Asked()
    sys.meta_path.insert(0, asked)
    bridge.adapt()
    importlib.import_module("pyodide.ffi")  # which `bridge.connect` imports
    for name, program in examples():
        await visit(name, program)
    record(asked.names | set(sys.modules))


def examples() -> list[tuple[str, str]]:
    """Name and text of each."""
    return [(path.stem, path.read_text()) for path in sorted(Path("/work/examples").glob("*.py"))]


def record(modules: set[str]) -> None:
    """Write down which of the archive's files are these modules'."""
    with zipfile.ZipFile(f"/lib/python{sys.version_info[0]}{sys.version_info[1]}.zip") as archive:
        used = [name for name in archive.namelist() if bridge.module_name(name) in modules]
    Path("/work/used.txt").write_text("\n".join(sorted(used)))
