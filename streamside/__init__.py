"""Server-Sent Events in Python: the support that the lessons, the site and the tests share."""

import sys

# `python -m streamside.setup` comes here first, with whatever Python there is: this much is read by very old ones too.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.stderr.write(
        "streamside: Python 3.11 or newer is needed, this is %d.%d.%d: "  # noqa: UP031
        "name another one, as in `make PYTHON=python3.13 test`\n" % sys.version_info[:3]
    )
    sys.exit(2)
