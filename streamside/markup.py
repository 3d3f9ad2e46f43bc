"""A page's HTML as a tree that can be searched and changed, as far as a visit without a browser needs one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass(eq=False)
class Element:
    """An element: its name, its attributes, what is in it, what it is in."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: "list[Element | str]" = field(default_factory=list)
    parent: "Element | None" = None

    def __iter__(self) -> "Iterator[Element]":
        """It and all elements in it, in the order of the page."""
        yield self
        for child in list(self.children):
            if isinstance(child, Element):
                yield from child

    def with_attribute(self, name: str) -> "Iterator[Element]":
        """Those that have this attribute."""
        return (each for each in self if name in each.attributes)

    def nearest(self, name: str) -> "Element | None":
        """The element itself or the one around it that has this attribute."""
        if name in self.attributes:
            return self
        return self.parent.nearest(name) if self.parent else None

    def inherited(self, name: str, default: str = "") -> str:
        """An attribute's value, which an element without it has from the one around it."""
        owner = self.nearest(name)
        return owner.attributes[name] if owner else default

    @property
    def root(self) -> "Element":
        """What all is in."""
        return self.parent.root if self.parent else self

    @property
    def text(self) -> str:
        """What a reader sees of it, a line for each piece."""
        if self.tag in ("head", "script", "style"):
            return ""
        pieces = (child.text if isinstance(child, Element) else child.strip() for child in self.children)
        return "\n".join(filter(None, pieces))

    def source(self) -> str:
        """The text in it as it is written, such as a script's."""
        return "".join(child for child in self.children if isinstance(child, str))

    def put(self, html: str, how: str) -> "list[Element]":
        """Put HTML here as htmx's `hx-swap` says: added, in place of what is in the element, or of the element itself.

        Returns the elements that have come.
        """
        place = self.parent if how == "outerHTML" and self.parent else self
        new = parse(html).children
        if how == "outerHTML":
            place.children = [each for child in place.children for each in (new if child is self else [child])]
            self.parent = None
        elif how == "innerHTML":
            for child in self.children:
                if isinstance(child, Element):
                    child.parent = None
            self.children = new
        else:
            self.children += new
        elements = [child for child in new if isinstance(child, Element)]
        for element in elements:
            element.parent = place
        return elements


def parse(html: str) -> Element:
    """The tree of a page, or of a part of one."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    return parser.root


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self._open = Element("")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs}, parent=self._open)
        self._open.children.append(made)
        if tag not in VOID:
            self._open = made

    def handle_endtag(self, tag: str) -> None:
        around: Element | None = self._open
        while around and around.tag != tag:
            around = around.parent
        if around and around.parent:
            self._open = around.parent

    def handle_data(self, data: str) -> None:
        self._open.children.append(data)
