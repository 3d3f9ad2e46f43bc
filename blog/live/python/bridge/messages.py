"""What goes to and fro between the service worker and the servers of a page; ASGI's messages have the same form.

From the service worker: `request` (id, server, jar, method, scheme, host, port, path, query, headers, body, source,
client: that of an event source, credentials), `handshake` (the same, of a WebSocket), `frame` (id, opcode, body: what
a WebSocket's client says), `pulled` (id, size: the client has taken so many more bytes), `cancel` (id, code: the
client is gone, and how if it went by itself), `cookie` (server, jar, cookie: path, name, value and time of one that a
script has set). To it: `request` (id, headers as the application gets them), `response` (id, status, reason, headers,
cookies: of each, what scripts may know), `chunk` (id, body; of a WebSocket one frame), `end` (id, error: None, or why
the answer is incomplete).
"""

from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
Post = Callable[[Message], None]
Header = tuple[str, str]
