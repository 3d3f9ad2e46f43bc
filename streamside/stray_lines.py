"""What stands in an event stream and does nothing: lines that no browser reads, bytes that are not UTF-8."""

import re
from collections.abc import Iterator

FIELDS = ("data", "event", "id", "retry")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def lines(stream: bytes) -> Iterator[bytes]:
    """The complete lines, without their ends and without a byte order mark at the beginning."""
    parts = stream.removeprefix(_BYTE_ORDER_MARK).splitlines(keepends=True)
    yield from (part.rstrip(b"\r\n") for part in parts if part.endswith((b"\r", b"\n")))


def fields(stream: bytes) -> Iterator[tuple[str, str]]:
    """Each complete line as (field, value); of a comment the field is empty, and so is that of an empty line."""
    for line in lines(stream):
        field, _, value = line.decode(errors="replace").partition(":")
        yield field, value.removeprefix(" ")


def unread(stream: bytes) -> list[str]:
    """The lines that every event source ignores, though whoever sent them meant something; each with the reason."""
    found, has_data, event_type = [], False, ""
    for (field, value), line in zip(fields(stream), lines(stream), strict=True):
        text = repr(line.decode(errors="replace")[:60])
        if not line:
            if event_type and not has_data:
                found.append(f"{event_type} (an event without data is not dispatched)")
            has_data, event_type = False, ""
        elif field == "data":
            has_data = True
        elif field == "event":
            event_type = text
        elif field == "retry" and not re.fullmatch("[0-9]+", value):
            found.append(f"{text} (digits alone count)")
        elif field == "id" and "\0" in value:
            found.append(f"{text} (an id with NUL is ignored)")
        elif field and field not in FIELDS:
            found.append(f"{text} (no field of that name)")
    return found


def reconnection_times(stream: bytes) -> list[int]:
    """What `retry` was set to, in milliseconds, one after another."""
    return [int(value) for field, value in fields(stream) if field == "retry" and re.fullmatch("[0-9]{1,15}", value)]


def is_utf_8(stream: bytes) -> bool:
    """Whether all complete lines are."""
    try:
        for line in lines(stream):
            line.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_inside_an_event(stream: bytes) -> bool:
    """Whether data has come without the empty line that would dispatch it."""
    begun = re.split(rb"[\r\n]", stream)[-1]
    has_data = False
    for line in lines(stream + b"\n" if begun else stream):
        has_data = line.partition(b":")[0] == b"data" or (has_data and line != b"")
    return has_data
