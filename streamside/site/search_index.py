"""What the search looks through: the sections of all pages, as text, each with its address."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from streamside.catalogue import Project
from streamside.markup import Element
from streamside.site import finished_page

PLACE = "search/sections.json"
HEADINGS = {"h2", "h3", "h4"}
# The page's title is in every section; what came over a wire is told in words beside it.
NOT_SEARCHED = {"transcript", "recording"}
BLOCKS = {"p", "li", "pre", "tr", "td", "th", "div", "dt", "dd", "summary", "blockquote", "table", *HEADINGS}


@dataclass
class Section:
    """A heading with what stands below it."""

    page: str
    heading: str
    address: str  # from the site's root
    text: str = ""


def sections(project: Project, articles: Mapping[str, Element]) -> bytes:
    """What finished pages say (`articles`, by where they are), in the order of the table of contents, as JSON."""
    found = [
        asdict(section)
        for document in project.documents
        if document.href in articles
        for section in _sections(document.title, document.href, articles[document.href])
        if section.text
    ]
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def _sections(page: str, href: str, article: Element) -> list[Section]:
    found = [Section(page, "", href)]
    for piece in _pieces(article):
        if isinstance(piece, Element):
            found.append(Section(page, _plain(_text(piece)), f"{href}#{_id(piece)}"))
        else:
            found[-1].text += piece
    for section in found:
        section.text = _plain(section.text)
    return found


def _pieces(element: Element) -> Iterator[Element | str]:
    """The headings that have an address, and all text between them."""
    for piece in finished_page.pieces(element):
        if isinstance(piece, str) or (piece.tag in HEADINGS and _id(piece)):
            yield piece
        elif piece.tag != "h1" and piece.attributes.get("class") not in NOT_SEARCHED:
            yield from _pieces(piece)
            if piece.tag in BLOCKS:
                yield "\n"


def _id(heading: Element) -> str:
    """Where a link leads to a heading; Quarto gives the id to the section around it, and notes it here."""
    return heading.attributes.get("id") or heading.attributes.get("data-anchor-id") or ""


def _text(element: Element) -> str:
    return "".join(piece if isinstance(piece, str) else _text(piece) for piece in finished_page.pieces(element))


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
