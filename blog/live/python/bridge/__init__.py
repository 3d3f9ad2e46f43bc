"""The server's side of a page: ASGI applications whose requests arrive as messages instead of over a socket.

The service worker sends the messages and gets the answers; `python-worker.js` carries them into Python and back.
What uvicorn does for an application, this does in the same order: applications should not notice the difference.

A module imports only from those before it: `messages`, `output`, `in_place`, `django_tables`, `frameworks`, `program`,
`cookies`, `event_source`, `lifespan`, `own_requests`, `stand_ins`, `content_encoding`, `archive`, `packages`; `server`
(an application), `connection` (a client's to it), `request` and `web_socket` (what is spoken over one), `bridge` (all
of a page); `javascript`. Nothing but the last knows of JavaScript, so that all others are tested under CPython.
"""

from bridge.archive import archived, module_name
from bridge.bridge import Bridge
from bridge.javascript import connect
from bridge.packages import OWN, STANDARD
from bridge.program import ExampleError
from bridge.stand_ins import adapt

__all__ = ["OWN", "STANDARD", "Bridge", "ExampleError", "adapt", "archived", "connect", "module_name"]
