"""What stands for what a page lacks: a server by the name of `uvicorn`, and threads."""

import asyncio
import sys
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from bridge.output import printing


def adapt() -> None:
    """Give Python what it lacks in a page: `uvicorn` by name, and functions that run where threads would."""
    uvicorn, main = ModuleType("uvicorn"), ModuleType("uvicorn.main")
    # Never called: a page serves `app` itself. FastHTML looks `run` up to serve, and `Server` to hear of the shutdown.
    uvicorn.__dict__.update(run=lambda *_arguments, **_options: None, main=main)
    main.__dict__["__getattr__"] = lambda _name: uvicorn_server(printing.get())
    sys.modules.update({"uvicorn": uvicorn, "uvicorn.main": main})

    import anyio.to_thread

    anyio.to_thread.run_sync = run_in_place  # type: ignore[assignment]


@cache
def uvicorn_server(_name: str | None) -> type:
    """What stands for the class `uvicorn.main.Server`, of which `fasthtml.signal_shutdown` replaces `handle_exit`.

    Each server has one to itself: replacing it twice would make the first one deaf.
    """
    return type("Server", (), {"force_exit": False, "handle_exit": lambda *_: None})


async def run_in_place(function: Callable[..., Any], *arguments: Any, **_options: Any) -> Any:
    """What stands for `anyio.to_thread.run_sync`: a page has no threads. Others run first, as with a thread."""
    await asyncio.sleep(0)
    return function(*arguments)
