"""What differs between two good runs of a lesson: times, on a machine that was busy, and tokens. Nothing else does."""

import json
import re
from typing import Any

# Whether two lines share a time is a matter of times, too: the second one then has none, or comes in the same chunk.
VOLATILE = (
    re.compile(r"^ *(?:\d+\.\d s)?(?= [│■↳])", re.MULTILINE),  # the margin of a transcript
    re.compile(
        r'^ *(?:<span class="time"> *\d+\.\d s</span>)?(?= <span (?:aria-hidden="true"|class="end")>)', re.MULTILINE
    ),  # the same as HTML
    re.compile(
        r"(?<=<td>)\d+\.\d s(?=</td>)|^\d+\.\d s(?=  )|(?<=^\| )\d+\.\d s(?= \|)", re.MULTILINE
    ),  # a table of events
    re.compile(r'"\], \[\d+, "'),  # between two chunks of a recording as JSON
    re.compile(r'(?<=\[)\d+(?=, ")|(?<="start": )\d+|(?<="end": )\d+'),  # and its milliseconds
    # The token that Django makes anew for each page: in the form, and in the cookie, which bears a date besides.
    re.compile(r'(?<=csrfmiddlewaretoken\\" value=\\")\w+|(?<=csrftoken=)[^"]+'),
)


def same(one: object, other: object) -> bool:
    """Whether two outputs are equal but for what is volatile."""
    return _settled(one) == _settled(other)


def _settled(output: object) -> object:
    text = json.dumps(output, sort_keys=True, ensure_ascii=False)
    strings = json.loads(text, object_hook=lambda value: {key: _blank(item) for key, item in value.items()})
    return json.dumps(strings, sort_keys=True)


def _blank(value: Any) -> Any:
    """A string (or a list of lines) with the volatile parts blanked out."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        value = "".join(value)
    if not isinstance(value, str):
        return value
    for pattern in VOLATILE:
        value = pattern.sub("", value)
    return value
