"""Where an nginx comes from, and what is said where none does."""

from pathlib import Path

import pytest

from streamside import nginx_program
from streamside.errors import UserError


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without nginx, with an empty cache; its folder for programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.delenv(nginx_program.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(nginx_program, "PLACES", ())
    monkeypatch.setattr(nginx_program, "UNPACKED", tmp_path / "cache/nginx")
    monkeypatch.setattr(nginx_program, "_found", nginx_program._found.__wrapped__)
    return programs


def write(folder: Path, name: str, text: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{text}\n")
    program.chmod(0o755)
    return program


# Stand-ins for Debian's: a download is a file, and what is unpacked from it a program.
DOWNLOAD = """
case $* in
*update*) touch updated;;
*) {when}touch nginx_1_amd64.deb;;
esac
"""
EXTRACT = (
    'mkdir -p "$3/usr/sbin" && printf \'#!/bin/sh\\n{text}\\n\' > "$3/usr/sbin/nginx" && chmod +x "$3/usr/sbin/nginx"'
)


def test_the_machines_own_is_taken_if_it_starts(bare: Path):
    broken = write(bare, "nginx", "exit 127")
    with pytest.raises(UserError):
        nginx_program.find()
    broken.unlink()
    own = write(bare, "nginx", "exit 0")
    assert nginx_program.find() == str(own)


def test_debians_is_unpacked_once_and_said_in_one_line(bare: Path, capfd):
    write(bare, "apt-get", DOWNLOAD.format(when=""))
    write(bare, "dpkg-deb", EXTRACT.format(text="exit 0"))
    path = nginx_program.find()
    assert path == str(nginx_program.UNPACKED / "usr/sbin/nginx")
    assert capfd.readouterr().err == "streamside: no nginx yet: apt-get download nginx …\n"
    assert nginx_program.find() == path
    assert capfd.readouterr().err == ""
    assert [each.name for each in nginx_program.UNPACKED.parent.iterdir()] == ["nginx"]


@pytest.mark.parametrize("user", [0, 1000])
def test_only_root_brings_the_lists_of_packages_up_to_date(bare: Path, user: int, monkeypatch):
    monkeypatch.setattr(nginx_program.os, "geteuid", lambda: user)
    write(bare, "apt-get", DOWNLOAD.format(when="test -e updated && "))
    write(bare, "dpkg-deb", EXTRACT.format(text="exit 0"))
    if user:
        with pytest.raises(UserError):
            nginx_program.find()
    else:
        assert nginx_program.find()


def test_one_that_lacks_a_library_is_none(bare: Path):
    write(bare, "apt-get", DOWNLOAD.format(when=""))
    write(bare, "dpkg-deb", EXTRACT.format(text="exit 127"))
    with pytest.raises(UserError, match="there is none; install it so that `nginx` is on PATH"):
        nginx_program.find()
    assert not nginx_program.UNPACKED.exists()


def test_one_that_is_named_is_not_looked_for(bare: Path, monkeypatch):
    monkeypatch.setenv(nginx_program.VARIABLE, "/somewhere/nginx")
    assert nginx_program.find() == "/somewhere/nginx"
    monkeypatch.setenv(nginx_program.VARIABLE, "")
    with pytest.raises(UserError, match="STREAMSIDE_NGINX"):
        nginx_program.find()
