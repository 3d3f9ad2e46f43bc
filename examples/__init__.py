"""The example servers: one file each, every one with an ASGI `app`, every one a script of its own.

`.venv/bin/python -m examples.basic_stream` serves one of them, whether it is a file or a folder.
"""

import logging
import sys
from asyncio import CancelledError

# In a notebook's kernel FastHTML adds scripts and CORS headers to every app, which would not be what runs elsewhere.
if "ipykernel" in sys.modules:
    import fasthtml.core

    fasthtml.core.IN_NOTEBOOK = False


def is_news(record: logging.LogRecord) -> bool:
    """Whether uvicorn says more than that Ctrl-C has cut off a stream: one line tells of that, a traceback no more."""
    error = record.exc_info[1] if record.exc_info else None
    while isinstance(error, CancelledError):  # a task group may raise one in the place of uvicorn's
        if "graceful shutdown" in str(error):
            return False
        error = error.__context__
    return True


logging.getLogger("uvicorn.error").addFilter(is_news)
