"""What must be seen for a task to be solved, told in statements that a person can read:

    see=[event("progress", "DONE", nth=4), no(request("/news"), after=event("done"), within=2)]

The page's Check, `lab.check` and the tests all evaluate it here, over what a Wire tells: requests, answers, pieces of
streams, ends, the browser's part; and what was printed, and what the app shows. It runs in the page's Python too.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from streamside.sightings import Kind, Message, Sighting, sightings

SHOWN = 60  # characters of a text that a sentence quotes


class Statement:
    """Something that must be seen, or must not."""

    def missing(self, seen: Sequence[Sighting], now: float, /) -> str:
        """What is missing yet, in one sentence; empty if nothing is. `now` in milliseconds, as sightings have it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Seen(Statement):
    """Something must be seen; what is None may be anything."""

    kind: Kind
    name: str | None = None
    text: str | None = None  # a part of it
    data: str | None = None  # all of it
    id: str | None = None
    nth: int | None = None
    header: str | None = None
    without: str | None = None  # of a request a header, of the app a text
    reader: int | None = None  # on whose page
    times: int = 1
    after: "Seen | None" = None
    within: float | Sequence[float] | None = None  # seconds after that: at most so many, or from … to …

    def moments(self, seen: Sequence[Sighting]) -> list[Sighting]:
        """Where it is seen, from the `times`-th time on."""
        found = [each for each in seen if self._is(each)]
        if self.after:
            starts = self.after.moments(seen)
            found = [each for each in found if any(self._follows(each, start) for start in starts)]
        return found[self.times - 1 :]

    def missing(self, seen: Sequence[Sighting], _now: float, /) -> str:
        """As every statement."""
        return "" if self.moments(seen) else f"Missing: {self.phrase}{self._nearest(seen)}."

    @property
    def phrase(self) -> str:
        """What it is, in words."""
        return f"{_phrase(self)}{self._how_often}{self._when}"

    @property
    def _how_often(self) -> str:
        return f", {self.times} times" if self.times > 1 else ""

    @property
    def _when(self) -> str:
        if not self.after:
            return ""
        if self.within is None:
            return f" after {self.after.phrase}"
        first, last = self._limits
        span = f"{first:g} to {last:g} s" if first else f"at most {last:g} s"
        return f" {span} after {self.after.phrase}"

    @property
    def _limits(self) -> tuple[float, float]:
        if self.within is None:
            return 0, float("inf")
        if isinstance(self.within, int | float):
            return 0, self.within
        first, last = self.within
        return first, last

    def _is(self, each: Sighting) -> bool:
        if each.kind != self.kind or self.reader not in (None, each.reader):
            return False
        if self.kind == "request":
            return self._is_request(each)
        return (
            self.name in (None, each.name)
            and (self.text is None or self.text in each.text)
            and self.data in (None, each.text)
            and self.id in (None, each.id)
            and self.nth in (None, each.number)
            and (self.without is None or self.without not in each.text)
        )

    def _is_request(self, each: Sighting) -> bool:
        path = (self.name or "").removeprefix("/")
        asked = each.name.partition(" ")[2].removeprefix("/")
        if "?" not in path:
            asked = asked.partition("?")[0]
        header, without = (self.header or "").lower(), (self.without or "").lower()
        return path == asked and (not header or header in each.headers) and without not in each.headers

    def _follows(self, each: Sighting, start: Sighting) -> bool:
        if each.place <= start.place or (self.kind == start.kind == "event" and each.connection != start.connection):
            return False
        first, last = self._limits
        return 1000 * first <= each.time - start.time <= 1000 * last

    def _nearest(self, seen: Sequence[Sighting]) -> str:
        """What there is instead, which tells the reader what to change."""
        if self.after and self.within is not None:
            late = replace(self, within=None).moments(seen)
            if late:
                start = self.after.moments(seen)[0]
                return f" (it came after {(late[0].time - start.time) / 1000:.1f} s)"
        found = replace(self, times=1).moments(seen)
        if self.times > 1 and found:
            return f" (so far {len(found)})"
        if self.after and not self.after.moments(seen):
            return f" (there is no {_without_article(self.after.phrase)} yet)"
        if found:
            return ""
        same = [each for each in seen if each.kind == self.kind]
        if self.kind in ("event", "unheard"):
            return self._nearest_event([each for each in seen if each.kind == "event"])
        if self.kind == "request" and same:
            return f" (so far: {', '.join(dict.fromkeys(each.name for each in same))})"
        if self.kind == "app" and same and self.without and self.text and self.text in same[-1].text:
            return f" (it shows “{self.without}” too)"
        if self.kind == "log" and same:
            return f" (the last line is “{_short(same[-1].text.splitlines()[-1])}”)"
        if self.kind == "line" and same:
            return f" (the last one is “{_short(same[-1].text)}”)"
        if self.kind == "answer" and same:
            return f" (so far: {', '.join(dict.fromkeys(each.text for each in same))})"
        return ""

    def _nearest_event(self, events: Sequence[Sighting]) -> str:
        if self.nth:
            elsewhere = [each for each in events if replace(self, nth=None)._is(each)]
            if elsewhere:
                return f" (it came as number {elsewhere[-1].number})"
        same = [each for each in events if self.name in (None, each.name)]
        if same and self.id is not None and same[-1].id != self.id:
            return f" (the last one has {f'the ID “{_short(same[-1].id)}”' if same[-1].id else 'none'})"
        if same:
            return f" (the last one says “{_short(same[-1].text)}”)"
        if events:
            return f" (the types so far: {', '.join(dict.fromkeys(each.name for each in events))})"
        return " (no event has come)"


