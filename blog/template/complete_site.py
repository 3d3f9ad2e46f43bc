"""Quarto runs this when it has rendered, with any Python: it goes on in the project's own, set up if need be."""

import importlib
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[2])
try:
    complete = importlib.import_module("streamside.site.quarto_post_render").main
except ModuleNotFoundError:
    setup = importlib.import_module("streamside.setup")
    sys.exit(setup.main(["streamside.site.quarto_post_render"]))
sys.exit(complete())
