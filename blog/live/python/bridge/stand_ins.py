"""What stands for what a page lacks: a server by the name of `uvicorn`, and threads."""

import sys
from functools import cache
from types import ModuleType

from bridge.in_place import run_in_place
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
