"""The same hundred updates by server-sent events, by WebSocket, and by polling."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["starlette", "uvicorn", "websockets"]
# ///

import asyncio
import json
import re
from contextlib import asynccontextmanager, suppress

import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

COUNT = 100

HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}

SSE = """
function listen(seen) {
  const source = new EventSource(`events?after=${seen}`);
  source.onmessage = ({ lastEventId, data }) => show("sse", (seen = Number(lastEventId)), JSON.parse(data));
  source.onerror = () => {
    // It has closed itself: the updates are over, or there was an answer like 502.
    if (source.readyState === EventSource.CLOSED && seen < 100) setTimeout(listen, soon(), seen);
  };
}
listen(0);
"""

WEBSOCKET = """
function connect(seen) {
  const socket = new WebSocket(`socket?after=${seen}`);
  socket.onmessage = ({ data }) => show("websocket", ++seen, JSON.parse(data));
  socket.onclose = ({ code }) => {
    if (code !== 1000) setTimeout(connect, soon(), seen);
  };
}
connect(0);
"""

POLLING = """
async function poll(seen) {
  try {
    const answer = await fetch(`updates?after=${seen}`);
    const news = answer.ok ? await answer.json() : [];
    for (const update of news) show("polling", ++seen, update);
  } catch {
    // No answer, or half of one: the next request asks for the same updates.
  }
  if (seen < 100) setTimeout(poll, 1000, seen);
}
poll(0);
"""

PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>A hundred updates, three ways</title>
    <link rel="stylesheet" href="https://cdn.jsdelivr.net/npm/@picocss/pico@2.1.1/css/pico.classless.min.css">
  </head>
  <body>
    <main>
      <h1>A hundred updates, three ways</h1>
      <button>Publish</button>
      <p>Server-sent events: <output id="sse">0</output></p>
      <p>WebSocket: <output id="websocket">0</output></p>
      <p>Polling: <output id="polling">0</output></p>
    </main>
    <script>
      const soon = () => 2000 + 2000 * Math.random(); // milliseconds: not all pages at once
      const show = (id, number, { price }) => {
        document.getElementById(id).value = `${number}: ${price.toFixed(2)}`;
      };
      document.querySelector("button").onclick = async () => {
        for (let n = 1; n <= 100; n++) await fetch("publish", { method: "POST" });
      };
    </script>
    CLIENTS
  </body>
</html>
"""


@asynccontextmanager
async def lifespan(_):
    yield {"updates": [], "news": asyncio.Condition()}


async def index(_):
    clients = "".join(f"<script>{client}</script>" for client in (SSE, WEBSOCKET, POLLING))
    return HTMLResponse(PAGE.replace("CLIENTS", clients))


async def publish(request):
    updates = request.state.updates
    async with request.state.news:
        if len(updates) == COUNT:
            return Response("All are published.", status_code=409)
        updates.append(json.dumps({"price": 100 + 37 * len(updates) % 100 / 100}))
        request.state.news.notify_all()
    return Response(status_code=204)


async def updates_after(seen, state):
    while seen < COUNT:
        async with state.news:
            while len(state.updates) <= seen:
                await state.news.wait()
        seen += 1
        yield seen, state.updates[seen - 1]


def number(text):
    return int(text) if re.fullmatch(r"\d{1,9}", text or "") else 0


async def events(request):
    seen = number(request.headers.get("last-event-id") or request.query_params.get("after"))
    if seen >= COUNT:
        return Response(status_code=204)
    if request.method == "HEAD":
        return Response(headers=HEADERS, media_type="text/event-stream")
    news = updates_after(seen, request.state)
    stream = (f"id: {n}\ndata: {update}\n\n" async for n, update in news)
    return StreamingResponse(stream, headers=HEADERS, media_type="text/event-stream")


async def socket(websocket):
    async def send():
        seen = number(websocket.query_params.get("after"))
        with suppress(WebSocketDisconnect):  # while something was being sent
            async for _, update in updates_after(seen, websocket.state):
                await websocket.send_text(update)
            await websocket.close()

    await websocket.accept()
    sending = asyncio.create_task(send())
    try:
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass  # a client has nothing to say, but this ends when it leaves
    finally:
        sending.cancel()


async def updates(request):
    seen = number(request.query_params.get("after"))
    news = ",".join(request.state.updates[seen:])
    return Response(f"[{news}]", media_type="application/json", headers={"Cache-Control": "no-store"})


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/", index),
        Route("/publish", publish, methods=["POST"]),
        Route("/events", events),
        WebSocketRoute("/socket", socket),
        Route("/updates", updates),
    ],
)

if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
