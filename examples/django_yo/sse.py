"""Event streams for Django: a view says which group a client listens to, `publish` speaks to a group."""

import asyncio
import re
from functools import wraps

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from channels.layers import BaseChannelLayer, get_channel_layer
from django.db import connections, transaction
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

HEARTBEAT = 15.0  # seconds of silence after which a comment keeps the connection in use
BACKLOG = 100  # events that may wait for a client that reads slowly, or not at all; one more cuts it off
PATIENCE = 5.0  # seconds to wait for the thread in which the streams run

HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}

_loop = None  # the event loop in which the streams run
_open = set()  # what waits to be sent, a queue for each open stream


def subscribe(group=None):
    """Turn a view into an event stream of `group`, or of the group that the view names.

    A response that the view returns (a refusal, say) is sent as it is.
    """

    def decorate(view):
        decide = view if iscoroutinefunction(view) else sync_to_async(view)

        @require_GET  # an answer to HEAD would never end
        @transaction.non_atomic_requests  # no transaction is to last as long as a stream
        @wraps(view)
        async def stream(request, *args, **kwargs):
            answer = await decide(request, *args, **kwargs)
            if isinstance(answer, HttpResponseBase):
                return answer
            name = checked(answer or group)
            # Django's GZipMiddleware makes every event a gzip file of its own;
            # browsers read the first one only.
            request.META.pop("HTTP_ACCEPT_ENCODING", None)
            return StreamingHttpResponse(listen(name), headers=HEADERS)

        return stream

    return decorate


def publish(group, event, data):
    """Send an event to everyone who listens to `group`, from any thread.

    In asynchronous code: `await apublish(…)`.
    """
    async_to_sync(apublish)(group, event, data)


async def apublish(group, event, data):
    """Send an event to everyone who listens to `group`.

    Raises ValueError for a line end in the event type, TypeError for an impossible name.
    """
    message = {"type": "sse.event", "text": encode(event, data)}
    sending = get_channel_layer().group_send(checked(group), message)
    if _loop is None or _loop is asyncio.get_running_loop() or not _loop.is_running():
        await sending
    else:
        # The queues of the layer in memory belong to that loop:
        # filled from here, they would not wake it.
        there = asyncio.run_coroutine_threadsafe(sending, _loop)
        async with asyncio.timeout(PATIENCE):
            await asyncio.wrap_future(there)


def close():
    """End every stream, in the streams' thread: a stopping server would wait for them."""
    for waiting in _open:
        end(waiting)


async def listen(group):
    """The group's events from now on, encoded, until the client leaves or falls behind."""
    global _loop
    _loop = asyncio.get_running_loop()
    # Whoever asked who the user is opened one; it would stay open as long as the stream.
    await sync_to_async(connections.close_all)()
    layer = get_channel_layer()
    channel = await layer.new_channel()
    waiting = asyncio.Queue(BACKLOG)
    receiving = asyncio.create_task(receive(layer, channel, waiting, asyncio.current_task()))
    receiving.add_done_callback(lambda _: end(waiting))
    _open.add(waiting)
    try:
        await layer.group_add(group, channel)
        yield encode("listening", "from now on")
        while text := await next_of(waiting):
            yield text
    finally:
        _open.discard(waiting)
        receiving.cancel()
        await layer.group_discard(group, channel)


async def receive(layer, channel, waiting, sending):
    """Empty the layer's queue all the time: full, it would drop events without a word."""
    while True:
        message = await layer.receive(channel)
        if waiting.full():
            # Sending waits for a client that does not read: nothing else would end that.
            sending.cancel()
            return
        waiting.put_nowait(message["text"])


async def next_of(waiting):
    """The next text to send, a comment if there is none for long; None at the end."""
    try:
        # Not wait_for: Python 3.11's loses a cancellation that comes together with an event.
        async with asyncio.timeout(HEARTBEAT):
            return await waiting.get()
    except TimeoutError:
        return ": still here\n\n"


def end(waiting):
    """Let a stream end where it is: what still waited is not sent."""
    while not waiting.empty():
        waiting.get_nowait()
    waiting.put_nowait(None)


def encode(event, data):
    """An event in the format of an event stream: once for all who listen."""
    if re.search(r"[\r\n]", event):
        raise ValueError(f"an event type with a line end in it: {event!r}")
    lines = re.split(r"\r\n|\r|\n", data)
    return f"event: {event}\n" + "".join(f"data: {line}\n" for line in lines) + "\n"


def checked(group):
    """The name, if a group can have it: up to 99 ASCII letters, digits, `-`, `_`, `.`.

    Raises TypeError if not.
    """
    BaseChannelLayer().require_valid_group_name(group)
    return group
