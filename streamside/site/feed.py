"""The Atom feed of the lessons, with their whole text (RFC 4287)."""

import uuid
from collections.abc import Callable, Mapping
from urllib.parse import urljoin
from xml.etree import ElementTree

from streamside.catalogue import Lesson, Project
from streamside.markup import Element
from streamside.site import finished_page
from streamside.site.addresses import published

ATOM = "http://www.w3.org/2005/Atom"
BASE = "{http://www.w3.org/XML/1998/namespace}base"


def atom(project: Project, articles: Mapping[str, Element]) -> bytes:
    """The lessons that have a date, the newest first; `articles` are what finished pages say, by where they are.

    Links are relative to where the feed lies, unless `site-url` says where that is. Ids never do: the site may move.
    """
    dated = [lesson for lesson in project.lessons if lesson.date and lesson.href in articles]
    dated.sort(key=lambda lesson: lesson.date, reverse=True)
    ElementTree.register_namespace("", ATOM)
    feed = ElementTree.Element(f"{{{ATOM}}}feed")
    _add(feed, "title", project.title)
    _add(feed, "subtitle", project.description)
    _add(feed, "id", _urn(project.title))
    _add(feed, "updated", f"{dated[0].date if dated else '1970-01-01'}T00:00:00Z")
    _add(feed, "link", href=published(project, "feed.xml"), rel="self")
    _add(feed, "link", href=published(project, "index.html"))
    _add(_add(feed, "author"), "name", project.title)
    _add(feed, "rights", "Code: MIT; prose: CC BY 4.0")
    for lesson in dated:
        entry = _add(feed, "entry")
        _add(entry, "title", lesson.title)
        _add(entry, "id", _urn(f"{project.title} {lesson.path}"))
        _add(entry, "updated", f"{lesson.date}T00:00:00Z")
        _add(entry, "link", href=published(project, lesson.href))
        _add(entry, "summary", lesson.description)
        text = finished_page.html(articles[lesson.href], _address(project, lesson))
        _add(entry, "content", text, type="html").set(BASE, published(project, lesson.href))
    ElementTree.indent(feed)
    return bytes(ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)) + b"\n"


def _address(project: Project, lesson: Lesson) -> Callable[[str], str]:
    """What an address on a page is in the feed: whole, if it can be; else from that page, which is the base."""
    if not project.site_url:
        return lambda url: url
    page = published(project, lesson.href)
    return lambda url: urljoin(page, url)


def _urn(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, name)}"


def _add(parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    element.text = text
    return element
