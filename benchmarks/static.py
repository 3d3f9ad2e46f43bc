"""A plain static file server, as any host would be, under a path prefix."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from streamside.server import serve


@contextmanager
def serving(site: Path, prefix: str = "some/prefix") -> Iterator[str]:
    """The address below which `site` is served."""
    with serve(Starlette(routes=[Mount(f"/{prefix}", StaticFiles(directory=site, html=True))])) as server:
        yield f"{server.url}/{prefix}/"
