"""One request to an http or https address, and what comes back, piece by piece as it arrives."""

import socket
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from types import TracebackType
from typing import Literal, Self
from urllib.parse import SplitResult, urlsplit

from streamside.errors import UserError
from streamside.recording import Chunk, Recording

EITHER = 47  # zlib's word for "gzip or deflate, whichever it is"
REMEDY = "write it as in a browser's address field, from http:// or https:// on"


class NoAnswerError(UserError):
    """Nothing came back: `what` says why."""


class SilenceError(Exception):
    """Nothing came for longer than was to be waited."""


class Exchange:
    """An answer whose head has come; `pieces()` waits for its body. Times are seconds since the request."""

    def __init__(
        self, url: str, headers: Mapping[str, str], *, method: str = "GET", body: bytes = b"", patience: float
    ) -> None:
        """Ask for `url`. Raises `NoAnswerError` if no head has come within so many seconds."""
        address = address_of(url)
        self.method, self.body = method, body
        self.path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        self.sent = tuple((name.lower(), value) for name, value in headers.items())
        secure = address.scheme == "https"
        self._connection = (HTTPSConnection if secure else HTTPConnection)(address.netloc, timeout=patience)
        self._began = time.monotonic()
        try:
            self._connection.connect()
            self._wire: socket.socket = self._connection.sock  # the connection forgets it when it is the last response
            self._connection.request(method, self.path, body=body or None, headers=dict(self.sent))
            self._response: HTTPResponse = self._connection.getresponse()
        except (OSError, HTTPException, ValueError) as error:
            self._connection.close()
            raise NoAnswerError(url, f"no answer to {method} ({error or type(error).__name__})") from None
        self.status = self._response.status
        self.version = {10: "1.0", 11: "1.1"}.get(self._response.version, str(self._response.version))
        self.headers = tuple((name.lower(), value) for name, value in self._response.getheaders())
        self.answered_at = self.elapsed
        self.chunks: list[Chunk] = []
        self.ended_by: Literal["server", "client", "network"] = "client"
        self.ended_at = self.answered_at

    @property
    def elapsed(self) -> float:
        """Seconds since the request."""
        return time.monotonic() - self._began

    def pieces(self, seconds: float | None = None, *, silence: float | None = None) -> Iterator[Chunk]:
        """What arrives, until the server ends it or so many seconds are over since the request; kept in `chunks`.

        Where no seconds are given, raises `SilenceError` if nothing comes for `silence` seconds.
        """
        try:
            for data in self._arriving(seconds, silence):
                if seconds is not None and self.elapsed > seconds:
                    return
                if data:
                    self.chunks.append(Chunk(self.elapsed, data))
                    yield self.chunks[-1]
        finally:
            self.ended_at = self.elapsed

    def _arriving(self, seconds: float | None, silence: float | None) -> Iterator[bytes]:
        compressed = dict(self.headers).get("content-encoding", "").lower() in ("gzip", "deflate")
        unpack = zlib.decompressobj(EITHER).decompress if compressed else bytes
        while True:
            left = silence if seconds is None else seconds - self.elapsed
            if left is not None and left <= 0:  # a stream that never pauses would never time out
                return
            self._wire.settimeout(left)
            try:
                data = unpack(received := self._response.read1())
            except TimeoutError:
                if seconds is None:
                    raise SilenceError from None
                return
            except (OSError, HTTPException, zlib.error):
                self.ended_by = "network"
                return
            if not received:
                self.ended_by = "network" if self._response.length else "server"  # the length that is still missing
                return
            yield data

    def recording(self) -> Recording:
        """What was seen until now."""
        return Recording(
            method=self.method,
            path=self.path,
            request_headers=self.sent,
            status=self.status,
            headers=self.headers,
            chunks=tuple(self.chunks),
            ended_by=self.ended_by,
            ended_at=self.ended_at,
            request_body=self.body,
        )

    def close(self) -> None:
        """Leave, as a browser does with a page that goes away."""
        self._response.close()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def address_of(url: str) -> SplitResult:
    """The parts of an address that can be asked. Raises `UserError`."""
    try:
        address = urlsplit(url)
        known = address.scheme in ("http", "https") and address.hostname and address.port != 0
    except ValueError:  # a port, or brackets, that are none
        known = False
    if not known:
        raise UserError(repr(url), "is no address of a stream", REMEDY)
    return address


def speaks_http2(url: str, patience: float) -> bool:
    """Whether the server at an https address would speak HTTP/2 with a browser: a greeting, and no request."""
    address = address_of(url)
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        with (
            socket.create_connection((address.hostname or "", address.port or 443), patience) as plain,
            context.wrap_socket(plain, server_hostname=address.hostname) as greeted,
        ):
            return greeted.selected_alpn_protocol() == "h2"
    except OSError:
        return False
