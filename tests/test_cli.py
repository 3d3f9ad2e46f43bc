"""The command line: its words and its exit status; and the package alone, which can examine and listen, and no more."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from streamside import cli
from streamside.paths import ROOT
from tests import wrong_streams


def test_the_status_says_whether_something_was_found(capsys):
    with wrong_streams.serving() as server:
        assert cli.main(["examine", "--seconds=0.2", "--header", "X: y", f"{server.url}/right"]) == 0
        assert cli.main(["examine", "--seconds=0.2", f"{server.url}/missing"]) == 1
        assert cli.main(["listen", f"{server.url}/missing"]) == 0
    assert cli.main(["examine", f"{server.url}/right"]) == 2
    assert capsys.readouterr().err.startswith(f"streamside: {server.url}/right: no answer to GET (")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["examine", "localhost"], "streamside: 'localhost': is no address of a stream; write it as in a browser's"),
        (["listen", "--header", "secret", "http://a/"], "streamside: --header: has no name; write it as in --header "),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments, said, capsys):
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert error.count("\n") == 1
    assert "secret" not in error


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_seconds_are_more_than_none(seconds, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["examine", f"--seconds={seconds}", "http://a/"])
    assert "--seconds" in capsys.readouterr().err


def test_a_pipe_that_is_closed_is_no_error(monkeypatch):
    many = wrong_streams.stream(*wrong_streams.EVENTS * 20, pause=0.02)
    monkeypatch.setitem(wrong_streams.WAYS, "many", (many, "", "", ""))
    with wrong_streams.serving() as server:
        command = [sys.executable, "-m", "streamside", "listen", f"{server.url}/many"]
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as listening:
            assert listening.stdout.readline() == "> GET /many\n"
            listening.stdout.close()
            assert listening.stderr.read() == ""
    assert listening.returncode == 0


def test_the_tutorials_words_are_known_where_it_is_installed(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    said = capsys.readouterr().out
    assert all(word in said for word in ("examine", "listen", "build", "preview", "run", "new", "check"))


def test_a_built_wheel_examines_and_listens_alone_in_an_empty_folder(tmp_path):
    """Without pip's index, packages, Node.js or repository."""
    empty, environment, wheels = tmp_path / "empty", tmp_path / "environment", tmp_path / "wheels"
    empty.mkdir()
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", wheels]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = wheels.iterdir()
    with zipfile.ZipFile(wheel) as packed:
        (metadata,) = (packed.read(name).decode() for name in packed.namelist() if name.endswith("/METADATA"))
    assert [line for line in metadata.splitlines() if line.startswith("Requires-Dist") and "extra ==" not in line] == []
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    install = ["-m", "pip", "--python", programs / "python", "install", "--quiet", "--no-index", "--no-compile", wheel]
    subprocess.run([sys.executable, *install], check=True, capture_output=True)

    def streamside(*arguments: str) -> subprocess.CompletedProcess[str]:
        variables = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ} | {"PYTHONUTF8": "1"}
        command = [programs / "streamside", *arguments]
        return subprocess.run(command, cwd=empty, env=variables, capture_output=True, text=True, encoding="utf-8")

    with wrong_streams.serving() as server:
        examined = streamside("examine", "--json", "--seconds=0.2", f"{server.url}/doubles")
        listened = streamside("listen", "--seconds=0.2", f"{server.url}/right")
    assert (examined.returncode, examined.stderr) == (1, "")
    wrong = [each["about"] for each in json.loads(examined.stdout)["findings"] if each["verdict"] == "wrong"]
    assert wrong == ["resuming"]
    assert (listened.returncode, listened.stderr) == (0, "")
    assert "│ data: 5\n" in listened.stdout
    said = streamside("--help")
    assert "The tutorial's own commands are there in a clone of it that is set up." in " ".join(said.stdout.split())
    assert streamside("build").returncode == 2
    assert list(empty.iterdir()) == []
