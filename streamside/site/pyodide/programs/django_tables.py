"""In Pyodide: a database as Django's own applications begin with it: their migrations applied, and what these make."""

from datetime import UTC, datetime
from pathlib import Path

PLACE = Path("/tmp/tables.sqlite3")  # noqa: S108  # there is nobody else in there
APPLIED = datetime(2000, 1, 1, tzinfo=UTC)  # whenever this is made: the same bytes every time


def tables() -> bytes:
    """The database's file; the applications are those that the example has installed, which was visited."""
    from django.apps import apps
    from django.conf import settings
    from django.contrib.contenttypes.models import ContentType
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    others = [each.label for each in apps.get_app_configs() if not each.name.startswith("django.")]
    settings.MIGRATION_MODULES = dict.fromkeys(others)  # they have none
    connection.close()
    connection.settings_dict["NAME"] = PLACE
    call_command("migrate", verbosity=0)
    ContentType.objects.filter(app_label__in=others).delete()
    MigrationRecorder(connection).migration_qs.update(applied=APPLIED)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
    connection.close()
    return PLACE.read_bytes()
