"""Programs in Pyodide under Node.js: what they find there, and what is said when they fail."""

from pathlib import Path

import pytest

from streamside.errors import UserError
from streamside.site.pyodide import runner


def test_a_program_finds_the_folders_and_leaves_files_there_and_its_failure_is_said(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/question").write_text("6 * 7")
    program = tmp_path / "program.py"
    program.write_text(
        "from pathlib import Path\n"
        "async def main():\n"
        "    Path('/work/answer').write_text(str(eval(Path('/data/question').read_text())))\n"
        "    raise SystemError('of its own')\n"
    )
    with pytest.raises(UserError, match=r"(?s)^program\.py: failed in Pyodide:.*of its own"):
        runner.run(program, {"/work": tmp_path, "/data": tmp_path / "data"})
    assert (tmp_path / "answer").read_text() == "42"
