"""Serves the example as it is served in production: `python -m in_service --host 0.0.0.0`."""

import sys
from argparse import ArgumentParser
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from socket import IPPROTO_TCP

import uvicorn

# `python -m examples.in_service` knows this file's package; `python examples/in_service` has to find it.
folder = Path(__file__).resolve().parent
sys.path.insert(0, str(folder.parent))
example = import_module(__package__ or folder.name)

OTHERS = 100  # connections beside the streams: pages, probes, whoever reads the numbers
UNACKNOWLEDGED = 30_000  # milliseconds, after which Linux gives up a client that takes nothing


def main() -> None:
    parser = ArgumentParser(description=example.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    config = uvicorn.Config(
        example.app,
        host=options.host,
        port=options.port,
        access_log=False,
        limit_concurrency=example.MAX_STREAMS + OTHERS,
        timeout_graceful_shutdown=5,  # seconds for clients that do not even read the end
    )
    listening = config.bind_socket()
    with suppress(ImportError):  # macOS and Windows have no such limit
        from socket import TCP_USER_TIMEOUT

        listening.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED)  # what it accepts inherits it
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
