"""The cookies of visitors: service workers neither see cookies nor set them."""

import time
from collections.abc import Mapping, Sequence
from email.utils import mktime_tz, parsedate_tz
from http.cookies import CookieError, SimpleCookie


class CookieJar:
    """The cookies of one visitor of one server."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str], str] = {}  # by path and name

    def store(self, host: str, path: str, values: Sequence[str]) -> None:
        """Take the `Set-Cookie` headers of an answer by `host` to `path`. A cookie that is over is removed."""
        for value in values:
            try:
                morsels = SimpleCookie(value).items()
            except CookieError:
                continue
            for name, morsel in morsels:
                if not _may_set(host, morsel["domain"]):
                    continue
                key = (morsel["path"] if morsel["path"].startswith("/") else path.rpartition("/")[0] or "/", name)
                self._cookies.pop(key, None)
                if not _is_over(morsel):
                    self._cookies[key] = morsel.coded_value

    def header(self, path: str) -> str:
        """The `Cookie` header of a request for `path`; the longer its path, the earlier a cookie stands (RFC 6265)."""
        fitting = [(len(where), name, value) for (where, name), value in self._cookies.items() if _below(path, where)]
        fitting.sort(key=lambda cookie: -cookie[0])
        return "; ".join(f"{name}={value}" for _, name, value in fitting)


def _may_set(host: str, domain: str) -> bool:
    # For itself, and for the domain above it: a browser refuses cookies for anybody else's (RFC 6265, 5.3).
    domain = domain.lower().removeprefix(".")
    below = host.endswith(f".{domain}") and "." in domain and not host.replace(".", "").isdigit()
    return not domain or host == domain or below


def _is_over(morsel: Mapping[str, str]) -> bool:
    if morsel["max-age"]:
        return str(morsel["max-age"]).startswith(("-", "0"))
    expires = parsedate_tz(morsel["expires"])
    return expires is not None and mktime_tz(expires) < time.time()


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder if folder.endswith("/") else folder + "/")
