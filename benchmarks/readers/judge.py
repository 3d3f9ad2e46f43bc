"""What is given to every reader, and whether what it read is what the standard says."""

import base64
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any

Reading = dict[str, Any]  # events, lastEventId, reconnectionTime; or error
Case = dict[str, Any]  # as in `cases/event-streams.json`

EVERYTHING = ("events", "lastEventId", "reconnectionTime")


def cuts(stream: bytes) -> Iterator[list[int]]:
    """Where a stream is cut: nowhere, once at every place, everywhere."""
    yield []
    yield from ([place] for place in range(1, len(stream)))
    if len(stream) > 2:
        yield list(range(1, len(stream)))


def pieces(stream: bytes, places: Sequence[int]) -> list[bytes]:
    """The stream, cut at these places."""
    return [stream[start:end] for start, end in pairwise([0, *places, len(stream)])]


def streams(cases: Sequence[Case]) -> list[list[str]]:
    """Everything that a reader is given: the pieces of every stream, cut in every way, in base64."""
    return [
        [base64.b64encode(piece).decode() for piece in pieces(stream_of(case), places)]
        for case in cases
        for places in cuts(stream_of(case))
    ]


def uncut(cases: Sequence[Case]) -> list[int]:
    """Which of these streams are whole: the first of each case."""
    counts = [len(list(cuts(stream_of(case)))) for case in cases]
    return [0, *accumulate(counts)][:-1]


def stream_of(case: Case) -> bytes:
    return base64.b64decode(case["bytes"])


def expected(case: Case) -> Reading:
    """What a case says is read."""
    events = [[event["type"], event["data"], event["lastEventId"]] for event in case["events"]]
    return {"events": events, "lastEventId": case["lastEventId"], "reconnectionTime": case["reconnectionTime"]}


def is_right(case: Case, reading: Reading, tells: Sequence[str]) -> bool:
    """Whether all that the reader tells is what the case says."""
    return "error" not in reading and all(
        bare(reading[part]) == bare(expected(case)[part]) for part in tells if part in reading
    )


def bare(value: Any) -> Any:
    """Of a last event ID: as it is seen in a request, whose headers lose the blanks at their ends."""
    return value.strip(" \t") if isinstance(value, str) else value


def judged(cases: Sequence[Case], readings: Sequence[Reading], tells: Sequence[str]) -> dict[str, Any]:
    """How many cases a reader passes, however they are cut, and what it makes of the first wrong cut of each other."""
    failed, left = [], iter(readings)
    for case in cases:
        ways = list(cuts(stream_of(case)))
        read = [next(left) for _ in ways]
        wrong = [number for number, reading in enumerate(read) if not is_right(case, reading, tells)]
        if wrong:
            failed.append(
                {
                    "case": case["name"],
                    "uncut": wrong[0] == 0,
                    "ways": len(ways),
                    "wrong": len(wrong),
                    "cutAt": ways[wrong[0]],
                    "read": read[wrong[0]],
                }
            )
    if next(left, None) is not None:
        raise ValueError("there are more readings than streams")
    return {"passed": len(cases) - len(failed), "failed": failed}
