"""In Pyodide: one visit to an example, as a page would make it."""

import asyncio
import io
import json
import os
import re
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import bridge  # type: ignore[import-not-found]  # blog/live/python/bridge: in there it is a module like any other

SECONDS = 60.0  # for an example to start, and to answer for its page
REQUEST: dict[str, Any] = {
    "kind": "request",
    "method": "GET",
    "query": "",
    "headers": [],
    "body": None,
    "source": None,
    "scheme": "http",
    "host": "localhost",
    "port": 80,
}


Program = dict[str, dict[str, str]]  # its files and its environment (catalogue.Example.program)


def programs() -> dict[str, Program]:
    """The examples that are to be visited, by name."""
    told: dict[str, Program] = json.loads(Path("/work/programs.json").read_text())
    return told


async def visit(name: str, program: Program) -> str | None:
    """Start an example, ask for its page, then for whatever else it answers, and stop it.

    None if all went well with its page, or what did not. Raises `bridge.ExampleError` if it does not start.
    """
    messages: list[dict[str, Any]] = []
    host = bridge.Bridge(messages.append)
    os.environ.update(program["environment"])
    with redirect_stderr(io.StringIO()) as said:
        try:
            await asyncio.wait_for(host.start(name, name, program["files"]), SECONDS)
            host.receive({**REQUEST, "id": "/", "server": name, "path": "/"})
            await asyncio.wait_for(host.connections["/"].task, SECONDS)
        except TimeoutError:
            return f"it did not answer within {SECONDS:.0f} seconds"
        logged = said.getvalue()
        page = b"".join(each["body"] for each in messages if each["kind"] == "chunk")
        for path in streams(host.servers[name].app) or named(page.decode()):
            host.receive({**REQUEST, "id": path, "server": name, "path": path, "source": path})
        await asyncio.sleep(0.1)  # some modules are imported late
        await host.stop(name)
    return logged.splitlines()[-1] if "Traceback" in logged else None


def streams(app: Any) -> set[str]:
    """What can be asked for beside the page, where the application tells: Starlette and what is built on it do."""
    routes = getattr(app, "routes", [])
    told = {
        route.path for route in routes if "{" not in route.path and "GET" in (getattr(route, "methods", None) or ())
    }
    return told - {"/"}


def named(page: str) -> set[str]:
    """What the page names elsewhere; and what there is not, for that is answered too."""
    return {*re.findall(r'"(/[\w/-]+)"', page), "/nothing/of/that/name"}
