"""A very small language model: each word follows as it does somewhere in `lessons.md`, after the four before it."""

import re
from asyncio import sleep
from collections import defaultdict
from collections.abc import AsyncGenerator
from functools import cache
from pathlib import Path
from random import Random

PACE = 0.03  # seconds for a word
ENOUGH, MOST = 120, 600  # words: after so many it ends with a section, with so many anywhere
SECTION = "##"
TOKEN = re.compile(r"\n|```\w*|[^\S\n]*(?:\w+|[^\w\s]+)")


@cache
def model() -> tuple[list[list[str]], dict[tuple[str, ...], list[str]]]:
    """The headings of all sections; and what has followed each four words."""
    text = TOKEN.findall((Path(__file__).parent / "lessons.md").read_text(encoding="utf-8"))
    follows = defaultdict(list)
    for place, word in enumerate(text):
        follows[tuple(text[max(0, place - 4) : place])].append(word)
    headings = [text[place : text.index("\n", place)] for place, word in enumerate(text) if word == SECTION]
    return headings, follows


async def words(prompt: str) -> AsyncGenerator[str]:
    """The same words for the same prompt. They begin with a heading that has to do with it."""
    headings, follows = model()
    chance = Random(prompt)
    asked = {word.strip().lower() for word in TOKEN.findall(prompt)}
    said = list(max(headings, key=lambda heading: len({word.strip().lower() for word in heading} & asked)))
    for word in said:
        await sleep(PACE)
        yield word
    while len(said) < MOST:
        word = chance.choice(follows.get(tuple(said[-4:]), [""]))
        if not word or (word == SECTION and len(said) > ENOUGH):
            return
        said.append(word)
        await sleep(PACE)
        yield word
