"""What JupyterLab is started with; that it starts, and ends, is shown in `tests/test_setup.py`."""

from streamside.catalogue import Project
from streamside.site import jupyterlab


def test_the_whole_project_is_served_also_where_there_is_no_other_user_than_root(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(jupyterlab.setup, "run_module", lambda module: started.append(module) or 3)
    assert jupyterlab.start(Project(tmp_path), ["--no-browser"]) == 3
    assert started[0][:2] == ["jupyterlab", f"--ServerApp.root_dir={tmp_path}"]
    assert started[0][-1] == "--no-browser"
    assert [jupyterlab.options(tmp_path, as_root)[-1] == "--allow-root" for as_root in (True, False)] == [True, False]
