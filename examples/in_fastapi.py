"""The first stream in FastAPI: a path operation that yields events."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["fastapi>=0.165", "uvicorn"]
#
# [tool.streamside]
# page = "FastAPI needs pydantic-core, which is compiled, and the page has pure Python alone."
# ///

from asyncio import sleep
from os import environ

import uvicorn
from fastapi import Depends, FastAPI, Response
from fastapi.responses import HTMLResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

CDN = "https://cdn.jsdelivr.net/npm"
PAGE = f"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>The first stream in FastAPI</title>
    <link rel="stylesheet" href="{CDN}/@picocss/pico@2.1.1/css/pico.classless.min.css">
    <script src="{CDN}/htmx.org@2.0.7/dist/htmx.min.js"></script>
    <script src="{CDN}/htmx-ext-sse@2.2.4/dist/sse.min.js"></script>
  </head>
  <body>
    <main>
      <h1>The first stream in FastAPI</h1>
      <div hx-ext="sse" sse-connect="sse-stream" sse-swap="progress" sse-close="done" hx-swap="beforeend"></div>
    </main>
  </body>
</html>
"""

app = FastAPI()


@app.get("/", response_class=HTMLResponse)
async def index():
    return PAGE


def keep_nothing(response: Response):
    response.headers["Cache-Control"] = "no-store, no-transform"


@app.get("/sse-stream", response_class=EventSourceResponse, dependencies=[Depends(keep_nothing)])
async def progress():
    try:
        for number in range(10):
            yield ServerSentEvent(raw_data=f"<p>message number {number}</p>", event="progress")
            await sleep(0.5)
        yield ServerSentEvent(raw_data="<p>DONE</p>", event="progress")
        yield ServerSentEvent(raw_data="no more", event="done")
    finally:
        print(f"over at message number {number}")  # also when the reader has left


if __name__ == "__main__":
    uvicorn.run(app, port=int(environ.get("PORT", "8000")), timeout_graceful_shutdown=1)
