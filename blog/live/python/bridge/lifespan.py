"""An application's start-up and shutdown: ASGI's lifespan protocol."""

import asyncio
import sys
import traceback
from typing import Any

from bridge.messages import Message
from bridge.program import ExampleError

GRACE = 0.5  # seconds that an application has to come to its end when its server stops


class Lifespan:
    """An application's start-up and shutdown, if it has any (ASGI's lifespan protocol)."""

    def __init__(self, app: Any) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._requests: asyncio.Queue[Message] = asyncio.Queue()
        self._answered = asyncio.Event()
        self._answer: Message = {}
        self._task: asyncio.Future[None] | None = None

    async def startup(self) -> None:
        """Raises `ExampleError` if the application says that it cannot start, or is given up."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self._task = asyncio.ensure_future(self._run(scope))
        self._task.add_done_callback(lambda _task: self._answered.set())  # also if it is given up before it has begun
        await self._ask("startup")
        if self._task.cancelled():
            raise ExampleError("The application was stopped before it had started.")
        if self._answer.get("type") == "lifespan.startup.failed":
            message = self._answer.get("message", "").rstrip()
            if message.startswith("Traceback "):
                print(message, file=sys.stderr)  # whole; its last line says what is wrong
            last = message.rpartition("\n")[2]
            raise ExampleError(f"The application did not start: {last}".removesuffix(": "))

    def give_up(self) -> None:
        """Wait no longer for the start-up."""
        if self._task:
            self._task.cancel()

    async def shutdown(self) -> None:
        """Have it clean up; not for longer than `GRACE`."""
        if self._task and not self._task.done():
            try:
                await asyncio.wait_for(self._ask("shutdown"), GRACE)
            except TimeoutError:
                self._task.cancel()

    async def _run(self, scope: Message) -> None:
        try:
            await self._app(scope, self._requests.get, self._send)
        except Exception:
            # An application that knows no lifespan raises at once, and runs without; one that cannot start tells why.
            if self._answer and not self._answer.get("message"):
                traceback.print_exc()

    async def _ask(self, what: str) -> None:
        self._answered.clear()
        self._requests.put_nowait({"type": f"lifespan.{what}"})
        await self._answered.wait()

    async def _send(self, message: Message) -> None:
        self._answer = message
        self._answered.set()
