"""Synchronous code that would run in a thread runs in place: a page has no threads."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Any


async def run_in_place(function: Callable[..., Any], *arguments: Any, **_options: Any) -> Any:
    """What stands for `anyio.to_thread.run_sync`. Others run first, as with a thread, and it sees no event loop."""
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    asyncio._set_running_loop(None)
    waiting.append(loop)
    try:
        return function(*arguments)
    finally:
        waiting.pop()
        asyncio._set_running_loop(loop)


waiting: list[asyncio.AbstractEventLoop] = []  # the loops that wait for such code, the last one innermost


def without_threads(loop: asyncio.AbstractEventLoop) -> None:
    """Have `asyncio.to_thread` and all that uses the loop's executors run in place."""

    def run_in_executor(_executor: Any, function: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        return loop.create_task(run_in_place(function, *arguments))

    loop.run_in_executor = run_in_executor  # type: ignore[assignment, method-assign]


def run_coroutine(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end, from synchronous code that runs in place, with all that becomes ready meanwhile.

    It must not wait for anything else: for time to pass, or for what comes from outside.
    """
    if not waiting:
        coroutine.close()
        raise RuntimeError("Only what asynchronous code has called can call asynchronous code: a page has no threads.")
    loop = waiting[-1]
    ready: deque[asyncio.Handle] = deque()
    asyncio._set_running_loop(loop)
    caller = asyncio.current_task()
    asyncio.tasks._leave_task(loop, caller)  # type: ignore[arg-type]
    try:
        with _collecting(loop, ready):
            task = loop.create_task(coroutine)
            while ready and not task.done():
                _call(ready.popleft())
    finally:
        asyncio.tasks._enter_task(loop, caller)  # type: ignore[arg-type]
        asyncio._set_running_loop(None)
    if not task.done():
        task.cancel()
        raise RuntimeError("Synchronous code cannot wait for asynchronous code here: a page has no threads.")
    return task.result()


@contextmanager
def _collecting(loop: asyncio.AbstractEventLoop, ready: deque[asyncio.Handle]) -> Iterator[None]:
    """What is to be called soon is collected instead; what is left then, the loop calls."""

    def call_soon(callback: Callable[..., Any], *arguments: Any, context: Context | None = None) -> asyncio.Handle:
        ready.append(asyncio.Handle(callback, arguments, loop, context))
        return ready[-1]

    loop.call_soon = call_soon  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        del loop.call_soon
        for handle in ready:
            loop.call_soon(_call, handle)


def _call(handle: asyncio.Handle) -> None:
    if not handle.cancelled():
        handle._run()
