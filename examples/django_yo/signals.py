import json

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from .models import Yo
from .sse import publish


@receiver(post_save, sender=Yo)
def announce(instance, created, using, **_):
    if created:
        # Not before it is committed: a listener may look it up at once,
        # and a yo rolled back was never sent.
        # Robust: the yo is saved, whether or not anybody can be told.
        transaction.on_commit(lambda: tell(instance), using, robust=True)


def tell(yo):
    data = json.dumps({"id": yo.pk, "text": str(yo)})
    publish("yo", "yo", data)
    publish(own_group(yo.to_user), "yo", data)


def own_group(user):
    """The group of one user, named by key: not every user name can be a group's name."""
    return f"yo.{user.pk}"
