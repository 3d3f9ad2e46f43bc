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
BACKLOG = 100  # events that may wait for a slow client; with more its stream ends, and the browser comes back
PATIENCE = 5.0  # seconds to wait for the thread in which the streams run

HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}

_streams = None  # the event loop in which they run


def subscribe(group=None):
    """Turn a view into an event stream of `group`, or of the group whose name the view returns.

    A response that the view returns (a refusal, say) is sent as it is.
    """

    def decorate(view):
        decide = view if iscoroutinefunction(view) else sync_to_async(view)

        @require_GET  # an answer to HEAD would never end
        @transaction.non_atomic_requests  # a transaction as long as the stream is not wanted, and Django refuses it
        @wraps(view)
        async def stream(request, *args, **kwargs):
            answer = await decide(request, *args, **kwargs)
            if isinstance(answer, HttpResponseBase):
                return answer
            name = checked(answer or group)
            return StreamingHttpResponse(listen(name), content_type="text/event-stream", headers=HEADERS)

        return stream

    return decorate


def publish(group, event, data):
    """Send an event to everyone who listens to `group`, from any thread. In asynchronous code: `await apublish(…)`."""
    async_to_sync(apublish)(group, event, data)


async def apublish(group, event, data):
    """Send an event to everyone who listens to `group`. ValueError: the event type has a line end in it."""
    message = {"type": "sse.event", "text": encode(event, data)}
    sending = get_channel_layer().group_send(checked(group), message)
    if _streams is None or _streams is asyncio.get_running_loop() or not _streams.is_running():
        await sending
    else:
        # The queues of the layer in memory belong to that loop: filled from here, they would not wake it.
        there = asyncio.run_coroutine_threadsafe(sending, _streams)
        await asyncio.wait_for(asyncio.wrap_future(there), PATIENCE)


async def listen(group):
    """The group's events from now on, encoded, until the client leaves or falls too far behind."""
    global _streams
    _streams = asyncio.get_running_loop()
    # Signing in has opened one, and it would stay open as long as the stream.
    await sync_to_async(connections.close_all)()
    layer = get_channel_layer()
    channel = await layer.new_channel()
    waiting, behind = asyncio.Queue(BACKLOG), asyncio.Event()
    receiving = asyncio.create_task(receive(layer, channel, waiting, behind))
    try:
        await layer.group_add(group, channel)
        yield ": listening\n\n"
        while not (behind.is_set() or receiving.done()):
            try:
                text = await asyncio.wait_for(waiting.get(), HEARTBEAT)
            except TimeoutError:
                text = ": still here\n\n"
            yield text
    finally:
        await layer.group_discard(group, channel)
        receiving.cancel()
        await asyncio.wait([receiving])


async def receive(layer, channel, waiting, behind):
    """Empty the layer's own queue all the time: full, it would drop events without a word."""
    while True:
        message = await layer.receive(channel)
        if waiting.full():
            behind.set()
        else:
            waiting.put_nowait(message["text"])


def encode(event, data):
    if re.search(r"[\r\n]", event):
        raise ValueError(f"an event type with a line end in it: {event!r}")
    return f"event: {event}\n" + "".join(f"data: {line}\n" for line in re.split(r"\r\n|\r|\n", data)) + "\n"


def checked(group):
    """The group's name, if it is one: at most 99 ASCII letters, digits, `-`, `_` and `.`; else TypeError."""
    BaseChannelLayer().require_valid_group_name(group)
    return group
