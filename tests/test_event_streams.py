"""The file of cases that others use: it has them all, in the form that its schema describes."""

import base64
import json

from jsonschema import Draft202012Validator

from tests.event_streams import CASES, FILE, text

SCHEMA = FILE.with_name("event-streams.schema.json")
NAMED_BY_SUITES = {"wpt", "launchdarkly", "eventsource-parser"}


def test_the_file_has_what_is_written_in_python() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run `python -m tests.event_streams`"


def test_it_is_as_its_schema_says() -> None:
    schema, written = json.loads(SCHEMA.read_text(encoding="utf-8")), json.loads(FILE.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(written)
    cases = written["cases"]
    assert [case["about"] for case in cases] == sorted(
        (case["about"] for case in cases), key=schema["$defs"]["case"]["properties"]["about"]["enum"].index
    )


def test_every_case_has_a_name_and_bytes_of_its_own() -> None:
    cases = json.loads(FILE.read_text(encoding="utf-8"))["cases"]
    assert len(cases) == len(CASES) >= 120
    assert (
        len({case["name"] for case in cases}) == len({base64.b64decode(case["bytes"]) for case in cases}) == len(cases)
    )
