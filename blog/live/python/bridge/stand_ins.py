"""What stands for what a page lacks: a server by the name of `uvicorn`, threads, and httpx2's sockets."""

import sys
from functools import cache
from types import ModuleType

from bridge.in_place import run_in_place
from bridge.output import printing
from bridge.own_requests import Transport


def adapt() -> None:
    """Give Python what it lacks in a page: `uvicorn` by name, and functions that run where threads would."""
    uvicorn, main = ModuleType("uvicorn"), ModuleType("uvicorn.main")
    # Never called: a page serves `app` itself. FastHTML looks `run` up to serve, and `Server` to hear of the shutdown.
    uvicorn.__dict__.update(run=lambda *_arguments, **_options: None, main=main)
    main.__dict__["__getattr__"] = lambda _name: uvicorn_server(printing.get())
    sys.modules.update({"uvicorn": uvicorn, "uvicorn.main": main})
    adapt_httpx2()

    import anyio.to_thread

    anyio.to_thread.run_sync = run_in_place  # type: ignore[assignment]


def adapt_httpx2() -> None:
    """Give httpx2 another transport: in a page it would look for `httpx2_jsfetch`, elsewhere for its own module."""
    version, jsfetch, default = map(ModuleType, ("httpx2.__version__", "httpx2_jsfetch", "httpx2._transports.default"))
    version.__dict__.update(__title__="httpx2", __description__="", __version__="in a page")  # it asks the installer
    jsfetch.__dict__.update(AsyncJavascriptFetchTransport=Transport, JavascriptFetchTransport=Transport)
    default.__dict__.update(AsyncHTTPTransport=Transport, HTTPTransport=Transport)
    sys.modules.update({module.__name__: module for module in (version, jsfetch, default)})


@cache
def uvicorn_server(_name: str | None) -> type:
    """What stands for the class `uvicorn.main.Server`, of which `fasthtml.signal_shutdown` replaces `handle_exit`.

    Each server has one to itself: replacing it twice would make the first one deaf.
    """
    return type("Server", (), {"force_exit": False, "handle_exit": lambda *_: None})
