"""A server as a process of its own, as a shell starts it: what it prints when something happens to an open stream."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Literal

from streamside.listening_program import ProcessError, free_port, is_taken, start
from streamside.paths import ROOT  # where `examples` is
from streamside.time_limits import START_SECONDS

Happening = Literal["Ctrl-C", "edit", "leave", "second reader"]
Printed = Callable[[], bytes]  # what the server has printed since it happened


def printed_after(happening: Happening, program: str, *options: str, seconds: float = 10) -> str:
    """Serve a program's `app` with uvicorn, open `/sse-stream`, let something happen: what is printed from then on.

    Ctrl-C is for the server, "edit" touches the program's file while `--reload` watches it, "leave" closes the stream,
    "second reader" asks for it once more. The last line says what has become of the server, or of the second reader,
    within that many seconds; then the server is killed. Raises `ProcessError`, on Windows too.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file, log = Path(folder, "program.py"), Path(folder, "log")
        file.write_text(program, encoding="utf-8")
        port = free_port()
        reload = ("--reload", "--reload-dir", folder) if happening == "edit" else ()
        command = [sys.executable, "-m", "uvicorn", "program:app", "--port", str(port), "--no-access-log"]
        paths = {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
        started = start(
            [*command, *reload, *options], lambda: is_taken(port), log, folder=Path(folder), environment=paths
        )
        try:
            stream = _open_stream(port, log)
            before = len(log.read_bytes())

            def printed() -> bytes:
                return log.read_bytes()[before:]

            _happen(happening, started.process, file, stream, printed)
            second = HTTPConnection("127.0.0.1", port, timeout=seconds)
            outcome = _outcome(happening, started.process, second, printed, seconds)
            text = printed().decode()  # before the second reader leaves: that may print something, too
            second.close()
            stream.close()
        finally:
            started.kill()
    return _without_chance(text) + outcome


def _open_stream(port: int, log: Path) -> HTTPConnection:
    """A connection on which the first event has arrived."""
    connection = HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    connection.request("GET", "/sse-stream")
    response = connection.getresponse()
    if response.status != 200 or not response.read1():
        raise ProcessError(log.read_text(encoding="utf-8"))
    return connection


def _happen(
    happening: Happening, server: subprocess.Popen[bytes], file: Path, stream: HTTPConnection, printed: Printed
) -> None:
    match happening:
        case "Ctrl-C":
            server.send_signal(signal.SIGINT)
        case "edit":
            deadline = time.monotonic() + START_SECONDS
            while b"Reloading" not in printed() and time.monotonic() < deadline:
                file.touch()  # again and again: nothing says when it is being watched
                time.sleep(0.2)
        case "leave":
            stream.close()
        case "second reader":
            pass  # `_outcome` is that reader


def _outcome(
    happening: Happening, server: subprocess.Popen[bytes], second: HTTPConnection, printed: Printed, seconds: float
) -> str:
    if happening == "second reader":
        return _second_reader(second, seconds)
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if server.poll() is not None:
            return "(the server has ended)"
        if happening == "edit" and b"startup complete" in printed():
            return "(the server has started again)"
        time.sleep(0.02)
    return f"({seconds:g} s later, {'that is all' if happening == 'leave' else 'the server is still waiting'})"


def _second_reader(connection: HTTPConnection, seconds: float) -> str:
    try:
        connection.request("GET", "/sse-stream")
        response = connection.getresponse()
        return f"(a second reader gets {response.status} and {'an event' if response.read1() else 'nothing'})"
    except TimeoutError:
        return f"({seconds:g} s later, a second reader is still waiting)"


def _without_chance(text: str) -> str:
    """Without process ids, folders, and the frames of tracebacks, which are the same only on one machine."""
    text = re.sub(r"(?<= process) \[\d+\]", "", text)
    text = re.sub(r"'[^'\n]*(?=program\.py')", "'", text)
    return re.sub(r"(?m)(?<=^Traceback \(most recent call last\):\n)(?: .*\n)+", "  …\n", text)
