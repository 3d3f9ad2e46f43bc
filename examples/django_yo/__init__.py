"""Django sends a yo: groups of listeners, one of them per user, fed by a model's signal.

Several worker processes need three things in common, all from the environment: DATABASE, SECRET_KEY and REDIS_URL.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = ["django>=5.2,<6", "channels>=4.3", "channels-redis>=4.3", "uvicorn>=0.54"]
#
# [tool.streamside]
# environment = {DEMO_PASSWORD = "yo", HOSTS = "*"}
# ///

import os

from django.core.asgi import get_asgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = f"{__name__}.settings"

django = get_asgi_application()

from . import lifespan  # noqa: E402  (it needs the settings)


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan.lifespan(receive, send)
    else:
        await django(scope, receive, send)
