"""A browser is looked for in five places, in order, and its absence is one sentence."""

import pytest

from streamside import browser
from streamside.browser import VARIABLE, NoBrowserError, find_browser

PLACES = ["from_environment", "from_path", "from_playwright", "from_playwright_install", "from_apt"]


@pytest.mark.parametrize("place", range(len(PLACES)))
def test_the_first_place_that_has_one_is_taken(place, monkeypatch):
    asked = []
    for number, name in enumerate(PLACES):
        found = f"/found/{number}" if number >= place else None
        monkeypatch.setattr(browser, name, lambda name=name, found=found: asked.append(name) or found)
    assert find_browser() == f"/found/{place}"
    assert asked == PLACES[: place + 1]


def test_none_at_all_is_said_with_the_remedy(monkeypatch):
    for name in PLACES:
        monkeypatch.setattr(browser, name, lambda: None)
    with pytest.raises(NoBrowserError, match=r"install Chromium or Google Chrome .* STREAMSIDE_BROWSER"):
        find_browser()


def test_a_variable_that_leads_nowhere_is_an_error(monkeypatch):
    monkeypatch.setenv(VARIABLE, "/nowhere/chromium")
    with pytest.raises(NoBrowserError, match="is '/nowhere/chromium', where there is no program"):
        find_browser()


def test_the_variable_comes_first(monkeypatch, tmp_path):
    program = tmp_path / "my-browser"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(program))
    assert find_browser() == str(program)


def test_path_is_searched(monkeypatch, tmp_path):
    program = tmp_path / "google-chrome"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser() == str(program)


def test_only_root_installs_with_apt(monkeypatch):
    commands = []
    monkeypatch.setattr(browser, "attempt", commands.append)
    monkeypatch.setattr(browser.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(browser.os, "geteuid", lambda: 1000, raising=False)
    assert browser.from_apt() is None
    assert commands == []
    monkeypatch.setattr(browser.os, "geteuid", lambda: 0)
    assert browser.from_apt() == "/usr/bin/chromium"
    assert [command[1] for command in commands] == ["update", "install"]
