"""In a notebook, a cell that imports examples and is run again gets them anew, from their files as they are by then.

So a lesson that changes an example while it runs says the same when it is run twice, and follows who edits the example.
A folder stays as it is until the kernel ends: its framework keeps what it has registered. What has been edited since it
was imported is known.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

from streamside.catalogue import Project, imported_examples
from streamside.errors import UserError


class Cells:
    """The cells that have been run; `forget_server` is called with the name of each example that is imported again."""

    def __init__(self, forget_server: Callable[[str], None]) -> None:
        self._forget_server = forget_server
        self._seen: set[str] = set()
        self._read: dict[str, tuple[ModuleType, bytes]] = {}  # what was imported, and what its files said by then

    def watch(self) -> None:
        """Look on, if this is a notebook's kernel."""
        if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
            self._seen.update(text.strip() for text in shell.history_manager.input_hist_raw)
            shell.events.register("pre_run_cell", self.before)
            shell.events.register("post_run_cell", self.after)

    def before(self, info: Any) -> None:
        """A cell is about to run: what it imports once more is forgotten."""
        cell = str(info.raw_cell).strip()
        if cell in self._seen:
            with suppress(UserError):  # a cell that is no Python says so itself
                for name in imported_examples(cell, "a cell"):
                    if not Project().example(name).is_folder:
                        self._forget_server(name)
                        forget(name)
        self._seen.add(cell)

    def after(self, _result: object) -> None:
        """A cell has run: what its examples' files say is what it has imported."""
        for example in Project().examples:
            module = sys.modules.get(f"examples.{example.name}")
            if module and (example.name not in self._read or self._read[example.name][0] is not module):
                self._read[example.name] = module, _said(example.name)

    def remedy(self, name: str) -> str:
        """What to do to have the example as its files are now; empty if that is the one that was imported."""
        if name not in self._read or _said(name) == self._read[name][1]:
            return ""
        return "restart the kernel" if Project().example(name).is_folder else "run the cell that imports it again"


def _said(name: str) -> bytes:
    """What an example's files say."""
    with suppress(UserError, OSError):  # it may be on its way from an editor
        return b"".join(path.read_bytes() for path in Project().example(name).files)
    return b""


def forget(name: str) -> None:
    """Have the next import read the example anew."""
    if examples := sys.modules.get("examples"):
        sys.modules.pop(f"examples.{name}", None)
        vars(examples).pop(name, None)
