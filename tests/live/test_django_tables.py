"""A database begins with the tables of Django's own applications in it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django.db
import pytest
from bridge.django_tables import come_made
from django.core.management.commands.migrate import Command


def test_where_there_is_no_database_yet_migrate_finds_the_tables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tables, old, memory = (tmp_path / name for name in ("tables", "old", "memory"))
    tables.write_text("made")
    old.write_text("somebody's")

    def connection(place: Path, *, in_memory: bool = False, vendor: str = "sqlite") -> Any:
        settings = {"NAME": str(place)}
        return SimpleNamespace(vendor=vendor, is_in_memory_db=lambda: in_memory, settings_dict=settings)

    places = {"default": tmp_path / "new", "old": old}
    connections = {name: connection(place) for name, place in places.items()}
    connections |= {"memory": connection(memory, in_memory=True), "other": connection(memory, vendor="postgresql")}
    handled = []
    monkeypatch.setattr(django.db, "connections", connections)
    monkeypatch.setattr(Command, "handle", lambda _self, **options: handled.append(options))
    come_made(tables)
    for name in connections:
        Command().handle(database=name, verbosity=0)
    assert handled == [{"database": name, "verbosity": 0} for name in connections]
    assert {name: place.read_text() for name, place in places.items()} == {"default": "made", "old": "somebody's"}
    assert not memory.exists()
