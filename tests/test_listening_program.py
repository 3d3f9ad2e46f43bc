"""A program that listens: what it prints, what ends it and all that it has started."""

import os
import signal
import sys

import pytest

from streamside.listening_program import ProcessError, free_port, is_taken, start
from tests.patience import PATIENCE

PARENT = """
import socket, subprocess, sys
child = "import socket, sys, time; listening = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(600)"
with subprocess.Popen([sys.executable, "-c", child, *sys.argv[1:]]):
    print("started")
"""

posix = pytest.mark.skipif(os.name == "nt", reason="signals and process groups are those of POSIX")


@posix
def test_what_a_program_has_started_ends_with_it(tmp_path):
    port = free_port()
    assert not is_taken(port)
    program = start([sys.executable, "-c", PARENT, str(port)], lambda: is_taken(port), tmp_path / "log")
    assert program.prints("started", PATIENCE)
    assert not program.ends(0)
    program.kill()
    assert program.ends(0)
    assert not is_taken(port)


@posix
def test_it_is_told_by_signals_in_its_folder_and_environment(tmp_path):
    code = "import os, pathlib; pathlib.Path('here').write_text(os.environ['WORD']); import time; time.sleep(600)"
    here, log = tmp_path / "here", tmp_path / "log"
    program = start([sys.executable, "-c", code], here.exists, log, folder=tmp_path, environment={"WORD": "hello"})
    assert program.prints("", 0)
    program.process.send_signal(signal.SIGTERM)
    assert program.ends(PATIENCE)
    assert program.process.returncode == -signal.SIGTERM
    program.kill()  # what has ended can be killed


@posix
def test_what_does_not_listen_is_told_with_its_last_words(tmp_path):
    with pytest.raises(ProcessError, match="ZeroDivisionError"):
        start([sys.executable, "-c", "1 / 0"], lambda: False, tmp_path / "log")
