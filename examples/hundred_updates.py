"""The same hundred updates by server-sent events, by WebSocket, and by polling."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["starlette", "uvicorn", "websockets"]
# [tool.streamside]
# page = "A WebSocket does not pass through a service worker, which is how requests reach a server in this page."
# ///

import asyncio
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute

COUNT = 100

SSE = """
const source = new EventSource("events");
source.onmessage = (event) => show("sse", event.lastEventId, event.data);
"""

WEBSOCKET = """
function connect(seen) {
  const socket = new WebSocket(`socket?after=${seen}`);
  socket.onmessage = (event) => {
    const [number, text] = event.data.split("\\t");
    show("websocket", (seen = number), text);
  };
  socket.onclose = (event) => {
    if (event.code !== 1000) setTimeout(connect, 3000, seen);
  };
}
connect(0);
"""

POLLING = """
async function poll(seen) {
  try {
    const answer = await fetch(`updates?after=${seen}`);
    for (const line of (await answer.text()).split("\\n").slice(0, -1)) {
      const [number, text] = line.split("\\t");
      show("polling", (seen = number), text);
    }
  } catch {
    // No answer: the next request asks for the same updates.
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
      const show = (id, number, text) => (document.getElementById(id).value = `${number}: ${text}`);
      document.querySelector("button").onclick = async () => {
        for (let n = 1; n <= 100; n++) await fetch("publish", { method: "POST", body: `update ${n}` });
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
    text = (await request.body()).decode()
    async with request.state.news:
        request.state.updates.append(text)
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
    return int(text) if text.isdecimal() else 0


async def events(request):
    seen = number(request.headers.get("last-event-id", ""))
    if seen >= COUNT:
        return Response(status_code=204)
    news = updates_after(seen, request.state)
    stream = (f"id: {n}\ndata: {text}\n\n" async for n, text in news)
    headers = {"cache-control": "no-cache"}
    return StreamingResponse(stream, headers=headers, media_type="text/event-stream")


async def socket(websocket):
    async def send():
        seen = number(websocket.query_params.get("after", ""))
        async for n, text in updates_after(seen, websocket.state):
            await websocket.send_text(f"{n}\t{text}")
        await websocket.close()

    await websocket.accept()
    sending = asyncio.create_task(send())
    async for _ in websocket.iter_text():
        pass  # a client has nothing to say, but this ends when it leaves
    sending.cancel()


async def updates(request):
    seen = number(request.query_params.get("after", ""))
    news = enumerate(request.state.updates[seen:], seen + 1)
    lines = [f"{n}\t{text}\n" for n, text in news]
    return PlainTextResponse("".join(lines), headers={"cache-control": "no-store"})


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
