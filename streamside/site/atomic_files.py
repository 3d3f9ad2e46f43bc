"""Files that are there whole or not at all: a reader meets the old one or the new one, never half of one."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Write one file, and the folders above it that are missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_all(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files (path in the folder → content), none of them before there is room for all."""
    if not files:
        return
    folder.mkdir(parents=True, exist_ok=True)
    # Inside the folder, which may be on a filesystem of its own: between two, nothing can be moved at once.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-") as unfinished:
        for number, content in enumerate(files.values()):
            Path(unfinished, str(number)).write_bytes(content)
        for number, path in enumerate(files):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            Path(unfinished, str(number)).replace(folder / path)


def holds(path: Path, content: bytes) -> bool:
    """Whether a file is there and has this content."""
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content


def remove_others(folder: Path, wanted: set[str]) -> Iterator[str]:
    """Remove all files but the wanted ones, and the folders that are empty then; tell the paths of what went."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(folder).as_posix() not in wanted:
            path.unlink()
            yield path.relative_to(folder).as_posix()
