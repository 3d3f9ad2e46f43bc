"""The bridge as `python-worker.js` has it: the only part that knows of JavaScript."""

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from bridge.archive import Rest, archived
from bridge.bridge import Bridge
from bridge.output import Printer
from bridge.program import ExampleError
from bridge.stand_ins import adapt
from streamside.exercises import from_json, missing


def connect(post: Any, log: Any, fetch_rest: Any) -> Any:
    """Called by `python-worker.js` with its functions; returns ours to it."""
    from pyodide.ffi import to_js  # type: ignore[import-not-found]

    def to_object(value: Any) -> Any:
        from js import Object  # type: ignore[import-not-found]

        return to_js(value, dict_converter=Object.fromEntries)

    bridge = Bridge(lambda message: post(to_object(message)))
    sys.stdout = sys.stderr = printer = Printer(log)
    sys.meta_path.append(Rest(archived(), fetch_rest))
    adapt()
    random.seed()  # a snapshot would give everybody the same numbers

    async def attempt(action: Callable[..., Awaitable[None]], *arguments: str) -> Any:
        try:
            await action(*arguments)
        except ExampleError as error:
            return to_object({"message": str(error), "line": error.line})
        finally:
            printer.send_all()  # the page is told of it when all that it has printed is there
        return None

    return to_object(
        {
            "receive": lambda message: bridge.receive(message.to_py()),
            "start": lambda *arguments: asyncio.ensure_future(attempt(bridge.start, *arguments)),
            "stop": lambda name: asyncio.ensure_future(attempt(bridge.stop, name)),
            "restart": lambda *arguments: asyncio.ensure_future(attempt(bridge.restart, *arguments)),
            "forget": bridge.forget,
            "check": lambda see, messages, now: missing(from_json(see), messages.to_py(), now),
            "resumption": lambda source: to_object(bridge.resumption(source)),
        }
    )
