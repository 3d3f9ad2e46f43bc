"""The archives of modules: one of what examples import, one of the rest, fetched when the first of those is."""

import asyncio
import importlib
import importlib.abc
import importlib.machinery
import sys
import zipimport
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from types import ModuleType

ARCHIVE = f"/lib/python{sys.version_info[0]}{sys.version_info[1]}.zip"  # where the modules come from in a page


@cache
def archived() -> frozenset[str]:
    """The names of all modules that there are to fetch."""
    return frozenset(__loader__.get_data(f"{ARCHIVE}/modules.txt").decode().split())  # type: ignore[name-defined]


def module_name(file: str) -> str:
    """`email/mime/text.pyc` → `email.mime.text`."""
    return file.rpartition(".")[0].removesuffix("/__init__").replace("/", ".")


async def import_ahead() -> None:
    """Import what examples import, one module after the other: a program that comes meanwhile waits for one at most.

    After a start from a snapshot there is no archive, and nothing to do.
    """
    files = [*zipimport._zip_directory_cache.get(ARCHIVE, {})]  # type: ignore[attr-defined]
    for file in files:
        with suppress(Exception):  # such as what is for another system
            importlib.import_module(module_name(file))
        await asyncio.sleep(0)


class Rest(importlib.abc.MetaPathFinder):
    """Finds the modules that examples hardly ever import: has the whole archive fetched when the first of them is."""

    def __init__(self, names: frozenset[str], fetch: Callable[[], object]) -> None:
        self._names = names
        self._fetch = fetch  # puts the archive where Python's own finder looks for it

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """As any finder: where the module is, or None."""
        if fullname not in self._names:
            return None
        self._names = frozenset()
        self._fetch()
        importlib.invalidate_caches()
        return importlib.machinery.PathFinder.find_spec(fullname, path, target)
