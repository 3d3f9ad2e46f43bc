"""Django's settings; what differs from place to place comes from the environment."""

import os
import secrets
import tempfile
from pathlib import Path

# Several processes need one key, or each refuses the sessions of the others.
# There is none here to be copied.
SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_urlsafe(50)
ALLOWED_HOSTS = os.environ.get("HOSTS", "127.0.0.1 localhost").split()

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    __package__,
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = f"{__package__}.urls"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "page"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.contrib.auth.context_processors.auth"]},
    }
]

# Without DATABASE there is a file of this process's own:
# made when the server starts, deleted when it stops.
OWN_DATABASE = Path(tempfile.gettempdir(), f"yo-{secrets.token_hex(8)}.sqlite3")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DATABASE") or OWN_DATABASE,
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Groups in memory end at the border of the process.
# As it comes, that layer drops whoever joined a day ago, without a word.
IN_MEMORY = {
    "BACKEND": "channels.layers.InMemoryChannelLayer",
    "CONFIG": {"group_expiry": float("inf")},
}
# With Redis they reach across all processes.
IN_REDIS = {
    "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
    "CONFIG": {"hosts": [os.environ.get("REDIS_URL")]},
}
CHANNEL_LAYERS = {"default": IN_REDIS if os.environ.get("REDIS_URL") else IN_MEMORY}

# Django's own configuration sends errors by mail, and prints nothing unless DEBUG is on.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler", "level": "ERROR"}},
    "root": {"handlers": ["stderr"]},
}