@dataclass(frozen=True)
class No(Statement):
    """Something must not be seen: for some seconds, or before something else is."""

    seen: Seen
    after: Seen | None = None
    within: float = 1.0
    before: Seen | None = None

    def missing(self, seen: Sequence[Sighting], now: float, /) -> str:
        """As every statement."""
        span = f"within {self.within:g} s after {self.after.phrase}" if self.after else ""
        if self.before:
            ends = self.before.moments(seen)
            if not ends:
                return self.before.missing(seen, now)
            wrong = [each for each in self.seen.moments(seen) if each.place < ends[0].place]
            return f"There is {self.seen.phrase}, and there should be none." if wrong else ""
        if not self.after:
            return f"There is {self.seen.phrase}, and there should be none." if self.seen.moments(seen) else ""
        starts = self.after.moments(seen)
        if not starts:
            return self.after.missing(seen, now)
        start, end = starts[-1], starts[-1].time + 1000 * self.within
        if any(start.place < each.place and each.time <= end for each in self.seen.moments(seen)):
            return f"There is {self.seen.phrase} {span}, and there should be none."
        return "" if now >= end else f"So far there is no {_without_article(self.seen.phrase)} {span}: wait."


@dataclass(frozen=True)
class Exactly(Statement):
    """Something must be seen so many times before something else is."""

    times: int
    seen: Seen
    before: Seen

    def missing(self, seen: Sequence[Sighting], _now: float, /) -> str:
        """As every statement."""
        ends = self.before.moments(seen)
        count = len([each for each in self.seen.moments(seen) if not ends or each.place < ends[0].place])
        if not ends:
            return f"Wait for {self.before.phrase} (so far {count} of {self.times} times {self.seen.phrase})."
        if count == self.times:
            return ""
        return f"Before {self.before.phrase} there should be {self.seen.phrase} {self.times} times, not {count} times."


# ---- What lessons write ----


def event(
    type: str | None = None,  # noqa: A002  # the standard's word
    text: str | None = None,
    *,
    data: str | None = None,
    id: str | None = None,  # noqa: A002  # the field's name
    nth: int | None = None,
    reader: int | None = None,
    times: int = 1,
    after: Seen | None = None,
    within: float | Sequence[float] | None = None,
) -> Seen:
    """An event with `text` in its data, or with all of `data`, as the `nth` of its response, on any reader's page."""
    return Seen("event", type, text, data, id, nth, reader=reader, times=times, after=after, within=within)


def request(
    path: str,
    *,
    header: str | None = None,
    without: str | None = None,
    times: int = 1,
    after: Seen | None = None,
    within: float | Sequence[float] | None = None,
) -> Seen:
    """A request for a path; where it names no query, with any. With a header, or without one."""
    return Seen("request", path, header=header, without=without, times=times, after=after, within=within)


def answer(status: int, *, after: Seen | None = None) -> Seen:
    """An answer with this status."""
    return Seen("answer", data=str(status), after=after)


def line(
    text: str, *, times: int = 1, after: Seen | None = None, within: float | Sequence[float] | None = None
) -> Seen:
    """A line of a stream as it is on the wire, whatever the browser makes of it."""
    return Seen("line", data=text, times=times, after=after, within=within)


def end(why: str | None = None) -> Seen:
    """The end of a stream's response; `why` is part of what the Wire says of it."""
    return Seen("end", text=why)


def unheard(type: str, text: str | None = None) -> Seen:  # noqa: A002  # the standard's word
    """An event of a type that nobody listens to."""
    return Seen("unheard", type, text)


def closed() -> Seen:
    """An event source that is closed for good, by an answer that is no stream."""
    return Seen("closed")


def log(text: str, *, times: int = 1, after: Seen | None = None, within: float | Sequence[float] | None = None) -> Seen:
    """What Python printed has this in it."""
    return Seen("log", text=text, times=times, after=after, within=within)


def app(text: str, *, without: str | None = None, after: Seen | None = None) -> Seen:
    """The app shows this text, and not that other."""
    return Seen("app", text=text, without=without, after=after)


