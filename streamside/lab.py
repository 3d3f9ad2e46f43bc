"""What a lesson imports: show an example's code, serve it, listen to it, and leave it running in the page."""

import atexit
import html
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import mistune

from streamside import assets, client
from streamside.catalogue import Project
from streamside.definitions import definitions
from streamside.errors import UserError
from streamside.exercise_trial import faults, try_out
from streamside.exercises import Changes, Exercise, Files, Statement, to_json
from streamside.fresh_examples import Cells
from streamside.recording import Recording
from streamside.server import Server
from streamside.server import serve as serve_app
from streamside.transcript import fenced

if TYPE_CHECKING:
    from streamside.notebook_frames import Frames

__all__ = ["check", "contents", "follow", "listen", "live", "serve", "source", "task"]

LIVE_SECONDS = 10.0  # of each stream, in the recording that stands in a page until the reader presses Run


@dataclass(frozen=True)
class Listing:
    """Python source that the notebook and both renderers show as code."""

    code: str

    def __repr__(self) -> str:
        return self.code

    def _repr_markdown_(self) -> str:
        return fenced(self.code, "python")


def source(example: ModuleType, *names: str) -> Listing:
    """The example's file as a listing, or only the named definitions, in the order of the names.

    A name is that of a function, a class, a variable, a member (`Hub.publish`), or `__main__` for what runs when the
    file is run as a script. Raises `UserError` for a name that the file does not define.
    """
    text = Path(str(example.__file__)).read_text(encoding="utf-8")
    if not names:
        return Listing(text.rstrip())
    defined = definitions(text)
    for name in names:
        if name not in defined:
            raise UserError(example.__name__, f"defines no {name!r}", f"it defines {', '.join(defined)}")
    gap = "\n\n\n" if any(defined[name].startswith(("def ", "async def ", "class ", "@")) for name in names) else "\n\n"
    return Listing(gap.join(defined[name] for name in names))


def serve(example: ModuleType) -> Server:
    """The example's server, started at the first call and stopped with the kernel; `.url` is its address.

    Says so where the example has been edited since it was imported: the server is the one that was.
    """
    name = _name(example)
    if remedy := _cells.remedy(name):
        print(f"{example.__name__} has been edited; this is the one that was imported: {remedy}.", file=sys.stderr)
    if name not in _servers:
        if not hasattr(example, "app"):
            raise UserError(example.__name__, "has no ASGI application named `app`")
        if Project().example(name).has_own_server:
            remedy = "run it as a script: `streamside.example_script.running`"
            raise UserError(example.__name__, "brings a server of its own", remedy)
        _servers[name] = serve_app(assets.local(example.app))
    return _servers[name]


_servers: dict[str, Server] = {}


def _forget_server(name: str) -> None:
    if server := _servers.pop(name, None):
        server.stop()


_cells = Cells(_forget_server)
_cells.watch()


@atexit.register
def _stop_servers() -> None:
    for server in _servers.values():
        server.stop()


def listen(
    example_or_url: ModuleType | str,
    path: str = "/",
    *,
    events: int | None = None,
    seconds: float | None = None,
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
    body: bytes | str = b"",
) -> Recording:
    """Ask an example's server or a URL for `path` and record it, until the server ends it, or a limit is reached.

    `events` counts dispatched events, `seconds` from the request. Raises `UserError`.
    """
    url = _url(example_or_url, path)
    return client.record(url, events=events, seconds=seconds, headers=headers, method=method, body=body)


def follow(example_or_url: ModuleType | str, path: str = "/", *, connections: int) -> list[Recording]:
    """Listen as a browser's event source does, reconnecting whenever the stream ends, for that many connections.

    Fewer come back when an answer tells an event source to stop, as status 204 does.
    """
    return client.follow(_url(example_or_url, path), connections=connections)


def _url(example_or_url: ModuleType | str, path: str) -> str:
    base = example_or_url if isinstance(example_or_url, str) else serve(example_or_url).url
    return urljoin(base + "/", path)


