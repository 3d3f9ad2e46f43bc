"""An event stream without a framework: three messages to the server, and every kind of field."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["uvicorn"]
# ///

import asyncio

import uvicorn

PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Without a framework</title>
    <link rel="stylesheet" href="https://cdn.jsdelivr.net/npm/@picocss/pico@2.1.1/css/pico.classless.min.css">
  </head>
  <body>
    <main>
      <h1>Without a framework</h1>
      <ol id="events" aria-live="polite"></ol>
    </main>
    <script>
      const source = new EventSource("events");
      for (const type of ["message", "greeting", "done"]) {
        source.addEventListener(type, (event) => {
          const item = document.createElement("li");
          const { lastEventId, data } = event;
          item.textContent = `${type}, last event ID "${lastEventId}": ${data}`;
          document.getElementById("events").append(item);
        });
      }
      source.addEventListener("done", () => source.close());
    </script>
  </body>
</html>
"""

EVENTS = [
    b": a comment, for nobody\n\n",
    b"data: no type is the type message\n\n",
    b"event: greeting\ndata: two lines\ndata: in one event\n\n",
    b"id: 3\nretry: 10000\nmood: good\ndata:an ID, kept from here on\n\n",
    b"event: done\ndata\n\n",
]


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    elif scope["path"] == "/":
        await answer(send, 200, b"text/html", PAGE.encode())
    elif scope["path"] == "/events":
        await stream(receive, send)
    else:
        await answer(send, 404, b"text/plain", b"There is nothing here.")


async def stream(receive, send):
    headers = [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store, no-transform"),
        (b"x-accel-buffering", b"no"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    leaving = asyncio.create_task(client_leaves(receive))
    try:
        for event in EVENTS:
            await send({"type": "http.response.body", "body": event, "more_body": True})
            await asyncio.wait([leaving], timeout=0.5)
            if leaving.done():
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        leaving.cancel()


async def client_leaves(receive):
    while (await receive())["type"] != "http.disconnect":
        pass  # the request's body, which a GET does not have


async def answer(send, status, kind, body):
    headers = [
        (b"content-type", kind + b"; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def lifespan(receive, send):
    for _ in ("startup", "shutdown"):
        message = await receive()
        await send({"type": message["type"] + ".complete"})


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
