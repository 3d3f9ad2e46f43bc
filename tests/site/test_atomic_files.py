"""Files are there whole or not at all."""

from pathlib import Path

import pytest

from streamside.site.atomic_files import holds, remove_others, write, write_all


def test_a_file_is_written_with_the_folders_above_it(tmp_path: Path):
    write(tmp_path / "a/b/c", b"1")
    write(tmp_path / "a/b/c", b"2")
    assert (tmp_path / "a/b/c").read_bytes() == b"2"
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["c"]


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path):
    write(tmp_path / "a", b"before")
    with pytest.raises(TypeError):
        write(tmp_path / "a", "not bytes")  # as good a failure as a full disk, and easier had
    assert (tmp_path / "a").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_of_several_files_all_are_written_or_none(tmp_path: Path):
    write_all({"a": b"1", "b/c": b"2"}, tmp_path / "site")
    with pytest.raises(TypeError):
        write_all({"a": b"other", "b/c": "not bytes"}, tmp_path / "site")
    assert (tmp_path / "site/a").read_bytes() == b"1"
    assert sorted(path.name for path in (tmp_path / "site").iterdir()) == ["a", "b"]


def test_what_is_held_already(tmp_path: Path):
    write(tmp_path / "a", b"1")
    assert holds(tmp_path / "a", b"1")
    assert not holds(tmp_path / "a", b"2")
    assert not holds(tmp_path / "b", b"")


def test_what_is_not_wanted_goes_with_its_folders(tmp_path: Path):
    for name in ("a", "b/c", "b/d/e", "f/g"):
        write(tmp_path / name, b"")
    assert set(remove_others(tmp_path, {"a", "b/c"})) == {"b/d/e", "f/g"}
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")} == {"a", "b", "b/c"}