def no(seen: Seen, *, after: Seen | None = None, within: float = 1.0, before: Seen | None = None) -> No:
    """Something is not seen: within so many seconds after something, or before something, or ever."""
    return No(seen, after, within, before)


def exactly(times: int, seen: Seen, *, before: Seen) -> Exactly:
    """Something is seen so many times before something else."""
    return Exactly(times, seen, before)


# ---- A task ----

Changes = Mapping[str, str]  # old text → new text
Files = Mapping[str, str]  # an example's texts, by path from the folder of all examples


@dataclass(frozen=True)
class Exercise:
    """A task: a small change to an example, and what is then to be seen."""

    number: int  # in its lesson
    example: str
    definition: str  # where the change is to be made
    text: str  # what to do, in Markdown
    see: Sequence[Statement]
    hint: str
    solution: Changes
    wrong: Sequence[tuple[Changes, str]] = ()  # plausible attempts, each with a part of what is then said
    do: Sequence[str] = ()  # what the reader does beside running it, for a visit without a browser (see `visitor`)
    seconds: float = 12  # how long such a visit looks on
    file: str = ""  # of an example that is a folder, the one with the definition, such as "views.py"

    @property
    def path(self) -> str:
        """The file that is to be changed, from the folder of all examples."""
        return f"{self.example}/{self.file}" if self.file else f"{self.example}.py"

    def edited(self, files: Files, changes: Changes) -> dict[str, str]:
        """The example's files with each old text, which must be there once, replaced. Raises `ValueError`."""
        text = files[self.path]
        for old, new in changes.items():
            if text.count(old) != 1:
                raise ValueError(f"{old!r} is {text.count(old)} times in examples/{self.path}, not once")
            text = text.replace(old, new)
        return {**files, self.path: text}


def missing(see: Iterable[Statement], messages: Iterable[Message], now: float, /) -> str:
    """The first thing that is missing in what was seen, in one sentence; empty if the task is solved."""
    seen = sightings(messages)
    return next(filter(None, (statement.missing(seen, now) for statement in see)), "")


# ---- From and to JSON, for the page ----

STATEMENTS: tuple[type[Any], ...] = (Seen, No, Exactly)


def to_json(see: Iterable[Statement]) -> str:
    """Statements as a page carries them."""
    return json.dumps([_plain(statement) for statement in see], ensure_ascii=False)


def from_json(text: str) -> list[Statement]:
    """And back."""
    return [_statement(plain) for plain in json.loads(text)]


def _plain(statement: Any) -> dict[str, Any]:
    said = {each.name: getattr(statement, each.name) for each in fields(statement)}
    told = {name: _plain(value) if isinstance(value, Statement) else value for name, value in said.items()}
    default = {each.name: each.default for each in fields(statement)}
    return {"is": type(statement).__name__} | {
        name: value for name, value in told.items() if value != default[name] or name == "kind"
    }


def _statement(plain: dict[str, Any]) -> Any:
    kinds = {each.__name__: each for each in STATEMENTS}
    values = {
        name: _statement(value) if isinstance(value, dict) else value for name, value in plain.items() if name != "is"
    }
    return kinds[plain["is"]](**values)


# ---- Words ----


def _short(text: str) -> str:
    text = text.replace("\n", "⏎")
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _without_article(phrase: str) -> str:
    return re.sub(r"^(an?|the) ", "", phrase)


def _phrase(seen: Seen) -> str:
    match seen.kind:
        case "event":
            return _event_phrase(seen)
        case "request":
            return _request_phrase(seen)
        case "answer":
            return f"an answer with status {seen.data}"
        case "line":
            return f"the line “{seen.data}” on the wire"
        case "end":
            return "the end of a response" + (f" (“{seen.text}”)" if seen.text else "")
        case "unheard":
            return f"{_event_phrase(seen)} that nobody listens to"
        case "closed":
            return "an event source that is closed for good"
        case "log":
            return f"“{seen.text}” in what Python printed"
        case "app":
            return f"“{seen.text}” in the app" + (f", without “{seen.without}”" if seen.without else "")


def _event_phrase(seen: Seen) -> str:
    said = "an event" if seen.name is None else f"an event “{seen.name}”"
    text = seen.text if seen.text is not None else seen.data
    said += f" with “{_short(text)}”" if text else " without text" if text == "" else ""
    if seen.id is not None:
        said += f" {'with' if text is None else 'and'} {f'the ID “{seen.id}”' if seen.id else 'no ID'}"
    said += f" as the {_ordinal(seen.nth)} of its response" if seen.nth else ""
    return said + (f" on reader {seen.reader}’s page" if seen.reader else "")


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


def _request_phrase(seen: Seen) -> str:
    said = f"a request for “{seen.name}”"
    said += f" with the header {seen.header}" if seen.header else ""
    return said + (f" without the header {seen.without}" if seen.without else "")
