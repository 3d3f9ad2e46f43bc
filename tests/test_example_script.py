import os
from types import ModuleType
from urllib.request import urlopen

import pytest

from streamside import listening_program
from streamside.errors import UserError
from streamside.example_script import running
from streamside.listening_program import ProcessError
from tests.patience import PATIENCE

posix = pytest.mark.skipif(os.name == "nt", reason="signals and process groups are those of POSIX")

PROGRAM = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        print("asked")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

try:
    HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.fixture
def example(tmp_path):
    """`example(text)`: an example of that text."""

    def write(text: str) -> ModuleType:
        module = ModuleType("examples.one")
        module.__file__ = str(tmp_path / "one.py")
        (tmp_path / "one.py").write_text(text)
        return module

    return write


@posix
def test_a_script_with_a_change_serves_prints_and_hears_ctrl_c(example):
    with running(example(PROGRAM), {"hello": "good morning"}) as script:
        with urlopen(script.url) as answer:
            assert answer.read() == b"good morning"
        assert script.prints("asked", PATIENCE)
        assert not script.prints("interrupted", 0)
        assert not script.ends(0)
        script.interrupt()
        assert script.ends(PATIENCE)
        assert script.printed.endswith("interrupted\n")


@posix
def test_what_does_not_listen_is_told_with_its_last_words(example, monkeypatch):
    with pytest.raises(ProcessError, match="ZeroDivisionError"), running(example("1 / 0")):
        pass
    monkeypatch.setattr(listening_program, "START_SECONDS", 0.1)
    with pytest.raises(ProcessError), running(example("import time; time.sleep(60)")):
        pass


@posix
def test_a_text_that_is_not_there_cannot_be_changed(example):
    with (
        pytest.raises(UserError, match=r"examples.one: has no 'good evening'"),
        running(example(""), {"good evening": ""}),
    ):
        pass
