"""Synchronous code in place of threads: what it sees, and what it may call."""

import asyncio
import threading
from typing import Any

import pytest
from bridge.in_place import run_coroutine, run_in_place, waiting, without_threads

from tests.live.host import run


def test_what_would_run_in_a_thread_runs_in_place_and_sees_no_loop() -> None:
    async def test() -> None:
        without_threads(asyncio.get_running_loop())

        def look() -> tuple[threading.Thread, bool]:
            return threading.current_thread(), asyncio._get_running_loop() is None

        assert await asyncio.to_thread(look) == (threading.main_thread(), True)
        assert await run_in_place(look) == (threading.main_thread(), True)
        assert asyncio.current_task() is not None

    run(test)


def test_others_run_first_and_errors_come_back() -> None:
    async def test() -> None:
        seen: list[str] = []
        asyncio.get_running_loop().call_soon(seen.append, "other")
        with pytest.raises(ZeroDivisionError):
            await run_in_place(lambda: seen.append("function") or 1 / 0)
        assert seen == ["other", "function"]
        assert not waiting

    run(test)


def test_synchronous_code_calls_a_coroutine_that_waits_for_tasks_of_its_own() -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[int] = asyncio.Queue()
        hearing = asyncio.create_task(queue.get())
        await asyncio.sleep(0)

        async def put() -> str:
            assert asyncio.get_running_loop() is loop
            async with asyncio.timeout(1):
                await asyncio.gather(*[asyncio.create_task(queue.put(number)) for number in (1, 2)])
            return "put"

        assert await run_in_place(lambda: run_coroutine(put())) == "put"
        assert await hearing == 1

    run(test)


def test_an_error_of_the_coroutine_is_the_callers() -> None:
    async def fail() -> None:
        raise LookupError

    async def test() -> None:
        with pytest.raises(LookupError):
            await run_in_place(lambda: run_coroutine(fail()))
        await asyncio.sleep(0)

    run(test)


def test_a_coroutine_that_waits_for_more_is_refused() -> None:
    ends: list[Any] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ends.append("left")

    async def test() -> None:
        with pytest.raises(RuntimeError, match="no threads"):
            await run_in_place(lambda: run_coroutine(wait()))
        await asyncio.sleep(0.01)
        assert ends == ["left"]
        with pytest.raises(RuntimeError, match="no threads"):
            run_coroutine(wait())

    run(test)
