"""The first stream in Starlette: a streaming response, and all else by hand."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["starlette>=1.10", "uvicorn"]
# ///

from asyncio import sleep
from os import environ

import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route

CDN = "https://cdn.jsdelivr.net/npm"
PAGE = f"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>The first stream in Starlette</title>
    <link rel="stylesheet" href="{CDN}/@picocss/pico@2.1.1/css/pico.classless.min.css">
    <script src="{CDN}/htmx.org@2.0.7/dist/htmx.min.js"></script>
    <script src="{CDN}/htmx-ext-sse@2.2.4/dist/sse.min.js"></script>
  </head>
  <body>
    <main>
      <h1>The first stream in Starlette</h1>
      <div hx-ext="sse" sse-connect="sse-stream" sse-swap="progress" sse-close="done" hx-swap="beforeend"></div>
    </main>
  </body>
</html>
"""
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


async def index(_):
    return HTMLResponse(PAGE)


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
    stream = progress() if request.method == "GET" else ()  # HEAD asks for the headers alone
    return StreamingResponse(stream, headers=HEADERS, media_type="text/event-stream")


app = Starlette(routes=[Route("/", index), Route("/sse-stream", sse_stream)])


if __name__ == "__main__":
    uvicorn.run(app, port=int(environ.get("PORT", "8000")), timeout_graceful_shutdown=1)
