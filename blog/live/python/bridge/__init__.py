"""The server's side of a page: ASGI applications whose requests arrive as messages instead of over a socket.

The service worker sends the messages and gets the answers; `python-worker.js` carries them into Python and back.
What uvicorn does for an application, this does in the same order: applications should not notice the difference.

A module imports only from those before it: `messages`, `output`, `program`, `cookies`, `event_source`, `lifespan`,
`stand_ins`, `content_encoding`; `server` (an application), `connection` (a client's to it), `request` and `web_socket`
(what is spoken over one), `bridge` (all of a page); `archive`, `javascript`. Nothing but the last knows of JavaScript,
so that all others are tested under CPython.
"""

from bridge.archive import ARCHIVE, archived, module_name
from bridge.bridge import Bridge
from bridge.javascript import connect
from bridge.program import ExampleError
from bridge.stand_ins import adapt

__all__ = ["ARCHIVE", "Bridge", "ExampleError", "adapt", "archived", "connect", "module_name"]
