"""What the recordings in the lessons show, and what a visitor does who wants the same from the running servers."""

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from streamside.catalogue import Lesson, Project

ELEMENT = re.compile(r'<live-example ([^>]*)>.*?<script type="application/json">(.*?)</script>', re.DOTALL)
CLOCK = re.compile(r"\b\d\d:\d\d:\d\d\b")
RANDOM_ID = re.compile(r'last event ID "[\w-]{12}"')  # all of it
LAST_EVENT_ID = re.compile(r'last event ID "(?:.*\D)?(\d+)"')

# What a lesson's notebook has asked, without the page's form.
PROMPTS = {"model_stream": "What is an event stream?"}
# Who signs in first, and what is then sent.
MEMBER = {"name": "ann", "password": "tea"}
# Fills fields in the example's page by name, and presses its first button.
ACT = """
async (live, fields) => {
  const page = () => live.querySelector("iframe").contentDocument;
  while (page()?.readyState !== "complete" || !page().querySelector("button")) await new Promise(requestAnimationFrame);
  for (const [name, value] of Object.entries(fields)) page().querySelector(`[name="${name}"]`).value = value;
  page().querySelector("button").click();
}
"""

# In another tab of the same browser, as it were: somebody signs in and sends somebody a yo.
SEND = """
async (live, { sender, receiver }) => {
  const inside = live.querySelector("iframe").contentWindow;
  const look = async () => new DOMParser().parseFromString(await (await inside.fetch("/")).text(), "text/html");
  const post = async (path, fields) => {
    const csrfmiddlewaretoken = (await look()).querySelector("[name=csrfmiddlewaretoken]").value;
    return inside.fetch(path, { method: "POST", body: new URLSearchParams({ csrfmiddlewaretoken, ...fields }) });
  };
  if ((await look()).getElementById("send")) await post("/sign-out", {});
  await post("/sign-in", { username: sender, password: "yo" });
  const receivers = [...(await look()).querySelectorAll("option")];
  await post("/send", { to_user: receivers.find((each) => each.textContent === receiver).value });
}
"""


@dataclass(frozen=True)
class Step:
    """Something that the visitor does, once so many events have come, by a function of the page and of fields."""

    after: int
    fields: dict[str, str]
    act: str = ACT


@dataclass(frozen=True, eq=False)
class Recording:
    """One `<live-example>` of a lesson that runs in the page."""

    example: str
    exchanges: Sequence[dict[str, Any]]

    @cached_property
    def steps(self) -> list[Step]:
        """A button for what no page asks for by itself, with what its query says in the form; and what others said."""
        first, *rest = self.exchanges
        known = text_of(first)
        if 'action="/sign-in"' in known:
            sent = re.findall(r"yo from (\w+) to (\w+)", text_of(rest[-1]))
            return [
                Step(count, {"sender": sender, "receiver": receiver}, SEND)
                for count, (sender, receiver) in enumerate(sent, 1)
            ]
        if self.example == "members_only":
            sent = [json.loads(line)["text"] for line in re.findall("^data: (.*)$", text_of(rest[-1]), re.MULTILINE)]
            notes = [Step(count, {"to": "ben", "text": text}) for count, text in enumerate(sent) if count]
            return [Step(0, MEMBER), *notes]
        if self.example in PROMPTS:
            return [Step(0, {"prompt": PROMPTS[self.example]})]
        steps = []
        for exchange in rest:
            path, _, query = exchange["path"].lstrip("/").partition("?")
            asked_for = re.search(rf'(sse-connect="|EventSource\(")/?{re.escape(path)}["?]', known)
            if "<button" in known and not asked_for:
                steps.append(Step(0, dict(parse_qsl(query))))
            known += text_of(exchange)
        return steps + self._said(text_of(first))

    def _said(self, page: str) -> list[Step]:
        """Where a form is posted, events are what somebody has typed."""
        field = re.search(r'<form[^>]*post="[^>]*>.*?<input name="(\w+)"', page, re.DOTALL)
        stream = text_of(self.exchanges[-1])
        data = re.findall(r"^data: ?(.*)$", stream, re.MULTILINE)
        texts = [html.unescape(re.sub("<.*?>", "", each)) for each in data]
        return [Step(count, {field[1]: text}) for count, text in enumerate(texts) if field and text]

    @property
    def seconds(self) -> float:
        """From the first event to the last; 0 where the visitor sets the pace, or the lesson has set another."""
        if self.example in PROMPTS or any(step.after for step in self.steps):
            return 0
        times = [time for exchange in self.exchanges[1:] for time, text in exchange["chunks"] if "data" in text]
        return (times[-1] - times[0]) / 1000


def text_of(exchange: dict[str, Any]) -> str:
    return "".join(text for _, text in exchange["chunks"])


def recordings(lesson: Lesson) -> list[Recording]:
    """Those in the stored outputs of a lesson whose examples run in the page."""
    return [
        Recording(found[1], json.loads(recorded)["exchanges"])
        for attributes, recorded in _elements(lesson)
        if " obstacle=" not in attributes and (found := re.search(r'example="(\w+)"', attributes))
    ]


def _elements(lesson: Lesson) -> Iterator[tuple[str, str]]:
    for cell in lesson.notebook["cells"]:
        for output in cell.get("outputs", []):
            yield from ELEMENT.findall("".join(output.get("data", {}).get("text/html", "")))


LESSONS = [lesson for lesson in Project().lessons if recordings(lesson)]


def comparable(shown: Sequence[str]) -> list[tuple[str, int | None]]:
    """Events as the Wire shows them, without what differs from visit to visit.

    That is the time of day, and where an ID's count begins, and data that is the same number: a clock may have ticked
    before, and what is before the number is random. And what a recording cannot know: whether anybody listens.
    """
    shown = [RANDOM_ID.sub("last event ID", text.removesuffix("\nno listener")) for text in shown]
    found = [LAST_EVENT_ID.search(text) for text in shown]
    numbers = [int(each[1]) if each else None for each in found]
    first = next((number for number in numbers if number is not None), 0)
    texts = [LAST_EVENT_ID.sub("last event ID", CLOCK.sub("12:00:00", text)) for text in shown]
    texts = [text.replace(f'"{number}"', '"its number"') for text, number in zip(texts, numbers, strict=True)]
    return [(text, None if number is None else number - first) for text, number in zip(texts, numbers, strict=True)]
