"""An example's program becomes an application, or an error that says what is wrong with it and where."""

import asyncio
import importlib
import linecache
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from bridge.frameworks import adapt_frameworks, forget_shutdown


class ExampleError(Exception):
    """The example cannot be served; the message says why, `file` and `line` (from 1) where, if that is known."""

    def __init__(self, message: str, line: int | None = None, file: str | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.file = file


def load(name: str, example: str, files: Mapping[str, str]) -> Any:
    """Run a program and return its `app`; `files` are its texts, by path from the folder of all examples.

    It is one file, a module of the server's name, or a folder, a package. Raises `ExampleError`.
    """
    file = f"{example}.py"
    module = _execute(name, file, files[file]) if file in files else _import(name, example, files)
    if not callable(module.__dict__.get("app")):
        raise ExampleError("The example has no “app”: the server needs an ASGI application of that name.")
    return module.__dict__["app"]


def unload(name: str, example: str) -> None:
    """Forget the modules of a server's program, and remove its files."""
    sys.modules.pop(name, None)
    forget_shutdown()
    folder = str(_folder(name))
    if folder in sys.path:
        sys.path.remove(folder)
        shutil.rmtree(folder)
        for module in [each for each in sys.modules if each == example or each.startswith(f"{example}.")]:
            del sys.modules[module]


def _execute(name: str, file: str, text: str) -> ModuleType:
    module = ModuleType(name)
    module.__file__ = file
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)  # for tracebacks
    sys.modules[name] = module
    with _explained({file: file}):
        exec(compile(text, file, "exec"), module.__dict__)  # noqa: S102  # the reader's own program, in their page
    return module


def _import(name: str, example: str, files: Mapping[str, str]) -> ModuleType:
    folder = _folder(name)
    places = {str(folder / file): file for file in files}
    for place, file in places.items():
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        Path(place).write_text(files[file], encoding="utf-8")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    adapt_frameworks()
    with _explained(places):
        for place, file in places.items():
            if file.endswith(".py"):
                compile(files[file], place, "exec")  # also those that are imported later: a mistake is told now
        return importlib.import_module(example)


def _folder(name: str) -> Path:
    return Path(tempfile.gettempdir(), name)


@contextmanager
def _explained(places: Mapping[str, str]) -> Iterator[None]:
    """Make what a program raises an `ExampleError`; `places` says what its files are called for the reader."""
    try:
        yield
    except SyntaxError as error:
        message = f"{type(error).__name__}: {error.msg}"
        raise ExampleError(message, error.lineno, places.get(error.filename or "")) from error
    except ModuleNotFoundError as error:
        message = f"There is no module “{error.name}” in this page: it has the tutorial's own packages only."
        raise ExampleError(message, *_place(error, places)) from error
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | asyncio.CancelledError):
            raise
        traceback.print_exc()
        what = traceback.format_exception_only(error)[0].strip()
        raise ExampleError(what, *_place(error, places)) from error


def _place(error: BaseException, places: Mapping[str, str]) -> tuple[int | None, str | None]:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in places]
    return (frames[-1].lineno, places[frames[-1].filename]) if frames else (None, None)
