"""Addresses: what a link in a lesson's text is on a page of the site, and where a page is once it is published."""

import posixpath
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from streamside.catalogue import Lesson, Project


def relinked(url: str, lesson: Lesson, addresses: Mapping[str, str]) -> str:
    """An address in a lesson's text, from the folder of its page; `addresses` says where the project's files are."""
    scheme, host, path, query, fragment = urlsplit(url)
    if scheme or host or not path:
        return url
    source = posixpath.normpath(posixpath.join(posixpath.dirname(lesson.path), path))
    address = addresses.get(source)
    if address is None:
        return url
    return urlunsplit(("", "", posixpath.relpath(address, posixpath.dirname(lesson.href) or "."), query, fragment))


def published(project: Project, href: str) -> str:
    """The address of a file of the site: whole where `site-url` says where that is, else from the site's root."""
    if not project.site_url:
        return href
    return project.site_url + ("" if href == "index.html" else href)
