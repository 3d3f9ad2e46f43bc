"""How long `streamside examine` takes: it promises to be done within 15 seconds, also where a stream does not end.

`python -m benchmarks.examinations` prints a table: lesson 10's example, asked as it is and through Caddy.
"""

import asyncio
import json
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from benchmarks.caddy import Caddy
from benchmarks.workers import Workers
from streamside.paths import ROOT

LIMIT = 15.0  # seconds


class Examination(NamedTuple):
    """One stream's."""

    name: str
    seconds: float
    verdicts: tuple[str, ...]


async def examine(name: str, url: str, *options: str) -> Examination:
    """The command, as a shell starts it."""
    began = monotonic()
    command = [sys.executable, "-m", "streamside", "examine", "--json", *options, url]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE)
    said, _ = await process.communicate()
    findings = json.loads(said)["findings"]
    return Examination(name, monotonic() - began, tuple(finding["verdict"] for finding in findings))


async def examinations(*options: str) -> list[Examination]:
    """One after the other."""
    with tempfile.TemporaryDirectory() as folder:
        async with Workers("examples.broadcast:app") as server, Caddy(Path(folder), server.url) as proxy:
            urls = {"broadcast": server.url, "broadcast behind Caddy": proxy.url}
            return [await examine(name, f"{url}/events", *options) for name, url in urls.items()]


def table(done: Iterable[Examination]) -> Iterable[str]:
    """The lines of a Markdown table."""
    yield f"| `streamside examine` of | seconds, {LIMIT:.0f} at most | wrong | to be weighed |"
    yield "|---|---:|---:|---:|"
    for each in done:
        yield f"| {each.name} | {each.seconds:.1f} | {each.verdicts.count('wrong')} | {each.verdicts.count('note')} |"


def main() -> None:
    done = asyncio.run(examinations())
    print("\n".join(table(done)))
    if slow := [each.name for each in done if each.seconds > LIMIT]:
        raise SystemExit(f"too slow: {', '.join(slow)}")


if __name__ == "__main__":
    main()
