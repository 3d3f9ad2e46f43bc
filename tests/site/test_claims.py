"""Whether an example runs in a page is tried out with the packages of the environment in use, wherever that is."""

import shutil

from streamside import catalogue
from streamside.catalogue import ROOT
from streamside.site import claims


def test_the_packages_are_those_of_the_environment_in_use(tmp_path, monkeypatch):
    """In a project without `.venv`, as in conda's."""
    for folder in ("examples", "blog/live", "streamside"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for lock in ("requirements.lock", "package-lock.json"):
        shutil.copy(ROOT / lock, tmp_path)
    monkeypatch.setattr(claims, "ROOT", tmp_path)
    monkeypatch.setattr(claims, "CACHE", tmp_path / ".cache")
    examples = [each for each in catalogue.examples(tmp_path) if each.name == "basic_stream"]
    assert claims.try_out(examples) == {"basic_stream": None}
