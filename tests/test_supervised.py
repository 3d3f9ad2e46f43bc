import os
from types import ModuleType

import pytest

from streamside import supervised as module
from streamside.errors import UserError
from streamside.process import ProcessError
from streamside.supervised import supervised

posix = pytest.mark.skipif(os.name == "nt", reason="signals and limits are those of POSIX")
PROGRAM = """
import resource, signal, socket, sys
print("files:", resource.getrlimit(resource.RLIMIT_NOFILE)[0], flush=True)
signal.signal(signal.SIGTERM, HANDLER)
listening = socket.create_server(("127.0.0.1", int(sys.argv[2])))
while True:
    listening.accept()
"""


@pytest.fixture
def example(tmp_path):
    """`example(text)`: an example that is a folder, with that text as its program."""

    def write(text: str) -> ModuleType:
        folder = tmp_path / "one"
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        (folder / "__main__.py").write_text(text)
        made = ModuleType("examples.one")
        made.__file__ = str(folder / "__init__.py")
        return made

    return write


@posix
def test_it_is_started_with_its_limit_stopped_and_started_again(example):
    with supervised(example(PROGRAM), {"HANDLER": "signal.SIG_DFL"}, files=50) as service:
        first = service.pid
        assert 0 < service.stop() < module.START_SECONDS
        service.start()
        assert service.pid != first
        assert service.printed == "files: 50\n" * 2


@posix
def test_one_that_does_not_end_is_killed_when_patience_is_over(example):
    with supervised(example(PROGRAM), {"HANDLER": "signal.SIG_IGN"}) as service:
        with pytest.raises(ProcessError, match=r"did not end within 0\.1 s"):
            service.stop(patience=0.1)
        service.start()


@posix
def test_one_that_does_not_start_says_why(example):
    with pytest.raises(ProcessError, match="NameError"), supervised(example(PROGRAM)):
        pass


@posix
def test_a_text_that_is_not_there(example):
    with pytest.raises(UserError, match="has no 'x = 1'"), supervised(example(PROGRAM), {"x = 1": "x = 2"}):
        pass


def test_windows(example, monkeypatch):
    monkeypatch.setattr(module.sys, "platform", "win32")
    with pytest.raises(ProcessError, match="WSL"), supervised(example(PROGRAM)):
        pass
