"""Tries programs out against tasks: another process visits each, and what was seen is held against the task."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from tempfile import TemporaryDirectory

from streamside.definitions import definitions
from streamside.errors import UserError
from streamside.exercises import Exercise, Files, missing
from streamside.paths import ROOT

SECONDS = 10.0  # for a visit, which takes a twentieth of one: what takes longer keeps Python to itself


def faults(exercise: Exercise, files: Files) -> Iterator[str]:
    """What is wrong with a task that is set on this example."""
    if exercise.path not in files:
        yield f"the example has no file {exercise.path}: say with `file=` which one it is of {', '.join(files)}"
        return
    defined = definitions(files[exercise.path])
    if exercise.definition not in defined:
        yield f"examples/{exercise.path} defines no {exercise.definition!r}; it defines {', '.join(defined)}"
    for changes in (exercise.solution, *(changes for changes, _ in exercise.wrong)):
        try:
            exercise.edited(files, changes)
        except ValueError as error:
            yield str(error)


def try_out(attempts: Sequence[tuple[Exercise, Mapping[str, Files]]]) -> list[str]:
    """For each task with a program: what is missing yet, in one sentence; empty where the task is solved.

    A program is what `catalogue.Example.program` tells.
    """
    asked = [
        {"example": task.example, **program, "do": list(task.do), "seconds": task.seconds} for task, program in attempts
    ]
    try:
        with TemporaryDirectory() as folder:  # for what programs write, and those that are folders themselves
            done = subprocess.run(
                [sys.executable, "-m", "streamside.visitor"],
                input=json.dumps(asked),
                capture_output=True,
                text=True,
                encoding="utf-8",
                cwd=ROOT,
                env=os.environ | {"TMPDIR": folder},
                timeout=SECONDS * len(asked),
            )
    except subprocess.TimeoutExpired:
        return ["The program keeps Python to itself: somewhere it needs an `await`."] * len(asked)
    if done.returncode:
        raise UserError("a visit to an example", f"failed:\n{done.stderr.strip()}")
    return [_verdict(task, seen) for (task, _), seen in zip(attempts, json.loads(done.stdout), strict=True)]


def _verdict(task: Exercise, seen: dict[str, object]) -> str:
    if "error" in seen:
        file = PurePosixPath(str(seen["file"] or task.path)).name
        line = f", line {seen['line']}" if seen["line"] else ""
        return f"The program does not start ({file}{line}): {seen['error']}"
    return missing(task.see, seen["messages"], seen["now"])  # type: ignore[arg-type]
