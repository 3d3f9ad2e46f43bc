"""A run stores outputs whole or not at all, says which cell failed, and ends when it is told to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from streamside.catalogue import Lesson
from streamside.errors import UserError
from streamside.paths import ROOT
from streamside.site.outdated import is_current
from streamside.site.run_lessons import run
from tests.patience import PATIENCE
from tests.small_tutorial import code, markdown, write_lesson


def quiet(text: str) -> None:
    pass


def lesson(project) -> Lesson:
    return Lesson(project, "notebooks/01-a.ipynb")


def test_a_run_stores_the_outputs_and_a_second_changes_nothing(project):
    assert not is_current(lesson(project))
    run([lesson(project)], quiet)
    stored = lesson(project).file.read_bytes()
    (output,) = lesson(project).notebook["cells"][2]["outputs"]
    assert "".join(output["text"]) == "2\n"
    assert is_current(lesson(project))
    run([lesson(project)], quiet)
    assert lesson(project).file.read_bytes() == stored


SAVE = """from pathlib import Path
Path("01-a.ipynb").write_text(Path("01-a.ipynb").read_text().replace("before", "after"))"""


def test_what_its_author_saves_while_it_runs_stays(project):
    written, said = write_lesson(project, markdown("Written before."), code(SAVE)), []
    text = written.file.read_text()
    run([written], said.append)
    assert written.file.read_text() == text.replace("before", "after")
    assert not is_current(lesson(project))
    assert said[1:] == ["notebooks/01-a.ipynb was saved while it ran: the outputs of this run are not stored"]


def test_a_cell_that_fails_is_named_and_the_notebook_stays(project):
    failing = write_lesson(project, markdown("# A"), code("1 / 0"))
    before = failing.file.read_bytes()
    with pytest.raises(UserError, match=r"^notebooks/01-a\.ipynb, cell 3: ZeroDivisionError: division by zero$"):
        run([failing], quiet)
    assert failing.file.read_bytes() == before
    assert [path.name for path in failing.file.parent.iterdir()] == ["01-a.ipynb"]


def test_a_kernel_that_dies_is_said(project):
    dying = write_lesson(project, code("import os; os._exit(1)"))
    with pytest.raises(UserError, match="the kernel died"):
        run([dying], quiet)


RUN = """
import sys
from pathlib import Path
from streamside.catalogue import Lesson
from streamside.site.run_lessons import run
try:
    run([Lesson(Path(sys.argv[1]), "notebooks/01-a.ipynb")], print)
except KeyboardInterrupt:
    sys.exit(130)
"""
WAIT = """
import os, time
from pathlib import Path
Path("begun.unfinished").write_text(str(os.getpid()))
os.replace("begun.unfinished", "begun")
time.sleep(6000)
"""
WAIT_ON = "try:" + WAIT.replace("\n", "\n    ") + "\nexcept KeyboardInterrupt:\n    time.sleep(6000)\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("cell", [WAIT, WAIT_ON], ids=["a cell that waits", "a cell that does not heed it"])
def test_ctrl_c_ends_the_running_cell_and_stores_nothing(project, cell):
    waiting = write_lesson(project, code("print(1)"), code(cell))
    before, begun = waiting.file.read_bytes(), project / "notebooks/begun"
    process = subprocess.Popen([sys.executable, "-c", RUN, project], cwd=ROOT, stderr=subprocess.DEVNULL)
    for _ in polling():
        if begun.exists():
            break
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    assert waiting.file.read_bytes() == before
    with pytest.raises(ProcessLookupError):  # the kernel has gone
        os.kill(int(begun.read_text()), 0)


def polling() -> Iterator[None]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        time.sleep(0.05)
        yield
    pytest.fail("it did not begin")


def test_a_server_left_open_by_a_failed_cell_does_not_keep_the_kernel(project):
    cell = "import importlib\nfrom streamside.lab import serve\n"
    cell += "serve(importlib.import_module('examples.basic_stream'))\n1 / 0"
    with pytest.raises(UserError, match="ZeroDivisionError"):
        run([write_lesson(project, code(cell))], quiet)


def test_what_jupyterlab_left_in_a_notebook_makes_it_outdated_and_a_run_asked_for_there_mends_it(project, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "a notebook")
    write_lesson(project, markdown("# A"), code("import os\nprint(os.environ.get('JPY_SESSION_NAME'))"))
    run([lesson(project)], quiet)
    assert is_current(lesson(project))
    stored = lesson(project).file.read_text()
    assert "None\\n" in stored
    lesson(project).file.write_text(stored.replace("None\\n", "<iframe>\\n"))
    assert not is_current(lesson(project))
