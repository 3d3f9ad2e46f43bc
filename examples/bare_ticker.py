"""One clock for all listeners: it runs as long as the application, and each listener has a short queue."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["bareasgi>=4.4", "uvicorn"]
# ///

from asyncio import Queue, create_task, sleep
from time import strftime

import uvicorn
from bareasgi import Application, HttpResponse

PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>One clock for all</title>
    <link rel="stylesheet" href="https://cdn.jsdelivr.net/npm/@picocss/pico@2.1.1/css/pico.classless.min.css">
  </head>
  <body>
    <main>
      <h1>One clock for all</h1>
      <p>Tick <span id="tick"></span> at <span id="time"></span></p>
    </main>
    <script>
      new EventSource("events").onmessage = (event) => {
        document.getElementById("tick").textContent = event.lastEventId;
        document.getElementById("time").textContent = event.data;
      };
    </script>
  </body>
</html>
"""
END = b""

listeners = set()


def put(queue, event):
    if queue.full():
        queue.get_nowait()  # of two ticks the older one is worth less
    queue.put_nowait(event)


async def clock():
    number = 0
    while True:
        await sleep(1)
        number += 1
        event = f"id: {number}\ndata: {strftime('%H:%M:%S')}\n\n".encode()
        for queue in listeners:
            put(queue, event)


async def start(request):
    request.info["clock"] = create_task(clock())


async def stop(request):
    request.info["clock"].cancel()
    for queue in listeners:
        put(queue, END)


async def ticks():
    queue = Queue(3)
    listeners.add(queue)
    try:
        while event := await queue.get():
            yield event
            yield b""  # bareASGI lags one chunk behind
    finally:
        listeners.remove(queue)


app = Application(startup_handlers=[start], shutdown_handlers=[stop])


@app.on_http_request({"GET"}, "/")
async def index(_request):
    return HttpResponse.from_text(PAGE, content_type=b"text/html; charset=utf-8")


@app.on_http_request({"GET"}, "/events")
async def events(_request):
    headers = [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store, no-transform"),
        (b"x-accel-buffering", b"no"),
    ]
    return HttpResponse(200, headers, ticks())


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
