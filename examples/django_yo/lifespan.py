"""ASGI's lifespan, in which Django takes no part, and the signals that end it."""

import asyncio
import signal
import threading

from . import demo, sse


async def lifespan(receive, send):
    await receive()
    await asyncio.to_thread(demo.prepare)
    when_asked_to_stop(sse.close)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await asyncio.to_thread(demo.clear)
    await send({"type": "lifespan.shutdown.complete"})


def when_asked_to_stop(callback):
    """Call back on Ctrl-C: the server says so only when the last stream has ended."""
    if threading.current_thread() is not threading.main_thread():
        return  # signals are not for a server that runs in another
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if callable(the_servers := signal.getsignal(number)):

            def handle(number, frame, the_servers=the_servers):
                loop.call_soon_threadsafe(callback)
                the_servers(number, frame)

            signal.signal(number, handle)
