"""An example in a process of its own: it tells its port and what it prints, and leaves nothing."""

import asyncio
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

from streamside.example_process import PORT, ExampleProcess
from streamside.paths import ROOT
from tests.patience import PATIENCE

PROGRAM = """
import os

print("read")

async def app(scope, receive, send):
    if scope["type"] == "http":
        print("asked")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": os.environ["GREETING"].encode()})
"""


def test_it_runs_the_files_that_it_gets_in_an_environment_of_its_own():
    said: list[str] = []

    async def run() -> tuple[str, bytes, Path]:
        process = ExampleProcess("made_up", {"made_up.py": PROGRAM}, {"GREETING": "hello"})
        last = await process.start(said.append)
        answer = await asyncio.to_thread(lambda: urlopen(f"http://127.0.0.1:{process.port}", timeout=PATIENCE).read())
        await process.stop()
        return last, answer, Path(process._folder.name)

    last, answer, folder = asyncio.run(run())
    assert (last, answer, said) == ("", b"hello", ["read", "asked"])
    assert not folder.exists()


def test_what_keeps_it_from_starting_is_told_and_the_traceback_printed():
    said: list[str] = []
    process = ExampleProcess("made_up", {"made_up.py": "\n1 / 0"}, {})
    assert asyncio.run(process.start(said.append)) == "ZeroDivisionError: division by zero"
    assert any(line.endswith('examples/made_up.py", line 2, in <module>') for line in said)


def test_it_ends_with_whoever_started_it(tmp_path: Path):
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples/__init__.py").touch()
    (tmp_path / "examples/made_up.py").write_text("async def app(scope, receive, send): ...")
    command = [sys.executable, "-m", "streamside.example_process", tmp_path, "made_up"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith(PORT)
    process.stdin.close()
    assert process.wait(PATIENCE) is not None
    process.stdout.close()