@dataclass(frozen=True)
class LiveExample:
    """An example as it stands in a page: the recording of a visit, which the page plays and then runs for real."""

    name: str
    title: str
    path: str
    height: str
    cable: str
    obstacle: str  # why it cannot run in a page; empty if it can
    is_folder: bool
    page: str
    exchanges: tuple[Recording, ...]

    def __repr__(self) -> str:
        return "\n\n".join(recording.transcript() for recording in self._streams)

    def _repr_html_(self) -> str:
        return _framed(self.title, self._element) if _is_open_in_jupyter() else self._element

    @property
    def _element(self) -> str:
        attributes = {
            "example": self.name,
            "path": self.path,
            "title": self.title,
            "height": self.height,
            "cable": self.cable,
            "obstacle": self.obstacle,
            "folder": "folder" if self.is_folder else "",
        }
        text = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items() if value)
        # In JSON, "<" only ever stands inside a string: escaped there, nothing in it can end the script element.
        recorded = json.dumps({"page": self.page, "exchanges": self._json()}, ensure_ascii=False).replace(
            "<", "\\u003c"
        )
        return (
            f"<live-example {text}>\n"
            f'<pre class="transcript" tabindex="0">{html.escape(repr(self))}</pre>\n'
            f'<script type="application/json">{recorded}</script>\n'
            "</live-example>"
        )

    def _json(self) -> list[dict[str, Any]]:
        exchanges, start = [], 0
        for recording in self.exchanges:
            exchanges.append(recording.to_json(start))
            if not recording.is_event_stream:
                start = exchanges[-1]["end"]
        return exchanges

    @property
    def _streams(self) -> list[Recording]:
        return [recording for recording in self.exchanges if recording.is_event_stream] or list(self.exchanges)


def live(
    example: ModuleType,
    path: str = "/",
    *,
    height: str = "20rem",
    then: Sequence[str | Recording] = (),
    seconds: float = LIVE_SECONDS,
    cable: str = "",
) -> LiveExample:
    """Leave the example in the page: what a visitor would get, recorded now, and what it takes to run it there.

    The visit is the page at `path`, then the requests for the paths in `then`, in which what was recorded already
    stands as it is; without `then`, for whatever streams the page names in `sse-connect`. Each stream is recorded until
    it ends or `seconds` are over. `cable` is what the page's cable does at first, such as "delay=500".
    """
    base = serve(example).url
    visited = urljoin(base, path)
    first = client.record(visited)
    page = first.body.decode()
    paths = then or re.findall(r'sse-connect="([^"]+)"', page)
    rest = [
        name
        if isinstance(name, Recording)
        else client.record(urljoin(visited, html.unescape(name)), seconds=seconds, headers=_headers_of_htmx(page, name))
        for name in paths
    ]
    about = Project().example(_name(example))
    return LiveExample(
        about.name,
        about.title,
        path,
        height,
        cable,
        about.obstacle or "",
        about.is_folder,
        body_of(page),
        (first, *rest),
    )


def _is_open_in_jupyter() -> bool:
    """Only a Jupyter server sets this: a notebook that is run to be stored must not hold this machine's address."""
    return "JPY_SESSION_NAME" in os.environ


def _framed(title: str, element: str) -> str:
    """An element with what opens a frame in its place: there it runs, in a process of its own, and touches no other."""
    return _output("frame", element, page=_frames().add(title, element), title=title)


def _output(name: str, content: str, **about: object) -> str:
    """A part of an output with the script that leads from it to this kernel's frames."""
    from streamside.notebook_frames import IN_OUTPUT

    about = {"port": _frames().port, "secret": _frames().secret, **about}
    data = " ".join(f'data-{key}="{html.escape(str(value))}"' for key, value in about.items())
    return f'<div class="streamside-{name}" {data}>\n{content}\n<script>\n{IN_OUTPUT}</script>\n</div>'


def _frames() -> "Frames":
    from streamside import notebook_frames  # it takes half a second to import, and only JupyterLab needs it

    return notebook_frames.start(check)


def _headers_of_htmx(page: str, path: str) -> dict[str, str]:
    """What htmx says: for a path that an `hx-get` names, of which FastHTML gives a fragment; for a stream of htmx 4."""
    if path in re.findall(r'hx-sse-connect="([^"]+)"', page):
        return {"accept": "text/html, text/event-stream", "hx-request": "true"}
    fetched = [html.unescape(name) for name in re.findall(r'hx-get="([^"]+)"', page)]
    return {"hx-request": "true"} if path.partition("?")[0] in fetched else {}


def body_of(page: str) -> str:
    """What a page shows: the inside of its body, without scripts."""
    parser = _Body()
    parser.feed(page)
    return "".join(parser.kept).strip()


