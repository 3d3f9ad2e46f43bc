"""Runs lessons, each in a kernel of its own, and stores the outputs in their notebooks."""

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from streamside.catalogue import Lesson
from streamside.errors import UserError
from streamside.site import atomic_files
from streamside.site.outdated import output_digests, outputs_digest
from streamside.site.volatile_outputs import same

CELL_SECONDS = 120
INTERRUPT_SECONDS = 1.0  # that a cell has to heed Ctrl-C, before its kernel is killed


def run(lessons: Iterable[Lesson], say: Callable[[str], None]) -> None:
    """Run the lessons, two at a time, and store each one's outputs when it is through.

    Ctrl-C ends the cells that are running, and stores nothing of their lessons. Raises `UserError` for a cell that
    fails, naming lesson, cell and error; that notebook stays as it was.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=2) as pool:
        try:
            for future in [pool.submit(_run_one, lesson, say, stop) for lesson in lessons]:
                future.result()
        except KeyboardInterrupt:
            stop.set()
            raise
        finally:
            pool.shutdown(cancel_futures=True)  # after an error, what is running may end, and what waits does not begin


def _run_one(lesson: Lesson, say: Callable[[str], None], stop: threading.Event) -> None:
    say(f"running {lesson.path} …")
    current = outputs_digest(lesson)  # from before the run: a file that is saved meanwhile makes the lesson outdated
    before = lesson.file.read_bytes()
    notebook = _executed(lesson, stop)
    if lesson.file.read_bytes() != before:
        say(f"{lesson.path} was saved while it ran: the outputs of this run are not stored")
        return
    _keep_equal_outputs(json.loads(before), notebook)
    notebook["metadata"]["streamside"] = {"digest": current, "outputs": output_digests(notebook)}
    store(lesson.file, notebook)


def _executed(lesson: Lesson, stop: threading.Event) -> dict[str, Any]:
    """The lesson's notebook with the outputs of a run in a fresh kernel. Raises `UserError` for a cell that fails."""
    import nbformat  # these two take a second to import, and most calls find nothing to run
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.read(lesson.file, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": lesson.file.parent}},
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],  # it warns of its unencrypted port on 127.0.0.1
    )
    try:
        asyncio.run(_execute(client, stop))  # `client.execute` leaves its event loop open
    except CellExecutionError as error:
        raise UserError(f"{lesson.path}, cell {_failed(notebook)}", f"{error.ename}: {error.evalue}") from None
    except CellTimeoutError:
        what = f"a cell ran for more than {CELL_SECONDS} s"
        raise UserError(lesson.path, what, "give its streams events= or seconds=") from None
    except DeadKernelError:
        raise UserError(lesson.path, "the kernel died", "run the lesson in JupyterLab to see where") from None
    # Versions and names of this machine's Python have no place in a stored notebook.
    notebook["metadata"]["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook["metadata"]["language_info"] = {"name": "python"}
    result: dict[str, Any] = notebook
    return result


async def _execute(client: Any, stop: threading.Event) -> None:
    """Run the client's notebook; when `stop` is set, end its cell, if need be with the kernel."""
    # Also where the command is given in a notebook, what is stored is no output of JupyterLab's.
    environment = {name: value for name, value in os.environ.items() if name != "JPY_SESSION_NAME"}
    running = asyncio.create_task(client.async_execute(env=environment))
    while not running.done() and not stop.is_set():
        await asyncio.wait([running], timeout=0.1)
    if not running.done():
        client.shutdown_kernel = "immediate"
        kernel = client.km
        if kernel and kernel.has_kernel:
            await kernel.interrupt_kernel()
            await asyncio.wait([running], timeout=INTERRUPT_SECONDS)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        if kernel and kernel.has_kernel:  # it was still starting
            await kernel.shutdown_kernel(now=True)
        raise KeyboardInterrupt
    await running


def store(path: Path, notebook: dict[str, Any]) -> None:
    """Write a notebook whole or not at all."""
    atomic_files.write(path, as_file(notebook))


def as_file(notebook: dict[str, Any]) -> bytes:
    """A notebook as its file has it."""
    import nbformat

    return f"{nbformat.writes(nbformat.from_dict(notebook)).rstrip()}\n".encode()


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
