"""What a model's words cost as Markdown: `examples/model_stream` beside three other ways.

`python -m benchmarks.markdown` prints a table in some minutes; without the slowest way (`--quick`) in seconds. The text
is the tutorial's own; "with code" begins with a block of 300 lines. The last row is npm's streaming-markdown, which
renders in the page; here in Node.js, where it keeps nothing. It is installed into `.cache` for this, or left out.
"""

import argparse
import html
import json
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from examples.model_stream import answer, blocks
from examples.model_stream.ngram import TOKEN
from streamside import setup
from streamside.catalogue import Project, cell_text
from streamside.paths import ROOT

COUNTS = (1000, 8000)  # words
NAME = 40  # characters of a row's name
PACKAGE = "streaming-markdown@0.2.15"
CACHE = ROOT / ".cache" / "markdown"
PROGRAM = ROOT / "benchmarks" / "streaming_markdown.mjs"
CODE = "```python\n" + "".join(f"    total += values[{line}] < {line}  # {line}\n" for line in range(300)) + "```\n\n"

Way = Callable[[list[str]], Iterator[list[Any]]]


class Cost(NamedTuple):
    """What one way takes for so many words."""

    size: int  # bytes on the wire
    total: float  # seconds of CPU, for all
    last: float  # and for each of the last hundred


def as_text(words: list[str]) -> Iterator[list[Any]]:
    for word in words:
        yield [html.escape(word, quote=False)]


def whole(words: list[str]) -> Iterator[list[Any]]:
    text = ""
    for word in words:
        text += word
        yield [blocks.MARKDOWN.render(text)]


def in_place(words: list[str]) -> Iterator[list[Any]]:
    written = blocks.Blocks()
    for word in words:
        yield written.add(word)


def open_block_replaced(words: list[str]) -> Iterator[list[Any]]:
    def replaced(old: list[Any], new: list[Any]) -> Iterator[Any]:
        if old != new:
            yield blocks.Change(0, len(old) - 1, blocks.text_of(new[1:]))

    difference = blocks.difference
    blocks.difference = replaced
    yield from in_place(words)
    blocks.difference = difference


WAYS: dict[str, Way] = {
    "escaped text": as_text,
    "all of it for each word": whole,
    "the open block replaced": open_block_replaced,
    "what is new": in_place,
}


def cost(sent: Iterable[list[Any]]) -> Cost:
    size, times = 0, [time.process_time()]
    for number, changes in enumerate(sent, 1):
        times.append(time.process_time())
        size += sum(len(answer.encode(number, "message", change)) for change in changes)
    last = times[-101:]
    return Cost(size, times[-1] - times[0], (last[-1] - last[0]) / 100)


def lessons() -> str:
    """The prose and the code of all lessons, as a model that knows them would write it."""
    parts = []
    for lesson in Project().lessons:
        for cell in lesson.notebook["cells"]:
            if cell["cell_type"] == "markdown":
                parts.append(cell_text(cell))
            elif cell["cell_type"] == "code" and "echo: false" not in cell_text(cell):
                parts.append(f"```python\n{cell_text(cell)}\n```")
    return "\n\n".join(parts)


def in_the_page(words: list[str]) -> float | None:
    """Seconds of CPU that npm's streaming-markdown takes; None where it cannot be installed."""
    command = [setup.node(), PROGRAM, CACHE / "node_modules/streaming-markdown/smd.js"]
    try:
        if not (CACHE / "node_modules").is_dir():
            npm = ["npm", "install", "--silent", "--no-save", "--prefix", CACHE, PACKAGE]
            subprocess.run(list(map(str, npm)), check=True, capture_output=True)
        done = subprocess.run(
            list(map(str, command)), input=json.dumps(words), text=True, check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the way whose work grows with the square")
    quick = parser.parse_known_args()[0].quick
    print(f"{'':{NAME}}{'bytes, to the text':>22}{'µs of CPU for a word':>24}{'for the last ones':>22}")
    for name, before in (("", ""), (", with code", CODE)):
        words = TOKEN.findall(before + lessons())
        texts = [cost(as_text(words[:count])).size for count in COUNTS]
        for way, sending in WAYS.items():
            if not (quick and sending is whole):
                costs = [cost(sending(words[:count])) for count in COUNTS]
                show(way + name, costs, texts)
        taken = [in_the_page(words[:count]) for count in COUNTS]
        if None not in taken:
            micro = [1e6 * float(seconds or 0) / count for seconds, count in zip(taken, COUNTS, strict=True)]
            print(f"{PACKAGE + name:{NAME}}{1:>11.1f}{1:>11.1f}{micro[0]:>12.1f}{micro[1]:>12.1f}")


def show(name: str, costs: list[Cost], texts: list[int]) -> None:
    sizes = [f"{each.size / text:>11.1f}" for each, text in zip(costs, texts, strict=True)]
    times = [f"{1e6 * each.total / count:>12.0f}" for each, count in zip(costs, COUNTS, strict=True)]
    last = [f"{1e6 * each.last:>11.0f}" for each in costs]
    print(f"{name:{NAME}}", *sizes, *times, *last, sep="", flush=True)


if __name__ == "__main__":
    main()
