"""What a deployment consists of: a table of all its files, by which the service worker knows what is the site's own."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

WORKER = "service-worker.js"


def enter(names: Iterable[str], made: Mapping[str, bytes], copies: Mapping[str, Path], out: Path) -> None:
    """Put the table into the service worker that is among `copies`, if there is one.

    `names` are the paths of all files from the site's root. Each is in `made`, in `copies`, or, unchanged, in `out`.
    """
    if WORKER in copies:
        known: dict[str, bytes | Path] = {**copies, **made}
        write(copies[WORKER], {name: known.get(name, out / name) for name in {*names} - {WORKER}})


def complete(site: Path) -> None:
    """The same, where a folder has all that the site is to have."""
    files = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
    enter(files, {}, files, site)


def write(worker: Path, contents: Mapping[str, bytes | Path]) -> None:
    """Put before the service worker's script the table of these files: path → SHA-256 in hexadecimal digits."""
    table = {name: hashlib.sha256(_bytes(content)).hexdigest() for name, content in sorted(contents.items())}
    script = worker.read_text(encoding="utf-8")
    worker.write_text(f"globalThis.deployment = {json.dumps(table, indent=1)};\n{script}", encoding="utf-8")


def _bytes(content: bytes | Path) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()
