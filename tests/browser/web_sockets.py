"""A program with WebSockets, and what a page does with them: the same in both browsers."""

SOCKETS = """
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route, WebSocketRoute

async def page(request):
    return HTMLResponse("<!doctype html><title>WebSockets</title><p>ready</p>")

async def echo(socket):
    chosen = next(iter(socket.scope["subprotocols"]), None)
    await socket.accept(subprotocol=chosen)
    print("origin", socket.headers["origin"], socket.url)
    while (message := await socket.receive())["type"] == "websocket.receive":
        if message.get("text") == "close":
            await socket.close(4002, "as you wish")
        elif message.get("text") == "raise":
            raise ValueError("as you wish")
        else:
            await socket.send({"type": "websocket.send", "text": message.get("text"), "bytes": message.get("bytes")})
    print("left", message["code"], message.get("reason"))

async def refuse(socket):
    await socket.close()

app = Starlette(routes=[Route("/", page), WebSocketRoute("/echo", echo), WebSocketRoute("/refuse", refuse)])
"""

# Opens a WebSocket, lets `act` have it, and resolves to all that it has dispatched, once it is closed.
OPEN = """
globalThis.visit = (address, protocols, act) => new Promise((resolve) => {
  const socket = new WebSocket(address, protocols);
  const seen = [];
  const heard = async (event) => {
    const { type, data, code, reason, wasClean } = event;
    const shown = data instanceof Blob ? ["blob", await data.text()]
      : data instanceof ArrayBuffer ? ["buffer", ...new Uint8Array(data)] : data;
    seen.push({ open: [type, socket.protocol], message: [type, shown], error: [type],
      close: [type, code, reason, wasClean] }[type]);
    if (type === "close") resolve(seen);
    act?.(socket, type, seen.length);
  };
  for (const type of ["open", "message", "error"]) socket.addEventListener(type, heard);
  socket.onclose = (event) => void setTimeout(heard, 50, event); // a Blob's text may be on its way
});
"""

# What is done, and what must be seen.
VISITS = [
    (
        """visit("echo", ["one", "two"], (socket, type, count) => {
          if (type === "open") {
            socket.binaryType = "arraybuffer";
            socket.send(new Blob(["a"]));
            socket.send("\\ud800é");
            socket.send(new Uint8Array([1, 2, 3, 4]).subarray(1, 3));
            socket.send(new ArrayBuffer(70000).slice(0, 1));
          }
          if (count === 5) socket.close(3001, "enough");
        })""",
        [
            ["open", "one"],
            ["message", ["buffer", 97]],
            ["message", "\ufffdé"],
            ["message", ["buffer", 2, 3]],
            ["message", ["buffer", 0]],
            ["close", 3001, "enough", True],
        ],
    ),
    (
        """visit("/echo", [], (socket, type) => {
          if (type === "open") socket.send(new Blob(["b"]));
          if (type === "message") socket.send("close");
        })""",
        [["open", ""], ["message", ["blob", "b"]], ["close", 4002, "as you wish", True]],
    ),
    (
        'visit(new URL("echo", location.href.replace("http", "ws")), [], (socket) => socket.close())',
        [["open", ""], ["close", 1005, "", True]],
    ),
    (
        'visit("echo", [], (socket) => socket.readyState === 1 && socket.send("raise"))',
        [["open", ""], ["close", 1006, "", False]],
    ),
    ('visit("refuse")', [["error"], ["close", 1006, "", False]]),
    (
        """new Promise((resolve) => {
          const socket = new WebSocket("echo");
          const seen = [];
          for (const type of ["open", "error", "close"]) socket[`on${type}`] = ({ code }) => seen.push(type, code ?? 0);
          socket.close();
          socket.addEventListener("close", () => resolve(seen));
        })""",
        ["error", 0, "close", 1006],
    ),
    # Errors at once, and the interface.
    (
        """["echo#x", "ftp://x", "http://", ["echo", "a b"], ["echo", ["a", "a"]]].map((how) => {
          try { new WebSocket(...[how].flat(1)); return "none"; } catch (error) { return error.name; }
        })""",
        ["SyntaxError"] * 5,
    ),
    (
        """(() => {
          const socket = new WebSocket("echo?q=1"), errors = [];
          const attempt = (act) => { try { act(); errors.push("none"); } catch ({ name }) { errors.push(name); } };
          attempt(() => socket.send("early"));
          attempt(() => socket.close(1001));
          attempt(() => socket.close(1000, "x".repeat(124)));
          socket.binaryType = "nonsense";
          socket.onmessage = "nothing";
          const { url, readyState, OPEN, bufferedAmount, binaryType, onmessage } = socket;
          socket.close();
          return [errors.join(), url.split("/").at(-1), url.split("/")[0], readyState, OPEN, WebSocket.CLOSED,
            bufferedAmount, binaryType, onmessage, WebSocket.name, `${socket}`, socket instanceof EventTarget];
        })()""",
        [
            "InvalidStateError,InvalidAccessError,SyntaxError",
            *("echo?q=1", "ws:", 0, 1, 3),
            *(0, "blob", None, "WebSocket", "[object WebSocket]", True),
        ],
    ),
]
