"""The cookies of visitors: service workers neither see cookies nor set them."""

import re
import time
from collections.abc import Mapping, Sequence
from email.utils import mktime_tz, parsedate_tz
from typing import NamedTuple

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Cookie(NamedTuple):
    """What is known by a path and a name; the value's bytes as Latin-1, the time in seconds since 1970."""

    value: str
    expires: float | None  # None: it stays as long as the visitor
    http_only: bool

    @property
    def is_over(self) -> bool:
        """Whether its time has come."""
        return self.expires is not None and self.expires <= time.time()


class CookieJar:
    """The cookies of one visitor of one server."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str], Cookie] = {}  # by path and name

    def store(self, host: str, path: str, values: Sequence[str]) -> None:
        """Take the `Set-Cookie` headers of an answer by `host` to `path`. A cookie that is over is removed."""
        for value in values:
            pair, *rest = value.split(";")
            name, content = _divided(pair if "=" in pair else f"={pair}")
            attributes = {key.lower(): given for key, given in map(_divided, rest)}
            if (name or content) and not CONTROL.search(value) and _may_set(host, attributes.get("domain", "")):
                below = attributes.get("path", "")
                below = below if below.startswith("/") else path.rpartition("/")[0] or "/"
                self._put(below, name, Cookie(content, _expires(attributes), "httponly" in attributes))

    def set_by_script(self, path: str, name: str, value: str, expires: float | None) -> None:
        """Take what a script has set, unless one that is kept from scripts has the same path and name."""
        path, name, value = (each.encode().decode("latin-1") for each in (path, name, value))
        known = self._cookies.get((path, name))
        if not (known and known.http_only):
            self._put(path, name, Cookie(value, expires, http_only=False))

    def _put(self, path: str, name: str, cookie: Cookie) -> None:
        if cookie.is_over:
            self._cookies.pop((path, name), None)
        else:
            self._cookies[path, name] = cookie

    def header(self, path: str) -> str:
        """The `Cookie` header of a request for `path`; the longer its path, the earlier a cookie stands (RFC 6265)."""
        fitting = [
            (len(where), f"{name}={cookie.value}" if name else cookie.value)
            for (where, name), cookie in self._cookies.items()
            if _below(path, where) and not cookie.is_over
        ]
        fitting.sort(key=lambda each: -each[0])
        return "; ".join(text for _, text in fitting)

    def for_scripts(self) -> list[tuple[str, str, str | None, float | None]]:
        """Each one's path, name, value and time; of one that is kept from scripts neither value nor time."""
        return [
            (_text(path), _text(name), None, None)
            if cookie.http_only
            else (_text(path), _text(name), _text(cookie.value), cookie.expires)
            for (path, name), cookie in self._cookies.items()
        ]


def _text(value: str) -> str:
    return value.encode("latin-1").decode(errors="replace")


def _divided(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()


def _may_set(host: str, domain: str) -> bool:
    # For itself, and for the domain above it: a browser refuses cookies for anybody else's (RFC 6265, 5.3).
    domain = domain.lower().removeprefix(".")
    below = host.endswith(f".{domain}") and "." in domain and not host.replace(".", "").isdigit()
    return not domain or host == domain or below


def _expires(attributes: Mapping[str, str]) -> float | None:
    if age := re.fullmatch(r"-?\d+", attributes.get("max-age", "")):
        return time.time() + int(age[0])
    expires = parsedate_tz(attributes.get("expires", ""))
    return None if expires is None else mktime_tz(expires)


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder if folder.endswith("/") else folder + "/")
