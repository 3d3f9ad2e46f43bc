"""A program is held against a task: what is missing, what does not start, what does not fit."""

from dataclasses import replace

import pytest

from streamside import exercise_trial
from streamside.exercise_trial import faults, try_out
from streamside.exercises import Exercise, event, log

PROGRAM = """
import time

async def app(scope, receive, send):
    if scope["type"] == "http":
        print("asked")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
"""
TASK = Exercise(1, "made_up", "app", "Do it.", [log("asked")], "A hint.", {"asked": "told"})


def program(text: str) -> dict[str, dict[str, str]]:
    return {"files": {"made_up.py": text}, "environment": {}}


def test_what_is_missing_is_said_of_each_program():
    programs = [PROGRAM, PROGRAM.replace("asked", "told"), PROGRAM.replace("import time", "import time\n1 / 0")]
    assert try_out([(TASK, program(text)) for text in [*programs, "app ="]]) == [
        "",
        "Missing: “asked” in what Python printed (the last line is “told”).",
        "The program does not start (made_up.py, line 3): ZeroDivisionError: division by zero",
        "The program does not start (made_up.py, line 1): SyntaxError: invalid syntax",
    ]


def test_a_program_that_keeps_python_to_itself_is_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exercise_trial, "SECONDS", 2.0)
    busy = PROGRAM.replace('print("asked")', "while True: time.sleep(0.1)")
    assert try_out([(TASK, program(busy))]) == ["The program keeps Python to itself: somewhere it needs an `await`."]


def test_what_does_not_fit_is_said():
    task = Exercise(1, "made_up", "stream", "", [event()], "", {"asked": ""}, [({"nothing": ""}, "")])
    files = {"made_up.py": PROGRAM}
    assert list(faults(task, files)) == [
        "examples/made_up.py defines no 'stream'; it defines app",
        "'nothing' is 0 times in examples/made_up.py, not once",
    ]
    assert list(faults(TASK, files)) == []
    assert list(faults(TASK, {"made_up/__init__.py": "", "made_up/views.py": PROGRAM})) == [
        "the example has no file made_up.py: say with `file=` which one it is of made_up/__init__.py, made_up/views.py"
    ]


def test_a_mistake_in_a_folder_is_told_with_its_file():
    files = {"made_up/__init__.py": "from .views import app", "made_up/views.py": "app ="}
    said = try_out([(replace(TASK, file="__init__.py"), {"files": files, "environment": {}})])
    assert said == ["The program does not start (views.py, line 1): SyntaxError: invalid syntax"]
