"""In Pyodide: imports all that the examples import; of the memory as it is then, a snapshot is taken."""

import gc
import importlib
import sys
import zipimport
from contextlib import suppress
from pathlib import Path

import bridge  # type: ignore[import-not-found]  # blog/live/python/bridge: in there it is a module like any other


def main() -> None:
    """Import the modules whose files /work/imports.txt names, and forget the archive: a snapshot has no files."""
    bridge.adapt()  # some modules ask for what a page lacks
    for file in Path("/work/imports.txt").read_text().split():
        with suppress(ImportError):  # such as what is for another system
            importlib.import_module(bridge.module_name(file))
    bridge.archived()  # while the list can be read
    zipimport._zip_directory_cache.clear()  # type: ignore[attr-defined]
    sys.path_importer_cache.clear()
    gc.collect()
    gc.freeze()  # none of this need be looked at by the collections of a start
