"""What frameworks do with threads, done without."""

import asyncio

import pytest
from asgiref.sync import AsyncToSync, SyncToAsync, async_to_sync, sync_to_async
from bridge.frameworks import adapt_frameworks
from bridge.program import unload
from django.conf import global_settings
from sse_starlette.sse import AppStatus

from tests.live.host import run


@pytest.fixture(autouse=True)
def _adapted(monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, name in ((AsyncToSync, "__call__"), (SyncToAsync, "__call__"), (global_settings, "PASSWORD_HASHERS")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    adapt_frameworks()


def test_synchronous_and_asynchronous_code_call_each_other_without_a_thread() -> None:
    def no_thread(*_: object) -> None:
        raise AssertionError("a thread")

    async def test() -> None:
        asyncio.get_running_loop().run_in_executor = no_thread  # type: ignore[assignment, method-assign]

        async def double(number: int) -> int:
            return 2 * await sync_to_async(abs)(number)

        with pytest.raises(RuntimeError, match="async event loop"):
            async_to_sync(double)(-2)
        assert await sync_to_async(async_to_sync(double))(-2) == 4

    run(test)


def test_passwords_are_hashed_as_a_page_can() -> None:
    assert global_settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.MD5PasswordHasher"]


def test_the_end_of_one_server_is_not_the_end_of_the_next_ones_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AppStatus, "should_exit", True)
    unload("server-1", "in_sse_starlette")
    assert not AppStatus.should_exit
