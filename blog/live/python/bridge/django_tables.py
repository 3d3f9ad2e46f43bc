"""The tables of Django's own applications come made: their fifteen migrations would take a page half a second."""

import shutil
from pathlib import Path
from typing import Any

FILE = "django/tables.sqlite3"  # among an example's packages; site/pyodide/programs/django_tables.py makes it


def come_made(tables: Path) -> None:
    """Have Django's `migrate` begin a new database as a copy of `tables`, in which those migrations are applied."""
    from django.core.management.commands.migrate import Command
    from django.db import connections

    handle = Command.handle

    def begin_and_handle(self: Any, *arguments: Any, **options: Any) -> Any:
        connection = connections[options["database"]]
        if connection.vendor == "sqlite" and not connection.is_in_memory_db():
            place = Path(connection.settings_dict["NAME"])
            if not place.exists():
                shutil.copy(tables, place)
        return handle(self, *arguments, **options)

    Command.handle = begin_and_handle  # type: ignore[method-assign]
