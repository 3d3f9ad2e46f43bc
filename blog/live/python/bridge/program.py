"""An example's program becomes an application, or an error that says what is wrong with it and where."""

import asyncio
import linecache
import sys
import traceback
from types import ModuleType
from typing import Any


class ExampleError(Exception):
    """The example cannot be served; the message says why, `line` where (from 1) if it is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def load(name: str, example: str, program: str) -> Any:
    """Run a program as a module and return its `app`. Raises `ExampleError` with the line where it went wrong."""
    file = f"{example}.py"
    module = ModuleType(name)
    module.__file__ = file
    linecache.cache[file] = (len(program), None, program.splitlines(keepends=True), file)  # for tracebacks
    sys.modules[name] = module
    try:
        exec(compile(program, file, "exec"), module.__dict__)  # noqa: S102  # the reader's own program, in their page
    except SyntaxError as error:
        raise ExampleError(f"{type(error).__name__}: {error.msg}", error.lineno) from error
    except ModuleNotFoundError as error:
        message = f"There is no module “{error.name}” in this page: it has the tutorial's own packages only."
        raise ExampleError(message, _line_in(file, error)) from error
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | asyncio.CancelledError):
            raise
        traceback.print_exc()
        what = traceback.format_exception_only(error)[0].strip()
        raise ExampleError(what, _line_in(file, error)) from error
    if not callable(module.__dict__.get("app")):
        raise ExampleError("The example has no “app”: the server needs an ASGI application of that name.")
    return module.__dict__["app"]


def _line_in(file: str, error: BaseException) -> int | None:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None
