"""The page's own reading of an event stream, against ours in Python: the same events from any split of any text."""

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from streamside.setup import node
from streamside.wire import EventParser

LIVE = Path(__file__).parents[2] / "blog/live"
PIECES = [
    "data",
    "event",
    "id",
    "retry",
    ":",
    ": ",
    " ",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\ufeff",
    "\0",
    "1",
    "x",
    "é",
    "\u2028",
    "\x85",
]
PROGRAM = """
const { EventStream } = await import(process.argv[1]);
let input = '';
for await (const chunk of process.stdin) input += chunk;
const read = (pieces) => {
  const stream = new EventStream('before');
  const events = pieces.flatMap((piece) => stream.read(piece)).flatMap(({ event }) => event ?? []);
  const shown = events.map((event) => [event.type, event.data, event.lastEventId]);
  return [shown, stream.lastEventId, stream.reconnectionTime ?? null];
};
process.stdout.write(JSON.stringify(JSON.parse(input).map(read)));
"""


def read_in_the_page(streams: list[list[str]]) -> list[Any]:
    command = [node(), "--input-type=module", "--eval", PROGRAM, (LIVE / "page/event-stream.js").as_uri()]
    done = subprocess.run(command, input=json.dumps(streams), capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def read_in_python(pieces: list[str]) -> list[Any]:
    parser = EventParser("before")
    events = [event for piece in pieces for event in parser.feed(piece.encode())]
    shown = [[event.type, event.data, event.last_event_id] for event in events]
    return [shown, parser.last_event_id, parser.reconnection_time]


def test_both_readings_agree() -> None:
    chance = random.Random(2)
    streams = [["".join(chance.choices(PIECES, k=chance.randrange(9))) for _ in range(8)] for _ in range(2000)]
    assert any(read_in_python(stream)[0] for stream in streams)
    for stream, read in zip(streams, read_in_the_page(streams), strict=True):
        assert read == read_in_python(stream), stream


@pytest.mark.parametrize("size", [1, 1000])
def test_a_long_line_takes_no_longer_in_small_pieces(size: int) -> None:
    text = "data: " + "x" * 300_000 + "\n\n"
    (read,) = read_in_the_page([[text[start : start + size] for start in range(0, len(text), size)]])
    assert len(read[0][0][1]) == 300_000
