"""A server that is wrong in every way that `streamside examine` knows: a path for each, and what must be said of it."""

import gzip
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

HEADERS = {"content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no"}
EVENTS = [f"id: {number}\ndata: {number}\n\n".encode() for number in range(1, 6)]


class Request(BaseHTTPRequestHandler):
    """One request, answered by the way of its path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        WAYS[self.path.strip("/")][0](self)

    do_HEAD = do_GET  # noqa: N815  # the name is `http.server`'s

    def log_message(self, *_: object) -> None: ...

    def begin(self, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.close_connection = True
        self.send_response(status)
        self.chunked = self.protocol_version == "HTTP/1.1" and status != 204
        more = {"transfer-encoding": "chunked"} if self.chunked and "content-length" not in (headers or {}) else {}
        for name, value in ({**HEADERS, **(headers or {}), **more}).items():
            self.send_header(name, value)
        self.chunked = bool(more)
        self.end_headers()

    def piece(self, data: bytes) -> None:
        if self.command != "HEAD":
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n" if self.chunked else data)

    def stay(self) -> None:
        """Until the client leaves."""
        if self.command != "HEAD":
            self.connection.settimeout(10)
            self.rfile.read(1)

    @property
    def named(self) -> int:
        return int(self.headers.get("last-event-id", 0))


class Server(ThreadingHTTPServer):
    """On a free port; leaving the `with` block waits for all that is open."""

    daemon_threads = False
    request_queue_size = 200

    def handle_error(self, *_: Any) -> None: ...  # who leaves, leaves

    def __enter__(self) -> Self:
        self.thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()


def serving() -> Server:
    return Server(("127.0.0.1", 0), Request)


Way = Callable[[Request], None]


def stream(*pieces: bytes, pause: float = 0, ends: bool = False, **headers: str) -> Way:
    """A way that sends pieces, with a pause before each, and stays or ends; in headers' names `_` is `-`."""

    def answer(request: Request) -> None:
        request.begin(headers={name.replace("_", "-"): value for name, value in headers.items()})
        for piece in pieces:
            time.sleep(pause)
            request.piece(piece)
        if ends:
            request.piece(b"")
        else:
            request.stay()

    return answer


def refuse(status: int, **headers: str) -> Way:
    return lambda request: request.begin(status, {"content-length": "0", "content-type": "text/plain", **headers})


def hang(request: Request) -> None:
    """No answer at all."""
    request.close_connection = True
    request.connection.settimeout(10)
    request.rfile.read(1)


def cut(request: Request) -> None:
    """The connection breaks: what ends a chunked body never comes."""
    request.begin()
    request.piece(EVENTS[0])


def when(condition: Callable[[Request], Any], this: Way, otherwise: Way) -> Way:
    return lambda request: (this if condition(request) else otherwise)(request)


def after(first: Callable[[int], int]) -> Way:
    """Events from that number on, which depends on the one in Last-Event-ID (0: none)."""
    return lambda request: stream(*EVENTS[first(request.named) - 1 :])(request)


def without(name: str) -> Way:
    def answer(request: Request) -> None:
        request.begin(headers={name: ""})
        request.piece(EVENTS[0])
        request.stay()

    return answer


def old(request: Request) -> None:
    """HTTP/1.0, whose body ends with the connection."""
    request.protocol_version = "HTTP/1.0"
    request.begin()
    request.piece(EVENTS[0])
    request.stay()


def resumes(request: Request) -> bool:
    return request.named > 0


def second(request: Request) -> bool:
    return "origin" in request.headers


