"""Reads streams with the event sources of browsers, and in one of them with htmx's extension.

An event source is asked over a network: a piece, a pause, a piece. What it has kept and how long it waits is seen when
it connects again, once for each case. htmx's `hx-sse` asks with `fetch`, which here gives it the very pieces.
"""

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from streamside.server import serve

Reading = dict[str, Any]
Evaluate = Callable[[str, str], Any]  # of a function's text and its one argument, as JSON

PAUSE = 0.01  # s between two pieces
ORIGINS = 6  # each has six connections
BATCH = 240
PAGE = "<!doctype html><title>Readers</title><body>"
# Reconnection times that a stream can set, or that somebody can make of one that it cannot.
TIMES = (0, 1500, 2000)
EARLY = 0.03  # s by which a timer of another process may seem to ring too early

LISTEN = """
async (given) => {
  const { urls, types, again } = JSON.parse(given);
  const listen = (url) => new Promise((resolve) => {
    const source = new EventSource(url);
    const events = [];
    for (const type of types) {
      source.addEventListener(type, (event) => {
        if (event instanceof MessageEvent) events.push([event.type, event.data, event.lastEventId]);
      });
    }
    source.addEventListener("error", (event) => {
      if (event instanceof MessageEvent) return;
      if (!again) source.close();
      if (source.readyState === EventSource.CLOSED) resolve(events);
    });
  });
  return Promise.all(urls.map(listen));
}
"""

PREPARE = """
() => {
  const realTimeout = setTimeout;
  window.setTimeout = (ring, wait, ...values) => realTimeout(ring, wait >= 400 ? 0 : wait, ...values);
  let given = null;  // the stream that is being read: its pieces, what was read
  const text = (bytes) => new TextDecoder().decode(Uint8Array.from(bytes, (each) => each.charCodeAt(0)));
  window.fetch = async (_, { headers }) => {
    if (given.pieces) {
      const left = given.pieces;
      given.pieces = null;
      const pull = (controller) => {
        if (left.length) controller.enqueue(Uint8Array.from(atob(left.shift()), (each) => each.charCodeAt(0)));
        else controller.close();
      };
      const body = new ReadableStream({ pull }, { highWaterMark: 0 });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    }
    try {
      given.done({ lastEventId: text(new Headers(headers).get("last-event-id") ?? "") });
    } catch (error) {
      given.done({ error: "does not connect again" });
    }
    return new Response("", { headers: { "content-type": "text/event-stream" } });
  };
  htmx.config.sse = { reconnectJitter: 0 };
  const read = (pieces) => new Promise((resolve) => {
    const element = document.createElement("div");
    const events = [];
    let reconnectionTime = null;
    element.setAttribute("hx-sse:connect", "stream");
    element.addEventListener("htmx:sse:after:message", ({ detail: { message } }) => {
      events.push([message.event || "message", message.data, message.id]);
    });
    element.addEventListener("htmx:sse:before:connection", ({ detail: { connection } }) => {
      reconnectionTime = connection.config.reconnectDelay;
    });
    const done = (seen) => {
      element.remove();
      // 500 ms is what it waits without being told.
      resolve({ events, ...seen, reconnectionTime: reconnectionTime === 500 ? null : reconnectionTime });
    };
    given = { pieces, done };
    document.body.append(element);
    htmx.process(element);
  });
  window.readAll = async (streams) => {
    const readings = [];
    for (const pieces of streams) readings.push(await read(pieces));
    return readings;
  };
}
"""


class Streams:
    """The application: `/N` is the Nth stream; whoever asks for one again is noted, and told to stop."""

    def __init__(self, streams: Sequence[list[str]]) -> None:
        self.streams = streams
        self.ended: dict[int, float] = {}
        self.again: dict[int, tuple[float, str]] = {}  # seconds after the end, the last event ID

    async def __call__(self, scope: dict[str, Any], _: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        name = scope["path"][1:]
        if not name.isdecimal():
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
            await send({"type": "http.response.body", "body": PAGE.encode()})
            return
        number = int(name)
        headers = [(b"content-type", b"text/event-stream"), (b"access-control-allow-origin", b"*")]
        if number in self.ended:
            last = dict(scope["headers"]).get(b"last-event-id", b"").decode()
            self.again[number] = (time.monotonic() - self.ended[number], last)
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in self.streams[number]:
            await send({"type": "http.response.body", "body": base64.b64decode(piece), "more_body": True})
            await asyncio.sleep(PAUSE)
        await send({"type": "http.response.body"})
        self.ended[number] = time.monotonic()


@contextmanager
def serving(streams: Sequence[list[str]]) -> Iterator[tuple[Streams, list[str]]]:
    """The application, and the addresses of its streams on several origins in turn."""
    app = Streams(streams)
    with ExitStack() as stack:
        origins = [stack.enter_context(serve(app)).url for _ in range(ORIGINS)]
        yield app, [f"{origins[number % ORIGINS]}/{number}" for number in range(len(streams))]


def event_source(
    open_page: Callable[[str], object],
    evaluate: Evaluate,
    streams: Sequence[list[str]],
    whole: Sequence[int],
    types: list[str],
) -> list[Reading]:
    """What an event source reads in each stream; of those that are whole also what it does when they have ended."""
    with serving(streams) as (_, urls):
        open_page(urls[0].rpartition("/")[0])
        heard = in_batches(evaluate, urls, types, again=False)
    readings: list[Reading] = [{"events": events} for events in heard]
    # After them one that says nothing of times: so long does this browser wait by itself.
    with serving([*(streams[number] for number in whole), [base64.b64encode(b"data\n\n").decode()]]) as (app, urls):
        open_page(urls[0].rpartition("/")[0])
        in_batches(evaluate, urls, types, again=True)
    own, _ = app.again[len(whole)]
    for place, number in enumerate(whole):
        if place in app.again:
            seconds, last = app.again[place]
            readings[number] |= {"lastEventId": last, "reconnectionTime": told(seconds, own)}
        else:
            readings[number] |= {"error": "does not connect again"}
    return readings


def told(seconds: float, own: float) -> int | None:
    """The reconnection time that a wait is due to, as nobody waits less; None for the browser's own."""
    if seconds > own - 0.5:
        return None
    return max(milliseconds for milliseconds in TIMES if milliseconds / 1000 <= seconds + EARLY)


def in_batches(evaluate: Evaluate, urls: list[str], types: list[str], again: bool) -> list[Any]:
    heard: list[Any] = []
    for start in range(0, len(urls), BATCH):
        given = {"urls": urls[start : start + BATCH], "types": types, "again": again}
        heard += evaluate(LISTEN, json.dumps(given))
    return heard


def htmx(page: Any, url: str, folder: Path, streams: Sequence[list[str]]) -> list[Reading]:
    """What htmx's extension reads, of the package in this folder; `url` is any page of nobody's."""
    page.goto(url)
    for script in ("htmx.js", "ext/hx-sse.js"):
        page.add_script_tag(path=folder / "dist" / script)
    page.evaluate(PREPARE)
    readings: list[Reading] = []
    for start in range(0, len(streams), BATCH):
        readings += page.evaluate("(streams) => readAll(streams)", list(streams[start : start + BATCH]))
    return readings
