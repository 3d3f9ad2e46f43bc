"""A server as a process of its own, as a shell starts it: what it prints when something happens to an open stream."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Literal

from streamside.paths import ROOT  # where `examples` is
from streamside.time_limits import START_SECONDS

Happening = Literal["Ctrl-C", "edit", "leave", "second reader"]
Printed = Callable[[], bytes]  # what the server has printed since it happened


class ProcessError(Exception):
    """The program did not start, or its stream sent nothing (the message is what it printed); or this is Windows."""


def printed_after(happening: Happening, program: str, *options: str, seconds: float = 10) -> str:
    """Serve a program's `app` with uvicorn, open `/sse-stream`, let something happen: what is printed from then on.

    Ctrl-C is for the server, "edit" touches the program's file while `--reload` watches it, "leave" closes the stream,
    "second reader" asks for it once more. The last line says what has become of the server, or of the second reader,
    within that many seconds; then the server is killed. Raises `ProcessError`, on Windows too.
    """
    if sys.platform == "win32":
        raise ProcessError("Windows has no signals such as Ctrl-C's: run this on Linux, on macOS or in WSL")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file, log = Path(folder, "program.py"), Path(folder, "log")
        file.write_text(program, encoding="utf-8")
        port = free_port()
        reload = ("--reload", "--reload-dir", folder) if happening == "edit" else ()
        command = [sys.executable, "-m", "uvicorn", "program:app", "--port", str(port), "--no-access-log"]
        environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "PYTHONUNBUFFERED": "1"}
        with log.open("wb") as output:
            server = subprocess.Popen(
                [*command, *reload, *options],
                cwd=folder,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a reloading server has children: all are killed together
            )
        try:
            stream = _open_stream(port, server, log)
            before = len(log.read_bytes())

            def printed() -> bytes:
                return log.read_bytes()[before:]

            _happen(happening, server, file, stream, printed)
            outcome = _outcome(happening, server, port, printed, seconds)
            text = printed().decode()
            stream.close()
        finally:
            with suppress(ProcessLookupError, PermissionError):  # it has ended; the second is macOS's way to say so
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
    return _without_chance(text) + outcome


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _open_stream(port: int, server: subprocess.Popen[bytes], log: Path) -> HTTPConnection:
    """A connection on which the first event has arrived."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
        try:
            connection.request("GET", "/sse-stream")
            response = connection.getresponse()
            if response.status == 200 and response.read1():
                return connection
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise ProcessError(log.read_text(encoding="utf-8"))


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


def _outcome(happening: Happening, server: subprocess.Popen[bytes], port: int, printed: Printed, seconds: float) -> str:
    if happening == "second reader":
        return _second_reader(port, seconds)
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if server.poll() is not None:
            return "(the server has ended)"
        if happening == "edit" and b"startup complete" in printed():
            return "(the server has started again)"
        time.sleep(0.02)
    return f"({seconds:g} s later, {'that is all' if happening == 'leave' else 'the server is still waiting'})"


def _second_reader(port: int, seconds: float) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", "/sse-stream")
        response = connection.getresponse()
        return f"(a second reader gets {response.status} and {'an event' if response.read1() else 'nothing'})"
    except TimeoutError:
        return f"({seconds:g} s later, a second reader is still waiting)"
    finally:
        connection.close()


def _without_chance(text: str) -> str:
    """Without process ids, folders, and the frames of tracebacks, which are the same only on one machine."""
    text = re.sub(r"(?<= process) \[\d+\]", "", text)
    text = re.sub(r"'[^'\n]*(?=program\.py')", "'", text)
    return re.sub(r"(?m)(?<=^Traceback \(most recent call last\):\n)(?: .*\n)+", "  …\n", text)
