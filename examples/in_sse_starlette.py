"""The first stream in sse-starlette: events as dictionaries, heartbeats, and an end at Ctrl-C."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["sse-starlette>=3.7", "starlette>=1.10", "uvicorn"]
# ///

from asyncio import sleep
from os import environ

import uvicorn
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

CDN = "https://cdn.jsdelivr.net/npm"
PAGE = f"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>The first stream in sse-starlette</title>
    <link rel="stylesheet" href="{CDN}/@picocss/pico@2.1.1/css/pico.classless.min.css">
    <script src="{CDN}/htmx.org@2.0.7/dist/htmx.min.js"></script>
    <script src="{CDN}/htmx-ext-sse@2.2.4/dist/sse.min.js"></script>
  </head>
  <body>
    <main>
      <h1>The first stream in sse-starlette</h1>
      <div hx-ext="sse" sse-connect="sse-stream" sse-swap="progress" sse-close="done" hx-swap="beforeend"></div>
    </main>
  </body>
</html>
"""
HEADERS = {"Cache-Control": "no-store, no-transform"}


async def index(_):
    return HTMLResponse(PAGE)


async def progress():
    try:
        for number in range(10):
            yield {"event": "progress", "data": f"<p>message number {number}</p>"}
            await sleep(0.5)
        yield {"event": "progress", "data": "<p>DONE</p>"}
        yield {"event": "done", "data": "no more"}
    finally:
        print(f"over at message number {number}")  # also when the reader has left


async def sse_stream(_):
    return EventSourceResponse(progress(), headers=HEADERS, sep="\n")


app = Starlette(routes=[Route("/", index), Route("/sse-stream", sse_stream)])


if __name__ == "__main__":
    uvicorn.run(app, port=int(environ.get("PORT", "8000")), timeout_graceful_shutdown=1)
