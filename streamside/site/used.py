"""In Pyodide: which of the modules in its archive the page's examples import, one a line, into /work/used.txt.

Every example is started, asked for its page, and given a moment: some modules are imported late.
"""

import asyncio
import importlib
import sys
from pathlib import Path

import bridge  # type: ignore[import-not-found]  # blog/live/bridge.py: in there it is a module like any other


async def visit(name: str, program: str) -> None:
    """Run one example as the page would."""
    host = bridge.Bridge(lambda _message: None)
    try:
        await host.start(name, name, program)
    except bridge.ExampleError as error:
        raise SystemExit(f"examples/{name}.py does not run in the page: {error}, line {error.line}") from error
    request = {"kind": "request", "id": "1", "server": name, "method": "GET", "path": "/", "query": "", "headers": []}
    host.receive({**request, "body": None, "source": "1", "scheme": "http", "host": "localhost", "port": 80})
    await asyncio.sleep(0.1)
    await host.stop(name)


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
