"""An example in a process of its own, so that whoever looks at it does not touch what a lesson measures in its kernel.

Run as a program, it serves `examples.NAME` of a folder, says on which port, and ends with the process that started it.
"""

import asyncio
import importlib
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import uvicorn

from streamside.paths import ROOT
from streamside.time_limits import START_SECONDS

PORT = "streamside: port "  # and its number: the first line that the process prints, if its program starts
STOP_SECONDS = 1.5  # that it has to end by itself


class ExampleProcess:
    """A running example: `port`; `stop()` ends it."""

    def __init__(self, example: str, files: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._example = example
        self._environment = environment
        for path, text in {"__init__.py": "", **files}.items():
            file = Path(self._folder.name, "examples", path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        self._process: asyncio.subprocess.Process | None = None
        self._printing: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self, hear: Callable[[str], None]) -> str:
        """Start it; `hear` gets what it prints. Return its last words if it does not start, else nothing."""
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", __name__, self._folder.name, self._example),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=ROOT,
            env={**os.environ, **self._environment, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
        )
        last, output = "", process.stdout
        assert output
        with suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while raw := await output.readline():
                    line = raw.decode(errors="replace").rstrip("\n")
                    if line.startswith(PORT):
                        self.port = int(line.removeprefix(PORT))
                        self._printing = asyncio.create_task(_pass_on(output, hear))
                        return ""
                    hear(line)
                    last = line
        await self.stop()
        return last or f"The program did not start within {START_SECONDS:.0f} seconds."

    async def stop(self) -> None:
        """End it, if need be by force, and remove its files."""
        if process := self._process:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._printing:
            await self._printing
        self._folder.cleanup()


async def _pass_on(output: asyncio.StreamReader, hear: Callable[[str], None]) -> None:
    while line := await output.readline():
        hear(line.decode(errors="replace").rstrip("\n"))


def main(folder: str, example: str) -> None:
    """Serve an example until whoever started this ends, or says so."""
    sys.path.insert(0, folder)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    app = importlib.import_module(f"examples.{example}").app
    config = uvicorn.Config(
        app, port=0, log_level="error", date_header=False, server_header=False, timeout_graceful_shutdown=1
    )
    with suppress(KeyboardInterrupt):  # raised again when all has ended
        _Server(config).run(sockets=[config.bind_socket()])


class _Server(uvicorn.Server):
    """uvicorn, telling when it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            print(f"{PORT}{sockets[0].getsockname()[1]}", flush=True)


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # nothing ever comes but the end
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(*sys.argv[1:])
