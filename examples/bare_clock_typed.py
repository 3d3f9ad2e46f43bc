"""A clock in bareASGI, with type annotations: what the framework takes and what it wants back."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["bareasgi>=4.4", "uvicorn"]
# ///

from asyncio import sleep
from collections.abc import AsyncIterator
from time import strftime

import uvicorn
from bareasgi import Application, HttpRequest, HttpResponse

CDN = "https://cdn.jsdelivr.net/npm"
PAGE = f"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>A clock</title>
    <link rel="stylesheet" href="{CDN}/@picocss/pico@2.1.1/css/pico.classless.min.css">
  </head>
  <body>
    <main>
      <h1>A clock</h1>
      %s
    </main>
  </body>
</html>
"""
LINK = '<p><a href="test">What does the server\'s clock say?</a></p>'
CLOCK = """<p>Time: <span id="time"></span></p>
      <script>
        new EventSource("events").onmessage = (event) => {
          document.getElementById("time").textContent = event.data;
        };
      </script>"""

app = Application()


async def ticks() -> AsyncIterator[bytes]:
    try:
        while True:
            yield f"data: {strftime('%H:%M:%S')}\n\n".encode()
            # bareASGI lags one chunk behind: the comment pushes the event out.
            yield b":\n\n"
            await sleep(1)
    finally:
        print("the client has left")


@app.on_http_request({"GET"}, "/")
async def index(_request: HttpRequest) -> HttpResponse:
    return HttpResponse.from_text(PAGE % LINK, content_type=b"text/html; charset=utf-8")


@app.on_http_request({"GET"}, "/test")
async def test(_request: HttpRequest) -> HttpResponse:
    return HttpResponse.from_text(PAGE % CLOCK, content_type=b"text/html; charset=utf-8")


@app.on_http_request({"GET"}, "/events")
async def events(_request: HttpRequest) -> HttpResponse:
    headers = [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store, no-transform"),
        (b"x-accel-buffering", b"no"),
    ]
    return HttpResponse(200, headers, ticks())


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
