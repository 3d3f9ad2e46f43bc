"""What containers are set up with is what this project's lock files and README say."""

import json
import os
import re

from streamside.paths import ROOT


def test_a_development_container_is_set_up_by_the_projects_own_command():
    about = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    assert about["postCreateCommand"] == "python -m streamside.setup"
    assert re.fullmatch(r"python:3\.\d+-\w+", about["image"])


def test_binder_gets_the_locked_packages_and_readmes_two_commands():
    (line,) = (ROOT / ".binder/requirements.txt").read_text().splitlines()
    assert (ROOT / ".binder" / line.removeprefix("-r ")).resolve() == ROOT / "requirements.lock"
    script = ROOT / ".binder/postBuild"
    assert os.name == "nt" or os.access(script, os.X_OK)
    commands = " && ".join(script.read_text().splitlines()[-2:])
    assert f"`{commands}`" in (ROOT / "README.md").read_text(encoding="utf-8")
