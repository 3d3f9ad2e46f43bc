"""The first stream in Flask: a plain generator, and a thread for each reader."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["flask>=3.1", "waitress>=3.0"]
#
# [tool.streamside]
# page = "Flask takes a thread for each stream, and a page has none to give."
# own-server = true
# ///

from os import environ
from time import sleep

import waitress
from flask import Flask, Response

CDN = "https://cdn.jsdelivr.net/npm"
PAGE = f"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>The first stream in Flask</title>
    <link rel="stylesheet" href="{CDN}/@picocss/pico@2.1.1/css/pico.classless.min.css">
    <script src="{CDN}/htmx.org@2.0.7/dist/htmx.min.js"></script>
    <script src="{CDN}/htmx-ext-sse@2.2.4/dist/sse.min.js"></script>
  </head>
  <body>
    <main>
      <h1>The first stream in Flask</h1>
      <div hx-ext="sse" sse-connect="sse-stream" sse-swap="progress" sse-close="done" hx-swap="beforeend"></div>
    </main>
  </body>
</html>
"""
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}

app = Flask(__name__)


@app.get("/")
def index():
    return PAGE


def progress():
    try:
        for number in range(10):
            yield f"event: progress\ndata: <p>message number {number}</p>\n\n"
            sleep(0.5)
        yield "event: progress\ndata: <p>DONE</p>\n\n"
        yield "event: done\ndata: no more\n\n"
    finally:
        print(f"over at message number {number}")  # also when the reader has left


@app.get("/sse-stream")
def sse_stream():
    return Response(progress(), headers=HEADERS, mimetype="text/event-stream")


if __name__ == "__main__":
    waitress.serve(app, host="127.0.0.1", port=int(environ.get("PORT", "8000")), threads=100)
