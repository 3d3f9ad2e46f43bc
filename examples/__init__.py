"""The example servers: one file each, every one with an ASGI `app`, every one a script of its own."""

import sys

# In a notebook's kernel FastHTML adds scripts and CORS headers to every app, which would not be what runs elsewhere.
if "ipykernel" in sys.modules:
    import fasthtml.core

    fasthtml.core.IN_NOTEBOOK = False
