"""What the search finds, in Node.js: words as they are, with a wrong letter, as a beginning; side by side first."""

import json
import subprocess
from typing import Any

import pytest

from streamside import setup
from streamside.paths import ROOT

TEXTS = {
    "one": "The server sends events, each with an id. The last one is DONE.",
    "two": "A browser sends Last-Event-ID when it reconnects. <b>x</b>",
    "three": "A heartbeat every 15 seconds keeps the connection "
    + "and the words go on and on " * 20
    + "to the buffer.",
}
FIND = """
const { sectionSearch } = await import(process.argv[1]);
const [sections, questions] = JSON.parse(process.argv[2]);
const find = sectionSearch(sections);
console.log(JSON.stringify(questions.map((question) => find(question))));
"""


@pytest.fixture(scope="module")
def found() -> dict[str, list[dict[str, Any]]]:
    """What is found for each question."""
    sections = [{"address": name, "page": "P", "heading": "", "text": text} for name, text in TEXTS.items()]
    questions = ["last event id", "heartbaet", "reconn", "buffer", "nowhere", "conn keeps", ".(", "b x"]
    arguments = [(ROOT / "blog/search/section-search.js").as_uri(), json.dumps([sections, questions])]
    command = [setup.node(), "--input-type=module", "--eval", FIND, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return dict(zip(questions, json.loads(done.stdout), strict=True))


def test_words_side_by_side_come_before_words_apart(found: dict[str, list[dict[str, Any]]]):
    assert [each["section"]["address"] for each in found["last event id"]] == ["two", "one"]


def test_a_wrong_letter_and_the_beginning_of_a_word_are_enough(found: dict[str, list[dict[str, Any]]]):
    assert [[each["section"]["address"] for each in found[question]] for question in ("heartbaet", "reconn")] == [
        ["three"],
        ["two"],
    ]
    assert found["nowhere"] == found[".("] == []
    assert found["conn keeps"] == []  # only the last word may go on


def test_an_excerpt_is_of_the_place_and_marks_the_words(found: dict[str, list[dict[str, Any]]]):
    assert found["last event id"][0]["excerpt"] == [
        {"text": "A browser sends ", "isFound": False},
        {"text": "Last-Event-ID", "isFound": True},
        {"text": " when it reconnects. <b>x</b>", "isFound": False},
    ]
    text = "".join(piece["text"] for piece in found["buffer"][0]["excerpt"])
    assert text.startswith("… go on")
    assert text.endswith("to the buffer.")
    assert len(text) < 100
