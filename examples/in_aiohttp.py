"""The first stream in aiohttp: a response that is written to, on a server of its own."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["aiohttp>=3.14"]
#
# [tool.streamside]
# page = "aiohttp serves from a socket of its own, and a page has none."
# own-server = true
# ///

from asyncio import sleep
from contextlib import aclosing
from os import environ

from aiohttp import web

CDN = "https://cdn.jsdelivr.net/npm"
PAGE = f"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>The first stream in aiohttp</title>
    <link rel="stylesheet" href="{CDN}/@picocss/pico@2.1.1/css/pico.classless.min.css">
    <script src="{CDN}/htmx.org@2.0.7/dist/htmx.min.js"></script>
    <script src="{CDN}/htmx-ext-sse@2.2.4/dist/sse.min.js"></script>
  </head>
  <body>
    <main>
      <h1>The first stream in aiohttp</h1>
      <div hx-ext="sse" sse-connect="sse-stream" sse-swap="progress" sse-close="done" hx-swap="beforeend"></div>
    </main>
  </body>
</html>
"""
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}


async def index(_):
    return web.Response(text=PAGE, content_type="text/html")


async def progress():
    try:
        for number in range(10):
            yield f"event: progress\ndata: <p>message number {number}</p>\n\n"
            await sleep(0.5)
        yield "event: progress\ndata: <p>DONE</p>\n\n"
        yield "event: done\ndata: no more\n\n"
    finally:
        print(f"over at message number {number}")  # also when the reader has left


async def sse_stream(request):
    response = web.StreamResponse(headers=HEADERS)
    await response.prepare(request)
    async with aclosing(progress()) as events:
        async for event in events:
            await response.write(event.encode())
    return response


app = web.Application()
app.add_routes([web.get("/", index), web.get("/sse-stream", sse_stream, allow_head=False)])


if __name__ == "__main__":
    options = {"shutdown_timeout": 1, "handler_cancellation": True}  # seconds; a reader who leaves ends the stream
    web.run_app(app, host="127.0.0.1", port=int(environ.get("PORT", "8000")), **options)
