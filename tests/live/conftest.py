"""The bridge under CPython: packed for Pyodide, it is a package of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import anyio.to_thread
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "blog/live/python"))


@pytest.fixture(autouse=True)
def _modules_and_threads() -> Iterator[None]:
    modules, threads = dict(sys.modules), anyio.to_thread.run_sync
    yield
    anyio.to_thread.run_sync = threads
    for name in ("uvicorn", "uvicorn.main", "httpx2.__version__", "httpx2._transports.default", "server-1"):
        if name in modules:
            sys.modules[name] = modules[name]
        else:
            sys.modules.pop(name, None)
