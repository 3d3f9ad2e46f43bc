"""Digests: what stands for the contents of files, the same on every system."""

import hashlib
from pathlib import Path

SHORT = 12  # of the 64 digits, those that tell the files of one site apart


def digest(*parts: bytes) -> str:
    """64 hexadecimal digits that stand for these parts in this order (SHA-256 of their SHA-256s)."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def content(path: Path) -> bytes:
    """What a file says: of a text, with LF as line ends, whatever Git's `core.autocrlf` has made of them here."""
    data = path.read_bytes()
    is_text = b"\0" not in data[:8000]  # Git's own rule
    return data.replace(b"\r\n", b"\n") if is_text else data
