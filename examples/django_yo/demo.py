"""A database to play with: two users, who share a password made up for this run."""

import os
import secrets

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connections

USERS = ("ann", "ben")
PASSWORD = os.environ.get("DEMO_PASSWORD") or secrets.token_urlsafe(6)


def is_own():
    return settings.DATABASES["default"]["NAME"] == settings.OWN_DATABASE


def prepare():
    """Make the tables and the users, unless the database is somebody's."""
    if is_own():
        call_command("migrate", verbosity=0)
        password = make_password(PASSWORD)
        for name in USERS:
            User.objects.create(username=name, password=password)
        connections.close_all()


def clear():
    """Delete the database again."""
    if is_own():
        settings.OWN_DATABASE.unlink()
