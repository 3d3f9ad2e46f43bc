"""The Atom feed of the lessons (RFC 4287)."""

import uuid
from xml.etree import ElementTree

from streamside.catalogue import Project
from streamside.site.addresses import published

ATOM = "http://www.w3.org/2005/Atom"


def atom(project: Project) -> bytes:
    """The lessons that have a date, the newest first.

    Links are relative to where the feed lies, unless `site-url` says where that is. Ids never do: the site may move.
    """
    dated = sorted((lesson for lesson in project.lessons if lesson.date), key=lambda lesson: lesson.date, reverse=True)
    ElementTree.register_namespace("", ATOM)
    feed = ElementTree.Element(f"{{{ATOM}}}feed")
    _add(feed, "title", project.title)
    _add(feed, "subtitle", project.description)
    _add(feed, "id", _urn(project.title))
    _add(feed, "updated", f"{dated[0].date if dated else '1970-01-01'}T00:00:00Z")
    _add(feed, "link", href=published(project, "feed.xml"), rel="self")
    _add(feed, "link", href=published(project, "index.html"))
    _add(_add(feed, "author"), "name", project.title)
    for lesson in dated:
        entry = _add(feed, "entry")
        _add(entry, "title", lesson.title)
        _add(entry, "id", _urn(f"{project.title} {lesson.path}"))
        _add(entry, "updated", f"{lesson.date}T00:00:00Z")
        _add(entry, "link", href=published(project, lesson.href))
        _add(entry, "summary", lesson.description)
    ElementTree.indent(feed)
    return bytes(ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)) + b"\n"


def _urn(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, name)}"


def _add(parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    element.text = text
    return element
