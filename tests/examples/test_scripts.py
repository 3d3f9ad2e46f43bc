"""Every example of one file is a script that runs alone; what else holds, `streamside.site.example_rules` says."""

import runpy

import pytest
import uvicorn
import waitress
from aiohttp import web

from streamside.catalogue import Example
from streamside.paths import ROOT

SCRIPTS = sorted(path for path in (ROOT / "examples").glob("*.py") if path.name != "__init__.py")
ON_UVICORN = [path for path in SCRIPTS if not Example(path.stem, path).has_own_server]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_run_as_a_script_it_serves_its_own_app_to_this_machine_alone(script, monkeypatch, tmp_path):
    runs = []
    for server, run in ((uvicorn, "run"), (waitress, "serve"), (web, "run_app")):
        monkeypatch.setattr(server, run, lambda app, **options: runs.append((app, options)))
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path(str(script), run_name="__main__")
    [(app, options)] = runs
    assert app is names["app"]
    if script in ON_UVICORN:
        assert options.pop("host", "127.0.0.1") == "127.0.0.1"
        assert 0 < options["timeout_graceful_shutdown"] <= 5
    else:
        assert options["host"] == "127.0.0.1"
