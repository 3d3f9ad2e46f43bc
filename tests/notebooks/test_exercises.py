"""Every task can be solved as its lesson says, and by nothing less."""

import pytest

from streamside.catalogue import Project
from streamside.exercise_trial import try_out

WRONG_ATTEMPTS = 2
PARTS = 4  # of the lessons, for as many workers: each starts a program of its own


@pytest.mark.parametrize("part", range(PARTS))
def test_only_the_solution_of_each_task_passes_and_wrong_attempts_are_told_what_they_lack(part: int):
    project = Project()
    attempts, expected = [], []
    for lesson in [*project.lessons][part::PARTS]:
        for task in lesson.exercises:
            program = project.example(task.example).program
            changes = [({}, "."), (task.solution, ""), *task.wrong]
            assert len(task.wrong) >= WRONG_ATTEMPTS, (lesson.path, task.number)
            attempts += [(task, {**program, "files": task.edited(program["files"], change)}) for change, _ in changes]
            expected += [(f"{lesson.path}, task {task.number}", change, sentence) for change, sentence in changes]
    unlike = [
        (where, change, sentence, said)
        for (where, change, sentence), said in zip(expected, try_out(attempts), strict=True)
        if (sentence not in said if sentence else said)
    ]
    assert attempts
    assert unlike == []
