"""What htmx 4.0.1 makes of the bytes of a stream (`hx-sse.js`, `parseSSE`): not in all what the standard does."""

import codecs
import re
from dataclasses import dataclass

LINE_END = re.compile(r"\r\n|\r|\n")
NUMBER = re.compile(r"\s*([+-]?\d+)")


@dataclass
class Message:
    """A block of a stream; without an event's name htmx swaps its data, with one it fires an event at the element."""

    event: str = ""
    data: str = ""
    retry: int | None = None  # milliseconds
    has_data: bool = False


class Htmx4Parser:
    """Bytes to messages, of one connection."""

    def __init__(self, last_event_id: str = "") -> None:
        self.last_event_id = last_event_id
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._begun = ""
        self._message = Message()

    def feed(self, chunk: bytes) -> list[Message]:
        """The messages that this chunk completes; a CRLF that is cut in two counts as two line ends."""
        *lines, self._begun = LINE_END.split(self._begun + self._decoder.decode(chunk))
        complete = []
        for line in lines:
            if line:
                self._field(*line.partition(":")[::2])
                continue
            if self._message.has_data or self._message.event:
                complete.append(self._message)
            self._message = Message()
        return complete

    def _field(self, name: str, value: str) -> None:
        value, message = value.removeprefix(" "), self._message
        if name == "data":
            message.data += "\n" * message.has_data + value
            message.has_data = True
        elif name == "event":
            message.event = value
        elif name == "id" and "\0" not in value:
            self.last_event_id = value
        elif name == "retry" and (number := NUMBER.match(value)):
            message.retry = int(number[1])