def first(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


def head(request: Request) -> bool:
    return request.command == "HEAD"


def origins(origin: str, credentials: str = "") -> Way:
    return stream(EVENTS[0], access_control_allow_origin=origin, access_control_allow_credentials=credentials)


RIGHT = after(lambda named: named + 1)
# name → the way, and what is said: verdict, about, and a part of what
WAYS: dict[str, tuple[Way, str, str, str]] = {
    "right": (RIGHT, "ok", "resuming", "goes on after Last-Event-ID: 2"),
    "missing": (refuse(404), "wrong", "status", "404"),
    "moved": (refuse(307, location="/right"), "wrong", "status", "307, which leads to /right"),
    "members": (refuse(401), "wrong", "status", "401"),
    "away": (refuse(502), "wrong", "status", "502"),
    "over": (lambda request: request.begin(204), "wrong", "status", "204 at the first request"),
    "page": (stream(b"<p>", ends=True, content_type="text/html"), "wrong", "type", "'text/html'"),
    "charset": (stream(content_type="text/event-stream; charset=latin-1"), "note", "type", "latin-1"),
    "cached": (stream(cache_control="public, max-age=60"), "wrong", "caching", "public, max-age=60"),
    "cacheable": (without("cache-control"), "note", "caching", "does not forbid it"),
    "length": (stream(EVENTS[0], content_length="16", ends=False), "wrong", "buffering", "Content-Length: 16"),
    "buffered": (without("x-accel-buffering"), "note", "buffering", "no X-Accel-Buffering"),
    "compressed": (stream(gzip.compress(EVENTS[0]), content_encoding="gzip"), "note", "compression", "gzip"),
    "old": (old, "wrong", "HTTP", "version 1.0"),
    "held": (stream(b"".join(EVENTS), pause=0.7, ends=True), "wrong", "pieces", "all 5 events came at once"),
    "stalled": (stream(EVENTS[0] + b"data: hal"), "wrong", "pieces", "stopped in the middle of a line"),
    "silent": (stream(), "note", "pieces", "nothing came"),
    "quiet": (stream(EVENTS[0]), "note", "heartbeat", "none in a silence"),
    "nameless": (stream(b"data\n\n"), "note", "ids", "none"),
    "doubles": (after(lambda named: max(named, 1)), "wrong", "resuming", "repeats the event of Last-Event-ID: 2"),
    "anew": (after(lambda named: 1), "wrong", "resuming", "ignores Last-Event-ID: 2 and starts again"),
    "skips": (after(lambda named: 5 if named else 1), "wrong", "resuming", "goes on with '5'"),
    "refuses": (when(resumes, refuse(409), RIGHT), "wrong", "resuming", "409 to Last-Event-ID: 2"),
    "deaf": (when(resumes, hang, RIGHT), "wrong", "resuming", "no answer to Last-Event-ID: 2"),
    "waits": (when(resumes, stream(), RIGHT), "note", "resuming", "no id came after Last-Event-ID: 2"),
    "storm": (stream(b"retry: 0\n\n"), "wrong", "retry", "0 ms"),
    "patient": (stream(b"retry: 600000\n\n"), "note", "retry", "600000 ms"),
    "again": (stream(b"data: a\n\n", ends=True), "note", "end", "the next one begins anew"),
    "gone": (when(first, stream(EVENTS[0], ends=True), refuse(410)), "note", "end", "the next answer is 410"),
    "lost": (when(first, stream(EVENTS[0], ends=True), hang), "wrong", "end", "the next request gets no answer"),
    "cut": (cut, "wrong", "end", "cut after"),
    "half": (stream(b"data: a\n\ndata: b\n", ends=True), "wrong", "end", "in the middle of an event"),
    "lonely": (when(second, hang, RIGHT), "wrong", "second", "no answer while the first is open"),
    "limited": (when(second, refuse(429), RIGHT), "note", "second", "429"),
    "useless": (origins("*", "true"), "wrong", "CORS", "any origin, with credentials"),
    "gullible": (origins("https://stranger.example", "true"), "wrong", "CORS", "whoever asks, with credentials"),
    "public": (origins("*"), "note", "CORS", "any origin"),
    "misnamed": (stream(b"message: hi\n\n"), "wrong", "fields", "'message: hi' (no field of that name)"),
    "worded": (stream(b"retry: 3s\n\n"), "wrong", "fields", "'retry: 3s' (digits alone count)"),
    "dataless": (stream(b"event: x\n\n"), "wrong", "fields", "'event: x' (an event without data"),
    "latin": (stream("data: é\n\n".encode("latin-1")), "wrong", "bytes", "not UTF-8"),
    "binary": (stream(b"data: \0\n\n"), "note", "bytes", "NUL"),
    "headless": (when(head, refuse(405), RIGHT), "note", "HEAD", "405"),
    "headlong": (when(head, hang, RIGHT), "wrong", "HEAD", "no answer"),
}
