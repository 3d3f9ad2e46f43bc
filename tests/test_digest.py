"""Digests differ where contents do, and nowhere else."""

from pathlib import Path

import pytest

from streamside.digest import content, digest


def test_parts_count_with_their_borders_and_order():
    assert digest(b"a", b"b") == digest(b"a", b"b")
    assert len({digest(b"a", b"b"), digest(b"ab"), digest(b"b", b"a"), digest(b"a", b"b", b""), digest()}) == 5


@pytest.mark.parametrize(
    ("here", "there", "equal"),
    [
        (b"a\nb\n", b"a\r\nb\r\n", True),
        ("é\n".encode(), "é\r\n".encode(), True),
        (b"a\rb", b"a\nb", False),  # a CR alone is none of Git's doing
        (b"\0\n", b"\0\r\n", False),  # no text
    ],
)
def test_line_ends_do_not_count_in_texts(tmp_path: Path, here: bytes, there: bytes, equal: bool):
    (tmp_path / "here").write_bytes(here)
    (tmp_path / "there").write_bytes(there)
    assert (content(tmp_path / "here") == content(tmp_path / "there")) is equal
