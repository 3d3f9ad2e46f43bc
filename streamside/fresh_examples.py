"""In a notebook, a cell that imports examples and is run again gets them anew, from their files as they are by then.

So a lesson that changes an example while it runs says the same when it is run twice, and follows who edits the example.
A folder stays as it is until the kernel ends: its framework keeps what it has registered.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from streamside.catalogue import Project, imported_examples
from streamside.errors import UserError


class Cells:
    """The cells that have been run; `forget_server` is called with the name of each example that is imported again."""

    def __init__(self, forget_server: Callable[[str], None]) -> None:
        self._forget_server = forget_server
        self._seen: set[str] = set()

    def watch(self) -> None:
        """Look on, if this is a notebook's kernel."""
        if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
            self._seen.update(text.strip() for text in shell.history_manager.input_hist_raw)
            shell.events.register("pre_run_cell", self.before)

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


def forget(name: str) -> None:
    """Have the next import read the example anew."""
    if examples := sys.modules.get("examples"):
        sys.modules.pop(f"examples.{name}", None)
        vars(examples).pop(name, None)
