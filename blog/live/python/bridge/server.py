"""One application, served to its visitors."""

import signal
from typing import Any

from bridge.cookies import CookieJar
from bridge.lifespan import Lifespan
from bridge.stand_ins import uvicorn_server

FIRST = 1  # the jar of the first visitor


class Server:
    """An application with its lifespan and its visitors' cookies."""

    def __init__(self, name: str, example: str, app: Any) -> None:
        self.name = name
        self.example = example
        self.app = app
        self.lifespan = Lifespan(app)
        self.jars = {FIRST: CookieJar()}
        self.addresses: set[tuple[str, int]] = set()  # at which it was asked

    def cookies(self, jar: int = FIRST) -> CookieJar:
        """Those of the visitors who share a jar."""
        return self.jars.setdefault(jar, CookieJar())

    def announce_stop(self) -> None:
        """Let those know who have asked uvicorn to be told of its end."""
        uvicorn_server(self.name)().handle_exit(signal.SIGINT, None)
