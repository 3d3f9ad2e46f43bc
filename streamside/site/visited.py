"""In Pyodide: which examples answer for their page here, and why the others do not, into /work/.cache/visited.json.

The folder /work is the project; the packages are those of its environment, as they are.
"""

import asyncio
import io
import json
import sys
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pyodide_js  # type: ignore[import-not-found]  # Pyodide, as its host has it

SECONDS = 60.0  # for an example to answer, and then for it to end what it does about the answer
TASK: dict[str, Any] = json.loads(Path("/work/.cache/visit.json").read_text())
pyodide_js.mountNodeFS("/packages", TASK["packages"])
sys.path[:0] = ["/work", "/work/blog/live", "/packages"]

import bridge  # type: ignore[import-not-found]  # noqa: E402  # from the folders above


async def visit(name: str) -> str | None:
    """Serve one example and ask for its page; None if all goes well, or what does not."""
    messages: list[dict[str, Any]] = []
    host = bridge.Bridge(messages.append)
    request = {"kind": "request", "id": "1", "server": name, "method": "GET", "path": "/", "query": "", "headers": []}
    with redirect_stderr(io.StringIO()) as said:
        try:
            await asyncio.wait_for(host.start(name, name, f"from examples.{name} import app"), SECONDS)
            host.receive({**request, "body": None, "source": None, "scheme": "http", "host": "localhost", "port": 80})
            await asyncio.wait_for(host.connections["1"].task, SECONDS)
            await host.stop(name)
        except TimeoutError:
            return f"it did not answer within {SECONDS:.0f} seconds"
        except bridge.ExampleError as error:
            return str(error)
    if b"new WebSocket(" in b"".join(message["body"] for message in messages if message["kind"] == "chunk"):
        return "its page opens a WebSocket, which a service worker never sees"
    return said.getvalue().splitlines()[-1] if "Traceback" in said.getvalue() else None


async def main() -> None:
    """Visit all examples that are asked for."""
    bridge.adapt()
    write({name: await visit(name) for name in TASK["examples"]})


def write(reasons: dict[str, str | None]) -> None:
    """Leave what was found where `claims` looks for it."""
    Path("/work/.cache/visited.json").write_text(json.dumps(reasons))
