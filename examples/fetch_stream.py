"""A page posts a text, and the server answers with a stream that names its characters."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["starlette>=1.0", "uvicorn"]
# ///

import json
import unicodedata
from asyncio import sleep
from hmac import compare_digest
from os import environ

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route

TOKEN = environ.get("READERS_TOKEN", "sesame")  # in a program of yours, what a reader has got by signing in
LIMIT = 2_000  # bytes of a request
PAUSE = 0.5  # seconds
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}  # keep, change, hold back nothing

PARSER = r"""
class EventParser {
    #rest = ""; #afterCR = false; #type = ""; #data = []; #id;
    constructor(lastEventId) { this.lastEventId = this.#id = lastEventId; }
    transform(text, controller) {
        if (this.#afterCR && text.startsWith("\n")) text = text.slice(1);  // the other half of a CRLF
        this.#afterCR = text.endsWith("\r");
        const lines = text.split(/\r\n|\n|\r/);
        lines[0] = this.#rest + lines[0];
        this.#rest = lines.pop();
        for (const line of lines) {
            if (line) this.#field(line);
            else this.#dispatch(controller);
        }
    }
    #field(line) {
        const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
        if (name === "event") this.#type = value;
        if (name === "data") this.#data.push(value);
        if (name === "id" && !value.includes("\0")) this.#id = value;
        if (name === "retry" && /^[0-9]+$/.test(value)) this.retry = Number(value);
    }
    #dispatch(controller) {
        this.lastEventId = this.#id;
        const event = { type: this.#type || "message", data: this.#data.join("\n"), lastEventId: this.#id };
        if (this.#data.length) controller.enqueue(event);
        this.#type = "";
        this.#data = [];
    }
}
"""

EVENTS = r"""
class Refused extends Error {}  // another attempt would get the same answer

async function* events(url, { headers, signal, onlost, ...request }) {
    const closing = new AbortController();
    const either = AbortSignal.any([signal, closing.signal]);
    let lastEventId = "", retry = 1000, failures = 0;  // milliseconds; connections in a row without an event
    try {
        for (;;) {
            const sent = new Headers(headers);
            if (lastEventId) sent.set("Last-Event-ID", lastEventId);
            const parser = new EventParser(lastEventId);
            try {
                const response = await fetch(url, { ...request, headers: sent, signal: either });
                await check(response);
                const text = response.body.pipeThrough(new TextDecoderStream());
                const reader = text.pipeThrough(new TransformStream(parser)).getReader();
                for (let read; !(read = await reader.read()).done; ) {
                    failures = 0;
                    ({ lastEventId } = read.value);
                    yield read.value;
                }
                ({ lastEventId } = parser);
            } catch (error) {
                if (signal.aborted || error instanceof Refused) throw error;
            }
            retry = parser.retry ?? retry;
            const pause = Math.min(retry * 2 ** failures++, 30_000) * (0.5 + Math.random() / 2);
            onlost(pause);
            await later(pause, signal);
        }
    } finally {
        closing.abort();  // whoever breaks off the loop over the events wants no more bytes
    }
}

async function check(response) {
    const type = response.headers.get("Content-Type") ?? "";
    if (response.status === 200 && type.startsWith("text/event-stream")) return;
    const mayPass = response.status === 429 || response.status >= 500;
    throw new (mayPass ? Error : Refused)(`${response.status}: ${(await response.text()).slice(0, 200)}`);
}

function later(milliseconds, signal) {
    return new Promise((resolve, reject) => {
        const stop = () => { clearTimeout(timer); reject(signal.reason); };
        const go = () => { signal.removeEventListener("abort", stop); resolve(); };
        const timer = setTimeout(go, milliseconds);
        signal.addEventListener("abort", stop);
    });
}
"""

SCRIPT = r"""
const [form, stop, state, names] = ["form", "#stop", "#state", "#names"].map((each) => document.querySelector(each));
const say = (text) => { state.textContent = text; };
const onlost = (pause) => say(`Connection lost, again in ${(pause / 1000).toFixed(1)} s`);
let controller;

function show({ type, data }) {
    const said = JSON.parse(data);
    if (type === "name") {
        const item = document.createElement("li");
        item.textContent = `${said.character} ${said.name}`;
        names.append(item);
        say("Naming …");
    }
    if (type === "failed") say(said.message);
    if (type === "done") say(`${said.count} characters`);
    return type === "failed" || type === "done";
}

form.addEventListener("submit", async (event) => {
    event.preventDefault();
    controller?.abort();
    controller = new AbortController();
    const { signal } = controller;
    const { token, ...asked } = Object.fromEntries(new FormData(form));
    const headers = { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" };
    const request = { method: "POST", headers, body: JSON.stringify(asked), cache: "no-store" };
    names.replaceChildren();
    say("Asking …");
    try {
        for await (const event of events("names", { ...request, signal, onlost })) {
            if (show(event)) break;
        }
    } catch (error) {
        if (!signal.aborted) say(error.message);
    }
});
stop.addEventListener("click", () => { controller?.abort(); say("Stopped"); });
addEventListener("pagehide", () => controller?.abort());
"""

PAGE = f"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>What is in it?</title>
    <link rel="stylesheet" href="https://cdn.jsdelivr.net/npm/@picocss/pico@2.1.1/css/pico.classless.min.css">
  </head>
  <body>
    <main>
      <h1>What is in it?</h1>
      <form method="post">
        <label>Text <textarea name="text" rows="1">Zoë ≠ Zoe\u0308</textarea></label>
        <label>Token <input name="token" value="sesame" autocomplete="off"></label>
        <button>Name them</button>
        <button type="button" id="stop">Stop</button>
      </form>
      <p><output id="state">Nothing asked yet</output></p>
      <ol id="names" aria-live="polite"></ol>
    </main>
    <script type="module">{PARSER}{EVENTS}{SCRIPT}</script>
  </body>
</html>
"""


async def index(_request):
    return HTMLResponse(PAGE)


async def read_text(request) -> str:
    """The text in the body, which may be too long, or no JSON, or other JSON."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LIMIT:
            raise HTTPException(413, f"A request has at most {LIMIT} bytes.")
    try:
        match json.loads(body):
            case {"text": str(text)}:
                return text
    except (ValueError, RecursionError):
        pass
    raise HTTPException(400, 'Send JSON such as {"text": "abc"}.')


def resumed(request, text: str) -> int:
    """How many characters the page has names for."""
    try:
        count = int(request.headers.get("last-event-id") or 0)
    except ValueError:
        count = -1
    if 0 <= count <= len(text):
        return count
    raise HTTPException(400, "The Last-Event-ID is none of this stream.")


def event(kind: str, said: dict, fields: str = "") -> str:
    return f"{fields}event: {kind}\ndata: {json.dumps(said)}\n\n"  # JSON has no line ends


async def named(text: str, count: int):
    try:
        while count < len(text):
            await sleep(PAUSE)
            character = text[count]
            try:
                name = unicodedata.name(character)
            except ValueError:
                yield event("failed", {"message": f"U+{ord(character):04X} has no name."})
                return
            count += 1
            yield event("name", {"character": character, "name": name}, f"id: {count}\n")
        yield event("done", {"count": count})
    finally:
        print(f"named {count} of {len(text)}")


async def names(request):
    said = request.headers.get("authorization", "")
    if not compare_digest(said.encode(), f"Bearer {TOKEN}".encode()):
        raise HTTPException(401, "Who are you?", {"WWW-Authenticate": "Bearer"})
    text = await read_text(request)
    stream = named(text, resumed(request, text))
    return StreamingResponse(stream, headers=HEADERS, media_type="text/event-stream")


app = Starlette(routes=[Route("/", index), Route("/names", names, methods=["POST"])])


if __name__ == "__main__":
    uvicorn.run(app, timeout_graceful_shutdown=1)
