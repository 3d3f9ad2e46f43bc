"""Synchronous code that would run in a thread runs in place: a page has no threads."""

import asyncio
from collections.abc import Callable
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


def step(awaitable: Any) -> Any:
    """Run a coroutine to its end from synchronous code that runs in place. It must not have to wait for anything."""
    if not waiting:
        raise RuntimeError("Only what asynchronous code has called can call asynchronous code: a page has no threads.")
    asyncio._set_running_loop(waiting[-1])
    try:
        awaitable.send(None)
    except StopIteration as done:
        return done.value
    finally:
        asyncio._set_running_loop(None)
    awaitable.close()
    raise RuntimeError("Synchronous code cannot wait for asynchronous code here: a page has no threads.")
