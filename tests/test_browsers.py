"""Browsers are looked for in five places, in order; one that does not start is passed over; none is one sentence."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streamside.paths import ROOT
from tests import browsers
from tests.browsers import CHROMIUM, FIREFOX, NoBrowserError, find, find_all, program, program_for_pages

posix = pytest.mark.skipif(os.name == "nt", reason="The stand-ins are shell scripts.")


def write_program(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def forget(monkeypatch) -> None:
    """What the run that these tests are in has found."""
    for variable in (CHROMIUM.variable, FIREFOX.variable, "PYTEST_XDIST_WORKER"):
        monkeypatch.setenv(variable, "")  # so that it is put back
        monkeypatch.delenv(variable)


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine without browsers and without a network: PATH is this folder, and nobody is root."""
    forget(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.setattr(browsers, "PLAYWRIGHT", (str(write_program(tmp_path / "no-network", "exit 1")),))
    monkeypatch.setattr(browsers.os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.setattr(browsers, "CHROMIUM", startable("Chromium"))
    monkeypatch.setattr(browsers, "FIREFOX", startable("Firefox"))
    yield tmp_path / "bin"
    for function in (find, browsers.update_packages):
        function.cache_clear()


def startable(name: str) -> browsers.Browser:
    """One that starts if it is a program that says so."""

    def start(path: str) -> str:
        return subprocess.run([path], check=True, capture_output=True, text=True).stdout.strip()

    (kind,) = [each for each in (CHROMIUM, FIREFOX) if each.name == name]
    return dataclasses.replace(kind, start=start)


def playwrights_own(name: str) -> Path:
    return Path(browsers.aside(browsers.playwrights_place, name))


@posix
def test_one_that_does_not_start_is_passed_over(bare, capsys):
    write_program(bare / "chromium", "echo no libraries >&2; exit 127")
    good = write_program(bare / "google-chrome", "echo 1.2")
    assert find(browsers.CHROMIUM) == (str(good), "1.2")
    assert f"{bare}/chromium does not start: " in capsys.readouterr().err


@posix
def test_playwrights_own_is_tried_after_those_on_path(bare):
    own = write_program(playwrights_own("chromium"), "exit 127")
    assert find(browsers.CHROMIUM) is None
    find.cache_clear()
    write_program(own, "echo 3.4")
    assert find(browsers.CHROMIUM) == (str(own), "3.4")
    find.cache_clear()
    on_path = write_program(bare / "chromium", "echo 1.2")
    assert find(browsers.CHROMIUM) == (str(on_path), "1.2")


# What a machine's apt does: it has one lock for its lists, which is not waited for, and one for installing, which is if
# it is told so. Here somebody else has the first one for two calls.
APT = """\
echo "$@" >> "$0.calls"
case "$*" in
*update*)
  [ "$(/usr/bin/wc -l < "$0.calls")" -gt 2 ] || { echo "E: Could not get lock /var/lib/apt/lists/lock."; exit 100; } ;;
*DPkg::Lock::Timeout=*chromium | *DPkg::Lock::Timeout=*chromium-headless-shell)
  /bin/cp "$0.chromium" "${0%/*}/${*##* }" ;;
*) exit 100 ;;
esac"""


@posix
def test_root_installs_it_with_apt_and_waits_for_whoever_does_so_already(bare, monkeypatch):
    write_program(bare / "apt-get", APT)
    write_program(bare / "apt-get.chromium", "echo 5.6")
    assert find(browsers.CHROMIUM) is None
    assert not (bare / "apt-get.calls").exists()
    find.cache_clear()
    monkeypatch.setattr(browsers.os, "geteuid", lambda: 0)
    monkeypatch.setattr(browsers.time, "sleep", lambda seconds: None)
    assert find(browsers.CHROMIUM) == (str(bare / "chromium"), "5.6")
    assert [line.split()[-1] for line in (bare / "apt-get.calls").read_text().splitlines()] == [
        *["update"] * 3,
        "chromium",
        "chromium-headless-shell",
    ]


@posix
def test_what_takes_too_long_is_given_up(bare, monkeypatch, capsys):
    write_program(bare / "apt-get", "exec /bin/sleep 1000")
    monkeypatch.setattr(browsers.os, "geteuid", lambda: 0)
    monkeypatch.setattr(browsers, "INSTALLING", 0.2)
    assert find(browsers.CHROMIUM) is None
    assert "that failed: not done after 0 s" in capsys.readouterr().err


@posix
def test_none_at_all_is_said_with_the_remedy(bare):
    with pytest.raises(NoBrowserError, match=r"there is no Chromium .*: install one .* STREAMSIDE_BROWSER$"):
        program(browsers.CHROMIUM)
    with pytest.raises(NoBrowserError, match="there is no Chromium"):
        find_all()


@posix
def test_the_variable_comes_first_and_one_that_is_no_good_is_an_error(bare, monkeypatch):
    write_program(bare / "chromium", "echo 1.2")
    monkeypatch.setenv(CHROMIUM.variable, str(write_program(bare / "mine", "echo 7.8")))
    assert find(browsers.CHROMIUM) == (str(bare / "mine"), "7.8")
    find.cache_clear()
    monkeypatch.setenv(CHROMIUM.variable, "/nowhere/chromium")
    with pytest.raises(
        NoBrowserError, match="STREAMSIDE_BROWSER is '/nowhere/chromium', which does not start: correct"
    ):
        find(browsers.CHROMIUM)


@posix
def test_both_are_found_once_and_told_to_the_workers(bare, monkeypatch):
    write_program(bare / "chromium", "echo 1.2")
    assert find_all() == f"browsers: Chromium 1.2 ({bare}/chromium), no Firefox: tests skipped"
    assert os.environ[FIREFOX.variable] == ""
    find.cache_clear()
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    write_program(bare / "chromium", "exit 1")
    assert program(browsers.CHROMIUM) == str(bare / "chromium"), "a worker does not look itself"
    with pytest.raises(NoBrowserError, match="there is no Firefox"):
        program(browsers.FIREFOX)


@posix
def test_pages_are_shown_by_the_shell_beside_the_chromium_that_is_used(bare, monkeypatch):
    write_program(bare / "chromium", "echo 1.2")
    assert program_for_pages() == str(bare / "chromium")
    shell = write_program(bare / "chromium-headless-shell")
    assert program_for_pages() == str(shell)
    assert find_all().startswith(
        f"browsers: Chromium 1.2 ({bare}/chromium), its shell for most pages ({shell}), no Firefox"
    )
    monkeypatch.setenv(CHROMIUM.variable, str(write_program(bare.parent / "mine", "echo 7.8")))
    find.cache_clear()
    assert program_for_pages() == str(bare.parent / "mine")


@posix
def test_without_a_firefox_wanted_none_is_looked_for(bare, monkeypatch):
    write_program(bare / "firefox", "echo 1.2")
    monkeypatch.setenv(FIREFOX.variable, "")
    assert find(browsers.FIREFOX) is None


@posix
def test_playwrights_own_is_found_while_playwright_runs(browser, tmp_path, monkeypatch):
    """As by the benchmarks, which look for it then."""
    real = program(CHROMIUM)
    forget(monkeypatch)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    own = playwrights_own("chromium")
    own.parent.mkdir(parents=True)
    own.symlink_to(real)
    assert program(dataclasses.replace(CHROMIUM, programs=())) == str(own)


SMALL = """
from streamside.site import render_site
from tests import browsers
from tests.conftest import pytest_sessionfinish, pytest_sessionstart

render_site.render = lambda root: None
browsers.find_all = lambda: "browsers: Chromium 1.2"

def pytest_addoption(parser):
    parser.addoption("--numprocesses", type=int)
"""


def test_the_last_line_of_a_run_with_workers_names_the_browsers(tmp_path):
    """Of one that is told to have some, and has none: they would take time, and print nothing."""
    (tmp_path / "conftest.py").write_text(SMALL)
    (tmp_path / "test_small.py").write_text("def test_small(): pass")
    command = [sys.executable, "-m", "pytest", "--numprocesses=1", "--rootdir", tmp_path, tmp_path]
    named = {"STREAMSIDE_NGINX": "", "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | named, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "browsers: Chromium 1.2; no nginx: its tests skipped", (
        done.stdout + done.stderr
    )
