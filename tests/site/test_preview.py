"""The preview: a real process, a real browser's event stream, and an end that no open stream delays."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from pathlib import Path
from queue import Queue

import pytest

from streamside.errors import UserError
from streamside.paths import ROOT
from streamside.site import preview
from streamside.site.preview import Changes
from streamside.wire import Event, EventParser
from tests.patience import PATIENCE
from tests.small_tutorial import markdown, write_notebook

PROGRAM = """
import sys
from pathlib import Path
from streamside.site import preview
from tests.small_tutorial import render
root, port, build = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
render(root)
preview.serve(root, ports=range(port, port + 20), build=[sys.executable, "-c", build, root])
"""
BUILD = """
import sys
from pathlib import Path
from streamside.errors import UserError
from tests.small_tutorial import render
for line in sys.stdin:
    try:
        render(Path(sys.argv[1]))
    except UserError as error:
        sys.exit(str(error))
    print(flush=True)
"""


class Preview:
    """A preview in a process of its own, and the lines that it says."""

    def __init__(self, root: Path, port: int) -> None:
        command = [sys.executable, "-u", "-c", PROGRAM, root, str(port), BUILD]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._lines: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.busy: list[str] = []
        while "http://" not in (line := self.line()):
            self.busy.append(line)
        self.url = line.split()[3]

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line.strip())

    def line(self) -> str:
        return self._lines.get(timeout=PATIENCE)

    def stop(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)
        self._close()

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            self._close()

    def _close(self) -> None:
        self._reader.join()
        assert self.process.stdout
        self.process.stdout.close()

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path) as answer:
            return str(answer.read().decode())


@pytest.fixture
def previewing(tutorial: Path) -> Iterator[Callable[..., Preview]]:
    started = []

    def start(port: int = 0) -> Preview:
        started.append(Preview(tutorial, port or _free_port()))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_pages_listen_in_the_preview_and_only_there(previewing: Callable[..., Preview], tutorial: Path):
    shown = previewing()
    assert "<h1>A</h1>" in shown.get("notebooks/01-a.html")
    assert "new EventSource" in shown.get("index.html")
    assert shown.get("theme/streamside.css") == (tutorial / "blog/theme/streamside.css").read_text()
    assert not any("new EventSource" in page.read_text() for page in (tutorial / "_site").rglob("*.html"))
    with pytest.raises(urllib.error.HTTPError, match="404"):
        shown.get("none.html")


def test_a_busy_port_is_said_and_stepped_over(previewing: Callable[..., Preview]):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        shown = previewing(port)
    assert shown.busy[0] == f"Port {port} is busy, trying the next one"  # and so may others be
    assert shown.url != f"http://127.0.0.1:{port}/"
    assert "<h1>A</h1>" in shown.get("notebooks/01-a.html")


def test_no_free_port_is_one_sentence(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(UserError, match="no port is free"):
        preview.serve(tmp_path, ports=[other.getsockname()[1]], say=lambda _: None)


def _events(stream: HTTPResponse) -> Iterator[Event]:
    parser = EventParser()
    for line in stream:
        yield from parser.feed(line)


def test_a_changed_source_is_rendered_and_told_to_the_pages(previewing: Callable[..., Preview], tutorial: Path):
    shown = previewing()
    with urllib.request.urlopen(shown.url + ".preview/changes", timeout=PATIENCE) as stream:
        events = _events(stream)
        assert next(events).type == "from"
        write_notebook(tutorial / "notebooks/02-b.ipynb", markdown("Changed."), title="B")
        told = next(events)
        write_notebook(tutorial / "notebooks/02-b.ipynb", markdown("Changed again."), title="B")
        next(events)
    changed = told.data.split("\n")
    assert (told.type, [path for path in changed if path.endswith((".html", ".ipynb"))]) == (
        "changed",
        ["notebooks/02-b.html", "notebooks/02-b.ipynb"],
    )
    # What else follows from a changed sentence is no reason to load the other pages again.
    others = re.compile(re.search(r"!/(.*)/\.test", preview.LISTEN.decode())[1])
    assert [path for path in (*changed, "service-worker.js") if not others.search(path)] == []
    assert not others.search("theme/streamside.css")
    assert "Changed again." in shown.get("notebooks/02-b.html")


def test_a_fault_is_said_and_the_site_stays(previewing: Callable[..., Preview], tutorial: Path):
    shown = previewing()
    shown.get("index.html")  # it watches from before it answers
    contents = (tutorial / "_quarto.yml").read_text()
    (tutorial / "_quarto.yml").write_text("website: [\n")
    assert shown.line().startswith("_quarto.yml, line 2: not YAML")
    assert "<h1>A</h1>" in shown.get("notebooks/01-a.html")
    with urllib.request.urlopen(shown.url + ".preview/changes", timeout=PATIENCE) as stream:
        events = _events(stream)
        assert next(events).type == "from"
        (tutorial / "_quarto.yml").write_text(contents.replace("title: ", "title: Mended ", 1))
        assert "index.html" in next(events).data  # what has failed is over, and another builds


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_it_and_its_open_streams(previewing: Callable[..., Preview]):
    shown = previewing()
    streams = [urllib.request.urlopen(shown.url + ".preview/changes") for _ in range(3)]
    assert all(stream.readline() for stream in streams)
    shown.stop()
    assert (shown.process.returncode, shown.line()) == (0, "Stopped")  # for a server, that is how to end
    for stream in streams:
        stream.read()  # a proper end of the body: one that was cut off raises
        stream.close()


def _told(changes: Changes, last_event_id: str, count: int) -> list[tuple[str, str, str]]:
    async def listen() -> list[tuple[str, str, str]]:
        parser, events = EventParser(), []
        stream = changes.stream(last_event_id)
        async for chunk in stream:
            events += [(event.type, event.data, event.last_event_id) for event in parser.feed(chunk)]
            if len(events) >= count:
                break
        await stream.aclose()
        return events

    return asyncio.run(listen())


def test_a_page_that_lost_the_connection_hears_what_it_missed():
    changes = Changes()
    ((_, _, start),) = _told(changes, "", 1)
    asyncio.run(changes.add(["b.html", "a.html"]))
    assert [event[:2] for event in _told(changes, start, 2)] == [("from", ""), ("changed", "a.html\nb.html")]
    assert [event[:2] for event in _told(changes, "", 1)] == [("from", "")]


def test_a_page_of_an_earlier_preview_loads_again():
    changes = Changes()
    assert [event[:2] for event in _told(changes, "0123abcd-7", 2)] == [("from", ""), ("changed", "*")]


def test_what_is_watched_is_there():
    assert [name for name in preview.SOURCES if not (ROOT / name).exists()] == []
