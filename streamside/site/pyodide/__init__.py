"""The room for Pyodide, the interpreter that the pages bring: what runs in it here, under Node.js.

`runner` starts the programs of `programs/`, which run in there and import nothing from here; `example_trial` is for the
checker, `site/bundle.py` makes with them what a page needs.
"""
