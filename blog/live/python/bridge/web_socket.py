"""A WebSocket: ASGI's messages become frames for the client, and the client's become messages."""

import asyncio
from collections.abc import Sequence

from bridge.connection import Connection
from bridge.messages import Header, Message, Post
from bridge.server import Server

TEXT, BINARY, CLOSE = 1, 2, 8  # opcodes (RFC 6455, 5.2)
NO_CODE, ABNORMAL, RESTART = (
    1005,
    1006,
    1012,
)  # what there is to say of an end (RFC 6455, 7.4.1); the last one is IANA's


class ClientDisconnectedError(OSError):
    """What `send` raises when there is nobody to send to."""


class WebSocket(Connection):
    """One WebSocket, from its handshake to its end."""

    def __init__(self, request: Message, server: Server, post: Post) -> None:
        self._accepted = False
        self._denied = False  # by an answer of the application's own
        self._closed = False  # by the application
        self._received: asyncio.Queue[Message] = asyncio.Queue()
        self._received.put_nowait({"type": "websocket.connect"})
        super().__init__(request, server, post)

    def _make_scope(self, request: Message, headers: Sequence[Header]) -> Message:
        scope = super()._make_scope(request, headers)
        offered = ",".join(value for name, value in headers if name == "sec-websocket-protocol")
        return {
            **scope,
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "scheme": scope["scheme"].replace("http", "ws"),
            "subprotocols": [name.strip() for name in offered.split(",") if name.strip()],
            "extensions": {"websocket.http.response": {}},
        }

    async def receive(self) -> Message:
        """ASGI's `receive`: the handshake, what the client says, its leaving."""
        return await self._received.get()

    async def send(self, message: Message) -> None:
        """ASGI's `send`: waits while the client is behind by `WINDOW`. Raises `OSError` when it is gone, as uvicorn."""
        await self._room.wait()
        if self._closed:
            raise RuntimeError(f"the application sends “{message['type']}” after it has closed the WebSocket")
        if self._over.is_set():
            raise ClientDisconnectedError
        if self._accepted:
            self._send_frame(message)
        elif self._denied:
            self._deny_further(message)
        else:
            self._answer_handshake(message)

    def _answer_handshake(self, message: Message) -> None:
        match message["type"]:
            case "websocket.accept":
                self._accepted = True
                chosen = message.get("subprotocol")
                self._respond(
                    101,
                    message.get("headers") or (),
                    ("upgrade", "websocket"),
                    ("connection", "Upgrade"),
                    *([("sec-websocket-protocol", chosen)] if chosen else []),
                )
            case "websocket.close":
                self._refuse(403)
                self._closed = True
            case "websocket.http.response.start":
                self._denied = True
                self._respond(message["status"], message.get("headers", ()))
            case other:
                raise RuntimeError(f"the application answers a WebSocket's handshake with “{other}”")

    def _deny_further(self, message: Message) -> None:
        if message["type"] != "websocket.http.response.body":
            raise RuntimeError(f"the application goes on with “{message['type']}” after it has denied a WebSocket")
        if message.get("body"):
            self._send_bytes(bytes(message["body"]))
        if not message.get("more_body", False):
            self._hear_end(ABNORMAL)
            self._closed = True
            super().end(None)

    def _send_frame(self, message: Message) -> None:
        if message["type"] == "websocket.send":
            text, content = message.get("text"), message.get("bytes")
            if content is not None:
                self._send_bytes(frame(BINARY, bytes(content)))
            elif text is not None:
                self._send_bytes(frame(TEXT, text.encode()))
        elif message["type"] == "websocket.close":
            self._send_close(message.get("code", 1000), message.get("reason") or "")
            self._closed = True
        else:
            raise RuntimeError(f"the application sends “{message['type']}” over a WebSocket")

    def _send_close(self, code: int, reason: str) -> None:
        """Say goodbye, to both sides."""
        self._hear_end(code, reason)
        self._send_bytes(frame(CLOSE, b"" if code == NO_CODE else code.to_bytes(2) + reason.encode()))
        super().end(None)

    def _refuse(self, status: int, content: bytes = b"") -> None:
        self._respond(status, [(b"content-type", b"text/plain; charset=utf-8")])
        if content:
            self._send_bytes(content)
        self._hear_end(ABNORMAL)
        super().end(None)

    def _hear_end(self, code: int, reason: str = "") -> None:
        self._received.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})

    def hear(self, message: Message) -> None:
        """A frame of the client's: what it says, or that it closes the WebSocket."""
        if self._over.is_set():
            return
        opcode, content = message["opcode"], bytes(message["body"])
        if opcode == CLOSE:
            self._send_close(int.from_bytes(content[:2]) if content else NO_CODE, content[2:].decode())
        else:
            said = {"text": content.decode()} if opcode == TEXT else {"bytes": content}
            self._received.put_nowait({"type": "websocket.receive", **said})

    def _is_left(self, exception: Exception) -> bool:
        return isinstance(exception, ClientDisconnectedError)

    async def _send_error(self) -> None:
        """There is none but that the connection ends."""

    def leave(self, code: int | None) -> None:
        """The client is gone without a word of its own."""
        self._hear_end(code or ABNORMAL)
        super().leave(code)

    def stop(self, why: str) -> None:
        """The server ends, and says so."""
        if self._accepted and not self._over.is_set():
            self._send_close(RESTART, "")
        self.end(why)

    def end(self, error: str | None) -> None:
        """As any connection's; who was not answered is answered now."""
        if not (self._over.is_set() or self._accepted or self._denied):
            self._refuse(500, b"Internal Server Error")
        super().end(error)


def frame(opcode: int, content: bytes) -> bytes:
    """What a server sends for a message, or to say goodbye (RFC 6455, 5.2)."""
    size = len(content)
    if size < 126:
        length = bytes([size])
    elif size < 65_536:
        length = b"\x7e" + size.to_bytes(2)
    else:
        length = b"\x7f" + size.to_bytes(8)
    return bytes([0x80 | opcode]) + length + content
