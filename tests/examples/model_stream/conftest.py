"""What the tests of the model share: what it says and whether it still speaks, who asks it, what a page makes of it."""

import asyncio
import json

import httpx
import pytest

from examples import model_stream as example
from examples.model_stream import blocks
from examples.model_stream.blocks import Change, Late


class Page:
    """An answer's elements, as the page's script changes them."""

    def __init__(self) -> None:
        self.tree = [""]

    def apply(self, change) -> None:
        if isinstance(change, Late):
            elements = [place for place, node in enumerate(self.tree) if isinstance(node, list)]
            self.tree[elements[change.block]] = blocks.tree(change.html)[1]
            return
        element = self.tree
        for _ in range(change.depth):
            element = [node for node in element if isinstance(node, list)][-1]
        if change.nodes:
            assert len(element) > change.nodes
            del element[-change.nodes :]
        for node in blocks.tree(change.html)[1:]:
            if isinstance(node, str) and isinstance(element[-1], str) and len(element) > 1:
                element[-1] += node
            else:
                element.append(node)

    def hear(self, event: list[str]) -> str:
        """One event's lines; returns what an event `end` says."""
        fields = dict(line.split(": ", 1) for line in event)
        data = json.loads(fields["data"])
        match fields.get("event"):
            case "end":
                return data
            case "whole":
                self.tree = blocks.tree(data)
            case "late":
                self.apply(Late(*data))
            case None:
                self.apply(Change(*data))
        return ""

    @property
    def html(self) -> str:
        return blocks.text_of(self.tree[1:])


@pytest.fixture
def new_page():
    return Page


class Model:
    """Says what the test lets it say."""

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.words: list[str] = []
        self.holds = False  # before it has said the last one, until it is left
        self.speaking = 0

    async def answer(self, prompt: str):
        self.prompts.append(prompt)
        self.speaking += 1
        try:
            for word in self.words:
                await asyncio.sleep(0)
                yield word
            while self.holds:  # noqa: ASYNC110  # an event of asyncio's cannot be set from the test's thread
                await asyncio.sleep(0.005)
        finally:
            self.speaking -= 1


@pytest.fixture
def model(monkeypatch):
    speaking = Model()
    monkeypatch.setattr(example, "words", speaking.answer)
    monkeypatch.setattr(example, "answers", {})
    return speaking


@pytest.fixture
def question():
    """`question(url)` asks, and returns where the answer is."""

    def put(url, prompt="Why?", **headers):
        response = httpx.post(f"{url}/ask", data={"prompt": prompt}, headers=headers)
        assert response.status_code == 303, response.text
        return "/answers/" + response.headers["location"].removeprefix("./?answer=")

    return put
