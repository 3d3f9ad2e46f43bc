"""A program that imports examples and asks each for its page; `example_rules` starts it, in a folder of its own.

To stdout a JSON list of what each did: the error that kept it from being imported, with file and line; or what it did
beside, its page, and its status.
"""

import importlib
import json
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from streamside import client, example_script
from streamside.catalogue import Example
from streamside.errors import UserError
from streamside.listening_program import ProcessError
from streamside.server import ServerError, serve

SECONDS = 10.0  # for an answer
SUSPICIOUS = ("socket.connect", "socket.bind", "subprocess", "os.system", "urllib")
OF_LIBRARIES = {".sesskey"}  # FastHTML's, for its sessions

_done: list[str] = []


def note(event: str, args: tuple[Any, ...]) -> None:
    """An audit hook: what an import does beside defining things."""
    if event.startswith(SUSPICIOUS):
        _done.append(event)
    if event == "open" and isinstance(args[2], int) and args[2] & 3 and Path(str(args[0])).name not in OF_LIBRARIES:
        _done.append(f"it opens {args[0]} for writing")


def visit(path: Path) -> dict[str, Any]:
    """Import an example by its own name, as `python examples/NAME.py` would, and ask it for its page."""
    _done.clear()
    threads = threading.active_count()
    try:
        module = importlib.import_module(path.stem)
    except BaseException as error:
        own = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if path in (Path(frame.filename), *Path(frame.filename).parents)
        ]
        place = {"file": own[-1].filename, "line": own[-1].lineno} if own else {"file": None, "line": None}
        return {"error": f"{type(error).__name__}: {error}", **place}
    work = [*_done, *(["it starts a thread"] if threading.active_count() > threads else [])]
    if not hasattr(module, "app"):
        return {"error": "it defines no `app`", "file": None, "line": None}
    try:
        with served(path, module) as url:
            answer = client.record(url, seconds=SECONDS)
    except (ServerError, ProcessError, UserError) as error:
        return {"error": str(error), "file": None, "line": None}
    return {"work": work, "status": answer.status, "page": answer.body.decode("utf-8", "replace")}


@contextmanager
def served(path: Path, module: ModuleType) -> Iterator[str]:
    """The example's address, while it is served: by us, or by its own server where its `app` is not ASGI's."""
    if Example(path.stem, path).has_own_server:
        with example_script.running(module) as script:
            yield script.url
    else:
        with serve(module.app) as server:
            yield server.url


def main() -> None:
    """Visit the examples at the paths that the command line has."""
    with suppress(ImportError):
        import fasthtml.common  # noqa: F401  # what the libraries do is theirs
    tempfile.gettempdir()  # which tries, once, where it can write
    sys.dont_write_bytecode = True
    paths = [Path(argument) for argument in sys.argv[1:]]
    sys.path[:0] = list(dict.fromkeys(str(path.parent) for path in paths))
    sys.addaudithook(note)
    with redirect_stdout(sys.stderr):
        told = [visit(path) for path in paths]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