class _Body(HTMLParser):
    """Keeps a body's source as it is written, without `script` elements."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.kept: list[str] = []
        self._inside = self._script = False

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self._script = self._script or tag == "script"
        self._keep(self.get_starttag_text() or "")
        self._inside = self._inside or tag == "body"

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "body"
        self._keep(f"</{tag}>")
        self._script = self._script and tag != "script"

    def handle_data(self, data: str) -> None:
        self._keep(data)

    def handle_entityref(self, name: str) -> None:
        self._keep(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._keep(f"&#{name};")

    def _keep(self, text: str) -> None:
        if self._inside and not self._script:
            self.kept.append(text)


@dataclass(frozen=True)
class Task:
    """A task as it stands in a page: what to do, a hint, a solution; and what must be seen, for the page's Check."""

    exercise: Exercise
    files: Files  # the example's, one of which the solution changes

    def __repr__(self) -> str:
        return f"Task {self.exercise.number}: {self.exercise.text}"

    def _repr_html_(self) -> str:
        exercise = self.exercise
        # A long line can be scrolled to by the keyboard.
        text = str(mistune.html(exercise.text)).strip().replace("<pre>", '<pre tabindex="0">')
        notebook = (
            f"<p>Change <code>examples/{exercise.path}</code>, save it, and run "
            f"<code>check({exercise.number})</code>.</p>\n{_output('check', '', task=exercise.number)}\n"
            if _is_open_in_jupyter()
            else ""
        )
        see = to_json(exercise.see).replace("<", "\\u003c")
        file = f'file="{exercise.path}" ' if exercise.file else ""
        return (
            f'<live-exercise number="{exercise.number}" example="{exercise.example}" '
            f'{file}definition="{exercise.definition}">\n'
            f'<div class="task"><p class="task-number">Task {exercise.number}</p>\n{text}\n</div>\n{notebook}'
            f"<details><summary>Hint</summary>{str(mistune.html(exercise.hint)).strip()}</details>\n"
            f"<details><summary>Solution</summary>{self._difference}</details>\n"
            f'<script type="application/json">{see}</script>\n'
            "</live-exercise>"
        )

    @property
    def _difference(self) -> str:
        """The solution, line by line, with the lines around it."""
        path = self.exercise.path
        before = self.files[path].splitlines()
        after = self.exercise.edited(self.files, self.exercise.solution)[path].splitlines()
        shown = []
        for line in list(unified_diff(before, after, n=1, lineterm=""))[2:]:
            name = {"+": "ins", "-": "del"}.get(line[0])
            text = "…" if line.startswith("@@") else html.escape(line, quote=False)
            shown.append(f"<{name}>{text}</{name}>" if name else text)
        return f'<pre class="difference" tabindex="0">{chr(10).join(shown[1:])}</pre>'


_tasks: dict[int, Exercise] = {}


def task(
    number: int,
    example: ModuleType,
    definition: str,
    text: str,
    *,
    see: Sequence[Statement],
    hint: str,
    solution: Changes,
    wrong: Sequence[tuple[Changes, str]] = (),
    do: Sequence[str] = (),
    seconds: float = 12,
    file: str = "",
) -> Task:
    """A task of this lesson: what to change in an example's definition, and what must then be seen (see `exercises`).

    `solution` maps old text to new; so does each attempt in `wrong`, which is told beside it in which words it fails.
    `do` is what has to be done beside running the example (see `visitor`); `file` is the one of a folder that has the
    definition. Raises `UserError` for what does not fit.
    """
    name = _name(example)
    exercise = Exercise(number, name, definition, text, see, hint, solution, wrong, do, seconds, file)
    files = Project().example(name).program["files"]
    if problem := next(faults(exercise, files), None):
        raise UserError(f"task {number}", problem)
    _tasks[number] = exercise
    return Task(exercise, files)


class Verdict(str):
    """A sentence that a notebook shows without quotes around it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def check(number: int) -> Verdict:
    """Whether the example, as its file is now, solves a task of this lesson: "Done.", or what is missing."""
    if number not in _tasks:
        raise UserError(f"task {number}", "is not known", "run the cell that begins with `task(`")
    exercise = _tasks[number]
    return Verdict(try_out([(exercise, Project().example(exercise.example).program)])[0] or "Done.")


@dataclass(frozen=True)
class Contents:
    """The tutorial's table of contents, part by part, as Markdown."""

    markdown: str

    def __repr__(self) -> str:
        return self.markdown

    def _repr_markdown_(self) -> str:
        return self.markdown


def contents() -> Contents:
    """All lessons by part with their descriptions, and the titles of those that are still to come."""
    parts = []
    for part in Project().parts:
        lessons = [f"- [{lesson.title}]({lesson.path}) – {lesson.description}" for lesson in part.lessons]
        planned = [f"- {title} – *to come*" for title in part.planned]
        parts.append("\n".join([f"## {part.title}", "", *lessons, *planned]))
    return Contents("\n\n".join(parts) + "\n")


def _name(example: ModuleType) -> str:
    """`basic_stream` for the module `examples.basic_stream`; `django_yo` for `examples.django_yo.sse`."""
    package, _, rest = example.__name__.partition(".")
    if package != "examples" or not rest:
        raise UserError(example.__name__, "is not an example", "import it with `from examples import …`")
    return rest.split(".")[0]
