from django.conf import settings
from django.db import models

USER = settings.AUTH_USER_MODEL


class Yo(models.Model):
    from_user = models.ForeignKey(USER, models.CASCADE, related_name="yos_sent")
    to_user = models.ForeignKey(USER, models.CASCADE, related_name="yos_received")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"yo from {self.from_user} to {self.to_user}"
