"""Runs the lessons whose inputs have changed, and stores the outputs in the notebooks."""

import asyncio
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from streamside.catalogue import Lesson, SiteError, cell_text, read

CELL_SECONDS = 120
# Of the package, what a lesson's outputs can depend on.
MODULES = ("wire", "recording", "server", "assets", "catalogue", "client", "lab", "process")
LOCKS = ("requirements.lock", "package-lock.json")
# What differs between two good runs: times, on a machine that was busy, and tokens. Nothing else is taken for equal.
# Whether two lines share a time is a matter of times, too: the second one then has none, or comes in the same chunk.
VOLATILE = (
    re.compile(r"^ *(?:\d+\.\d s)?(?= [│■↳])", re.MULTILINE),  # the margin of a transcript
    re.compile(
        r'^ *(?:<span class="time"> *\d+\.\d s</span>)?(?= <span (?:aria-hidden="true"|class="end")>)', re.MULTILINE
    ),  # the same as HTML
    re.compile(
        r"(?<=<td>)\d+\.\d s(?=</td>)|^\d+\.\d s(?=  )|(?<=^\| )\d+\.\d s(?= \|)", re.MULTILINE
    ),  # a table of events
    re.compile(r'"\], \[\d+, "'),  # between two chunks of a recording as JSON
    re.compile(r'(?<=\[)\d+(?=, ")|(?<="start": )\d+|(?<="end": )\d+'),  # and its milliseconds
    # The token that Django makes anew for each page: in the form, and in the cookie, which bears a date besides.
    re.compile(r'(?<=csrfmiddlewaretoken\\" value=\\")\w+|(?<=csrftoken=)[^"]+'),
)


def digest(lesson: Lesson) -> str:
    """The digest of all that the lesson's outputs depend on: its code, its examples, the package, the locks.

    Prose is not among it, unless the code names the lesson's own file: a changed sentence changes no output.
    """
    root = lesson.root
    files = [root / "examples/__init__.py", *(file for example in lesson.examples for file in example.files)]
    files += [root / "streamside" / f"{module}.py" for module in MODULES]
    files += [root / lock for lock in LOCKS]
    parts: list[object] = [text for _, text in lesson.code]
    if any(lesson.path in text for _, text in lesson.code):
        parts += [cell_text(cell) for cell in lesson.notebook["cells"]]
    if any("contents(" in text for _, text in lesson.code):
        site = read(root)
        parts += [[part.title, part.planned] for part in site.parts]
        parts += [[other.path, other.title, other.description] for other in site.lessons]
    parts += [
        [file.relative_to(root).as_posix(), hashlib.sha256(file.read_bytes()).hexdigest()]
        for file in files
        if file.exists()
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def is_current(lesson: Lesson) -> bool:
    """Whether the stored outputs come from what the lesson's inputs are now; true where there is no code to run."""
    stored = lesson.notebook["metadata"].get("streamside", {}).get("digest")
    return bool(stored == digest(lesson)) or not any(lesson.code)


def run(lessons: Iterable[Lesson], say: Callable[[str], None]) -> None:
    """Run the lessons, two at a time, and store each one's outputs when it is through.

    Raises `SiteError` for a cell that fails, naming lesson, cell and error; that notebook stays as it was.
    """
    with ThreadPoolExecutor(max_workers=2) as pool:
        waiting = {pool.submit(_run_one, lesson, say): lesson for lesson in lessons}
        try:
            for future in waiting:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _run_one(lesson: Lesson, say: Callable[[str], None]) -> None:
    say(f"running {lesson.path} …")
    current = digest(lesson)  # from before the run: a file that is saved meanwhile makes the lesson outdated again
    notebook = executed(lesson.file)
    _keep_equal_outputs(json.loads(lesson.file.read_text(encoding="utf-8")), notebook)
    notebook["metadata"]["streamside"] = {"digest": current}
    store(lesson.file, notebook)


def executed(path: Path) -> dict[str, Any]:
    """The notebook at `path` with the outputs of a run in a fresh kernel. Raises `SiteError` for a cell that fails."""
    import nbformat  # these two take a second to import, and most calls find nothing to run
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": path.parent}},
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],  # it warns of its unencrypted port on 127.0.0.1
    )
    try:
        asyncio.run(client.async_execute())  # `execute` leaves its event loop open
    except CellExecutionError as error:
        raise SiteError(f"{path.name}, cell {_failed(notebook)}: {error.ename}: {error.evalue}") from None
    except CellTimeoutError:
        raise SiteError(
            f"{path.name}: a cell ran for more than {CELL_SECONDS} s; give its streams events= or seconds="
        ) from None
    except DeadKernelError:
        raise SiteError(f"{path.name}: the kernel died; run the lesson in JupyterLab to see where") from None
    # Versions and names of this machine's Python have no place in a stored notebook.
    notebook["metadata"]["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook["metadata"]["language_info"] = {"name": "python"}
    result: dict[str, Any] = notebook
    return result


def store(path: Path, notebook: dict[str, Any]) -> None:
    """Write a notebook whole or not at all."""
    import nbformat

    unfinished = path.with_suffix(".unfinished")
    try:
        nbformat.write(nbformat.from_dict(notebook), unfinished)
        os.replace(unfinished, path)  # noqa: PTH105  # the one call that replaces on Windows too
    finally:
        unfinished.unlink(missing_ok=True)


def same(one: object, other: object) -> bool:
    """Whether two outputs are equal but for what is volatile."""
    return _settled(one) == _settled(other)


def _settled(output: object) -> object:
    text = json.dumps(output, sort_keys=True, ensure_ascii=False)
    strings = json.loads(text, object_hook=lambda value: {key: _blank(item) for key, item in value.items()})
    return json.dumps(strings, sort_keys=True)


def _blank(value: Any) -> Any:
    """A string (or a list of lines) with the volatile parts blanked out."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        value = "".join(value)
    if not isinstance(value, str):
        return value
    for pattern in VOLATILE:
        value = pattern.sub("", value)
    return value


def _keep_equal_outputs(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Put the stored outputs back where the new ones say the same, so that a run changes nothing without need."""
    stored = {cell.get("id"): cell.get("outputs") for cell in before["cells"] if cell["cell_type"] == "code"}
    for cell in after["cells"]:
        if cell["cell_type"] == "code" and same(stored.get(cell.get("id")), cell["outputs"]):
            cell["outputs"] = stored[cell["id"]]


def _failed(notebook: Any) -> int:
    """The number of the cell that raised: the last one with an error among its outputs."""
    return max(
        number
        for number, cell in enumerate(notebook["cells"], 1)
        for output in cell.get("outputs", [])
        if output["output_type"] == "error"
    )
