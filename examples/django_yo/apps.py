from django.apps import AppConfig


class YoConfig(AppConfig):
    name = __package__
    label = "django_yo"

    def ready(self):
        from . import signals  # noqa: F401  (importing it connects them)
