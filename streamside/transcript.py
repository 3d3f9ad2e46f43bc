"""An exchange as text: the lines of a transcript, their marks, and names for what nobody can see."""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

Headers = tuple[tuple[str, str], ...]

_PARTS = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # the lines of a text, each with its line end
_FIELD = re.compile(r"^(?:data|event|id|retry)(?=:|$)")  # the fields that the standard knows
_MARKS = {"sent": ">", "received": "<", "body": "│", "stream": "│", "rest": "↳", "end": "■"}
_ENDINGS = {
    "server": "The server ended the response",
    "client": "The client closed the connection",
    "network": "The connection was lost",
}


def head_lines(
    method: str, path: str, request_headers: Headers, request_body: str, status: int, headers: Headers
) -> Iterator["Line"]:
    """What was sent, and the head of what came back."""
    yield Line("sent", f"{method} {path}")
    yield from (Line("sent", f"{name}: {value}") for name, value in request_headers)
    yield Line("sent", "")
    yield from (Line("sent", part.removesuffix("\n")) for part in _PARTS.findall(request_body))
    yield Line("received", f"{status} {_reason(status)}".rstrip())
    yield from (Line("received", f"{name}: {value}") for name, value in headers)
    yield Line("received", "")


def body_lines(texts: Iterable[tuple[int, str]], is_stream: bool, ended_by: str, ended_at: int) -> Iterator["Line"]:
    """The body, line by line, and who ended it; `texts` and the end have their times in tenths of a second."""
    kind = "stream" if is_stream else "body"
    previous = "\n"
    for tenths, text in texts:
        time = seconds(tenths)
        for part in _PARTS.findall(text):
            goes_on = not previous.endswith(("\r", "\n")) or (previous.endswith("\r") and part == "\n")
            shown = part if part.endswith("\r\n") or (goes_on and part == "\n") else part.removesuffix("\n")
            yield Line("rest" if goes_on else kind, shown, time)
            previous, time = part, ""
    cut = ", in the middle of a line" if is_stream and not previous.endswith(("\r", "\n")) else ""
    yield Line("end", f"{_ENDINGS[ended_by]}{cut}.", seconds(ended_at))


@dataclass(frozen=True, slots=True)
class Line:
    """A line: `kind` is a key of _MARKS, `time` is empty where it is that of the line above."""

    kind: str
    text: str
    time: str = ""

    def plain(self, width: int) -> str:
        """The line as text; `width` is the room for a time."""
        return f"{self._margin(width)}{_MARKS[self.kind]}{self._spaced(visible(self.text))}"

    def html(self, width: int) -> str:
        """The line as HTML."""
        margin, mark, content = self._margin(width), html.escape(_MARKS[self.kind]), html_of(self.text)
        if self.time:
            margin = f'<span class="time">{margin[:-1]}</span> '
        if self.kind in ("sent", "received", "end"):
            return f'{margin}<span class="{self.kind}">{mark}{self._spaced(content)}</span>'
        if self.kind == "stream":
            content = _FIELD.sub(r'<span class="field">\g<0></span>', content)
            content = f'<span class="comment">{content}</span>' if self.text.startswith(":") else content
        # A screen reader need not say the rule between times and text.
        return f'{margin}<span aria-hidden="true">{mark}</span>{self._spaced(content)}'

    def _spaced(self, content: str) -> str:
        return f" {content}" if content else ""

    def _margin(self, width: int) -> str:
        return "" if self.kind in ("sent", "received") else f"{self.time.rjust(width)} "


def seconds(tenths: int) -> str:
    """Tenths of a second as they are shown."""
    return f"{tenths // 10}.{tenths % 10} s"


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""


_NAMES = {"\r\n": "CRLF", "\r": "CR", "\n": "LF", "\t": "TAB", "\0": "NUL", "\x1b": "ESC", "\ufeff": "BOM"}
# Controls, line separators, and what steers the direction of text; the joiners of letters and emoji may pass.
_INVISIBLE = re.compile(
    "\r\n|[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def _name(match: re.Match[str]) -> str:
    character = match[0]
    return f"⟨{_NAMES.get(character) or f'U+{ord(character):04X}'}⟩"


def visible(text: str) -> str:
    """Text in which invisible characters are named."""
    return _INVISIBLE.sub(_name, text)


def html_of(text: str) -> str:
    """The same as HTML."""
    return _INVISIBLE.sub(lambda match: f'<span class="invisible">{_name(match)}</span>', html.escape(text))


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def fenced(text: str, language: str) -> str:
    """Text as a block of code in Markdown, whatever stands in it."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"


def code_span(text: str) -> str:
    """Text as code in a line of Markdown, in a table too."""
    ticks = "`" * (_longest_run(text) + 1)
    return f"{ticks} {visible(text)} {ticks}".replace("|", "\\|") if text else ""
