"""Who reads event streams right: how readers are judged, what is stored of them, and those that are here anyway."""

import base64
import json
import os
import re
import subprocess
from typing import Any

import pytest

from benchmarks.readers import __main__ as command
from benchmarks.readers.in_browsers import told
from benchmarks.readers.judge import EVERYTHING, cuts, is_right, judged, pieces, streams, uncut
from streamside import setup

CASES = command.CASES
CASE = {
    "name": "a",
    "bytes": base64.b64encode(b"id: 1\n\n").decode(),
    "events": [],
    "lastEventId": "1",
    "reconnectionTime": None,
}
RIGHT: dict[str, Any] = {"events": [], "lastEventId": "1", "reconnectionTime": None}


def test_every_stream_is_cut_at_every_place():
    assert [pieces(b"abc", places) for places in cuts(b"abc")] == [
        [b"abc"],
        [b"a", b"bc"],
        [b"ab", b"c"],
        [b"a", b"b", b"c"],
    ]
    assert [pieces(b"", places) for places in cuts(b"")] == [[b""]]
    given = streams(CASES)
    assert [b"".join(map(base64.b64decode, given[place])) for place in uncut(CASES)] == [
        base64.b64decode(case["bytes"]) for case in CASES
    ]
    assert all(len(given[place]) == 1 for place in uncut(CASES))


@pytest.mark.parametrize(
    ("reading", "tells", "right"),
    [
        (RIGHT, EVERYTHING, True),
        ({**RIGHT, "events": [["message", "", "1"]]}, EVERYTHING, False),
        ({**RIGHT, "lastEventId": " 1\t"}, EVERYTHING, True),  # as a header has it
        ({**RIGHT, "lastEventId": ""}, EVERYTHING, False),
        ({**RIGHT, "reconnectionTime": 0}, EVERYTHING, False),
        ({**RIGHT, "reconnectionTime": 0}, ("events", "lastEventId"), True),
        ({"events": []}, EVERYTHING, True),  # seen of a browser's event source where it is not waited for
        ({"error": "UnicodeDecodeError"}, EVERYTHING, False),
    ],
)
def test_what_a_reader_tells_has_to_be_right(reading: dict[str, Any], tells: tuple[str, ...], right: bool):
    assert is_right(CASE, reading, tells) is right


def test_a_case_is_passed_if_it_is_read_right_however_it_is_cut():
    ways = len(list(cuts(b"id: 1\n\n")))
    wrong = {**RIGHT, "lastEventId": ""}
    assert judged([CASE, CASE], [RIGHT] * (2 * ways), EVERYTHING) == {"passed": 2, "failed": []}
    assert judged([CASE], [RIGHT] * 2 + [wrong] + [RIGHT] * (ways - 3), EVERYTHING) == {
        "passed": 0,
        "failed": [{"case": "a", "uncut": False, "ways": ways, "wrong": 1, "cutAt": [2], "read": wrong}],
    }
    with pytest.raises(ValueError, match="more readings than streams"):
        judged([CASE], [RIGHT] * (ways + 1), EVERYTHING)


@pytest.mark.parametrize(
    ("waited", "time"), [(0.001, 0), (0.52, 0), (1.48, 1500), (1.9, 1500), (2.1, 2000), (2.99, None), (3.2, None)]
)
def test_a_wait_tells_the_reconnection_time(waited: float, time: int | None):
    assert told(waited, own=3.0) == time


def in_node(name: str, given: list[list[str]]) -> list[dict[str, Any]]:
    script = [command.HERE / "in_node.mjs", name]
    environment = {**os.environ, "EVENT_TYPES": json.dumps(command.TYPES)}
    done = subprocess.run(
        [setup.node(), "--experimental-eventsource", "--no-warnings", *script],
        input=json.dumps(given).encode(),
        env=environment,
        capture_output=True,
        check=True,
    )
    return list(json.loads(done.stdout)["readings"])


def test_what_draws_the_wire_reads_every_case_however_it_is_cut():
    assert judged(CASES, in_node("streamside", streams(CASES)), EVERYTHING) == {"passed": len(CASES), "failed": []}


def test_the_event_source_of_node_reads_most_of_them_uncut():
    """undici's, of the version that Node.js has. The browsers' are asked by `test_format_in_browsers`."""
    given = streams(CASES)
    readings = in_node("Node.js", [given[place] for place in uncut(CASES)])
    wrong = {case["name"] for case, read in zip(CASES, readings, strict=True) if not is_right(case, read, EVERYTHING)}
    assert wrong <= {
        "an empty event type is message",
        "event without a colon is message",
        "an id in Greek",
        "an id that is not UTF-8",
        "a reconnection time needs no blank line",
        "everything with CR, after a byte order mark",
        # of Node.js 20 only
        "an empty id",
        "an empty id stays empty",
        "an empty id without data forgets",
        "id without a colon",
    }


def test_what_is_stored_is_of_these_cases_and_of_the_locked_versions():
    stored = json.loads(command.RESULTS.read_text(encoding="utf-8"))
    assert (stored["cases"], stored["streams"]) == (len(CASES), len(streams(CASES)))
    assert [reader["name"] for reader in stored["readers"]] == [reader.name for reader in command.READERS]
    names = {case["name"] for case in CASES}
    for reader in stored["readers"]:
        assert {failure["case"] for failure in reader["failed"]} <= names
        assert reader["passed"] + len(reader["failed"]) == len(CASES)
    found = {reader["name"]: reader["version"] for reader in stored["readers"]}
    of_packages = [reader for reader in command.READERS if reader.package not in ("", "streamside")]
    locked = locked_versions()
    assert {reader.package: found[reader.name] for reader in of_packages} == {
        reader.package: locked[reader.package] for reader in of_packages
    }


def locked_versions() -> dict[str, str]:
    """The versions of all packages that `python -m benchmarks.readers` installs, by name."""
    packages = json.loads((command.HERE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    python = (command.HERE / "requirements.lock").read_text(encoding="utf-8")
    javascript = {place.removeprefix("node_modules/"): package.get("version") for place, package in packages.items()}
    return {**javascript, **dict(re.findall(r"^([\w.-]+)==(\S+)", python, re.MULTILINE))}


def test_what_is_compared_is_installed_by_hash_and_from_no_host_that_is_named():
    for name in ("package-lock.json", "requirements.lock"):
        assert "://" not in (command.HERE / name).read_text(encoding="utf-8")
    packages = json.loads((command.HERE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert all("integrity" in package for place, package in packages.items() if place)
