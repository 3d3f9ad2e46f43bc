"""What frameworks need where there are no threads, and servers that come and go, as far as they are there."""

import asyncio
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bridge import django_tables
from bridge.in_place import run_coroutine, run_in_place


def adapt_frameworks() -> None:
    """Have asgiref run in place what it would give to another thread, and Django do no more than a page can."""
    if find_spec("asgiref"):
        from asgiref.sync import AsyncToSync, SyncToAsync

        SyncToAsync.__call__ = call_synchronous  # type: ignore[assignment, method-assign]
        AsyncToSync.__call__ = call_asynchronous  # type: ignore[assignment, method-assign]
    if find_spec("django"):
        import django
        from django.conf import global_settings

        # A million rounds of SHA-256 need OpenSSL, which Python in a page has not. Nobody steals this database.
        global_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        tables = Path(django.__file__).parents[1] / django_tables.FILE
        if tables.is_file():
            django_tables.come_made(tables)


def forget_shutdown() -> None:
    """Have sse-starlette, to which a process has one server in its life, send for the next one too."""
    if module := sys.modules.get("sse_starlette.sse"):
        module.AppStatus.should_exit = False


async def call_synchronous(self: Any, *arguments: Any, **options: Any) -> Any:
    """What stands for the call of what asgiref's `sync_to_async` has made."""
    return await run_in_place(partial(self.func, *arguments, **options))


def call_asynchronous(self: Any, *arguments: Any, **options: Any) -> Any:
    """What stands for the call of what asgiref's `async_to_sync` has made."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return run_coroutine(self.awaitable(*arguments, **options))
    raise RuntimeError(
        "You cannot use AsyncToSync in the same thread as an async event loop - just await the async function directly."
    )
