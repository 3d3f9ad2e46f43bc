import importlib
import sys
from types import ModuleType

import fasthtml.core

import examples


def test_an_example_in_a_notebook_is_the_one_that_runs_elsewhere(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    monkeypatch.setattr(fasthtml.core, "IN_NOTEBOOK", True)
    importlib.reload(examples)
    app = fasthtml.core.FastHTML(default_hdrs=False, secret_key="of no use")
    assert app.hdrs == []
