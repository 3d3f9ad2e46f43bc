"""The bridge as `python-worker.js` has it: the only part that knows of JavaScript."""

import asyncio
import os
import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bridge.archive import ARCHIVE, Rest, archived, import_ahead
from bridge.bridge import Bridge
from bridge.output import Printer
from bridge.packages import Packages
from bridge.program import ExampleError
from bridge.stand_ins import adapt
from streamside.exercises import from_json, missing


def connect(post: Any, log: Any, fetch: Any, rest: str) -> Any:
    """Called by `python-worker.js` with its functions; returns ours to it."""
    from pyodide.ffi import to_js  # type: ignore[import-not-found]

    def to_object(value: Any) -> Any:
        from js import Object  # type: ignore[import-not-found]

        return to_js(value, dict_converter=Object.fromEntries)

    bridge = Bridge(lambda message: post(to_object(message)))
    sys.stdout = sys.stderr = printer = Printer(log)
    sys.meta_path.append(Rest(archived(), lambda: Path(ARCHIVE).write_bytes(fetch(rest).to_bytes())))
    adapt()
    random.seed()  # a snapshot would give everybody the same numbers

    async def attempt(action: Callable[..., Awaitable[None]], name: str, *program: Any) -> Any:
        try:
            await action(name, *program)
        except ExampleError as error:
            return to_object({"message": str(error), "line": error.line, "file": error.file})
        finally:
            printer.send_all()  # the page is told of it when all that it has printed is there
        return None

    def unpack(example: str, archive: Any, rest: str) -> None:
        folder = Path("/lib", example)
        bridge.packages[example] = Packages(folder, archive.to_bytes(), lambda: fetch(rest).to_bytes())
        sys.meta_path.insert(0, bridge.packages[example])

    def program_of(example: str, files: Any, environment: Any) -> tuple[str, dict[str, str]]:
        os.environ.update(environment.to_py())
        return example, files.to_py()

    return to_object(
        {
            "receive": lambda message: bridge.receive(message.to_py()),
            "unpack": unpack,
            "start": lambda name, *program: asyncio.ensure_future(attempt(bridge.start, name, *program_of(*program))),
            "stop": lambda name: asyncio.ensure_future(attempt(bridge.stop, name)),
            "importAhead": lambda: asyncio.ensure_future(import_ahead()),
            "restart": lambda name, *program: asyncio.ensure_future(
                attempt(bridge.restart, name, *program_of(*program))
            ),
            "forget": bridge.forget,
            "check": lambda see, messages, now: missing(from_json(see), messages.to_py(), now),
            "resumption": lambda source: to_object(bridge.resumption(source)),
        }
    )
