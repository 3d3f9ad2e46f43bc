"""Lessons are run when what they depend on has changed, and their stored outputs are stable."""

import json
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
from streamside.site.volatile_outputs import same
from tests.patience import PATIENCE
from tests.small_tutorial import EXAMPLE, code, markdown, write_lesson


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


@pytest.mark.parametrize("path", ["examples/one.py", "streamside/lab.py", "requirements.lock"])
def test_a_lesson_is_outdated_when_an_input_has_changed(project, path):
    write_lesson(project, code("import sys\nif 0:\n    from examples import one"))
    run([lesson(project)], quiet)
    assert is_current(lesson(project))
    (project / path).write_text(EXAMPLE + "# changed\n")
    assert not is_current(lesson(project))


def change(project, cell: int, source: str) -> None:
    notebook = json.loads(lesson(project).file.read_text())
    notebook["cells"][cell]["source"] = source
    lesson(project).file.write_text(json.dumps(notebook))


def test_a_lesson_is_outdated_when_its_code_has_changed(project):
    run([lesson(project)], quiet)
    change(project, 2, "print(1 + 2)")
    assert not is_current(lesson(project))


def test_a_changed_sentence_needs_no_run(project):
    run([lesson(project)], quiet)
    change(project, 1, "# A, but better")
    assert is_current(lesson(project))


def test_a_lesson_that_reads_its_own_prose_is_outdated_when_that_has_changed(project):
    reads = "path = 'notebooks/01-a.ipynb'"
    run([write_lesson(project, markdown("# A"), code(reads))], quiet)
    assert is_current(lesson(project))
    change(project, 1, "# A, but better")
    assert not is_current(lesson(project))


def test_modification_times_and_unrelated_files_do_not_count(project):
    run([lesson(project)], quiet)
    (project / "examples/one.py").touch()
    (project / "examples/two.py").write_text("")
    assert is_current(lesson(project))


def test_the_table_of_contents_counts_where_it_is_shown(project):
    shows = write_lesson(project, code("def contents(): pass\ncontents()"))
    run([shows], quiet)
    (project / "_quarto.yml").write_text((project / "_quarto.yml").read_text() + "          - text: Later\n")
    assert not is_current(lesson(project))


def test_line_ends_do_not_count(project):
    """Git writes files with CRLF where `core.autocrlf` is true."""
    write_lesson(project, code("import sys\nif 0:\n    from examples import one, two"))
    (project / "examples/two").mkdir()
    (project / "examples/two/__init__.py").write_text("a = 1\nb = 2\n")
    run([lesson(project)], quiet)
    for path in (path for path in project.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert is_current(lesson(project))


def test_bytes_that_are_no_text_count_as_they_are(project):
    write_lesson(project, code("if 0:\n    from examples import two"))
    (project / "examples/two").mkdir()
    (project / "examples/two/__init__.py").write_text("")
    (project / "examples/two/data.bin").write_bytes(b"\0\r\n")
    run([lesson(project)], quiet)
    (project / "examples/two/data.bin").write_bytes(b"\0\n")
    assert not is_current(lesson(project))


@pytest.mark.parametrize("name", [".DS_Store", ".idea/workspace.xml", "Thumbs.db", "__pycache__/views.pyc"])
def test_files_that_systems_and_editors_leave_do_not_count(project, name):
    write_lesson(project, code("if 0:\n    from examples import two"))
    (project / "examples/two").mkdir()
    (project / "examples/two/__init__.py").write_text("")
    run([lesson(project)], quiet)
    (project / "examples/two" / name).parent.mkdir(exist_ok=True)
    (project / "examples/two" / name).write_bytes(b"\0")
    assert is_current(lesson(project))


def test_a_page_without_code_needs_no_run(project):
    assert is_current(write_lesson(project, markdown("# A")))


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


TRANSCRIPT = "< 200 OK\n<\n0.0 s │ data: {data}\n{time} ■ The client closed the connection."


def output(kind: str, text: str) -> dict:
    return {"output_type": "display_data", "data": {kind: text}}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("text/plain", TRANSCRIPT.replace("{data}", "x")),
        ("text/html", '<span class="time">{time}</span> <span aria-hidden="true">│</span> data: x'),
        ("text/markdown", "| Time | Type |\n| --- | --- |\n| {time} | message |"),
    ],
)
def test_outputs_that_differ_in_shown_times_are_the_same(kind, text):
    assert same(output(kind, text.replace("{time}", "0.5 s")), output(kind, text.replace("{time}", "0.6 s")))
    assert not same(output(kind, text.replace("{time}", "0.5 s")), output(kind, text.replace("{time}", "0.5 s.")))


@pytest.mark.parametrize(
    ("kind", "together", "apart"),
    [
        ("text/plain", "0.5 s │ : x\n      │ data: y", "0.5 s │ : x\n0.6 s │ data: y"),
        (
            "text/html",
            '      <span aria-hidden="true">│</span> data: y',
            '<span class="time">0.6 s</span> <span aria-hidden="true">│</span> data: y',
        ),
        ("text/html", r'[[500, ": x\n\ndata: y\n\n"]]', r'[[500, ": x\n\n"], [600, "data: y\n\n"]]'),
    ],
)
def test_whether_two_lines_share_a_time_is_the_same(kind, together, apart):
    assert same(output(kind, together), output(kind, apart))
    assert not same(output(kind, together), output(kind, apart.replace("y", "z")))


def test_recordings_that_differ_in_times_are_the_same_and_in_data_are_not():
    recorded = '{"chunks": [[500, "data: 12"]], "start": 0, "end": %d}'
    assert same(output("text/html", recorded % 500), output("text/html", recorded % 600))
    assert not same(output("text/html", recorded % 500), output("text/html", (recorded % 500).replace("12", "13")))


def test_times_in_prose_and_data_count():
    assert not same(output("text/plain", "it took 0.5 s"), output("text/plain", "it took 0.6 s"))
