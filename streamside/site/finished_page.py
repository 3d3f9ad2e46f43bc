"""A page as a renderer has made it, read again by what else tells of it: its article, without what is to be pressed."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from html import escape

from streamside.markup import VOID, Element, parse

# What a reader of the text alone has no use for, by element or by class; the last two are Quarto's.
LEFT_OUT = {"head", "script", "style", "template", "button", "nav", "noscript", "svg", "header", "footer"}
LEFT_OUT_CLASSES = {"anchor", "anchorjs-link", "sources", "call", "visually-hidden"}
KEPT = {"href", "src", "alt", "title", "datetime", "start", "colspan", "rowspan", "scope"}
UNWRAPPED = {"span", "div", "figure", "article", "main", "section", "live-exercise"}
ADDRESSES = {"href", "src"}


@lru_cache(maxsize=100)  # a build reads what the one before it has read, but for the page that is new
def article(page: str) -> Element:
    """What a page says of its own: the element `article`, or, where a renderer has none, `main`. Nobody changes it."""
    elements = list(parse(page))
    for tag in ("article", "main"):
        if found := next((each for each in elements if each.tag == tag), None):
            return found
    return Element("article")


def pieces(element: Element) -> Iterator[Element | str]:
    """What is in an element, but for what is left out; of a live example its transcript alone."""
    for child in element.children:
        if isinstance(child, str):
            yield child
        elif child.tag == "live-example":
            yield from (each for each in child.children if isinstance(each, Element) and each.tag == "pre")
        elif child.tag not in LEFT_OUT and not LEFT_OUT_CLASSES & {*child.attributes.get("class", "").split()}:
            yield child


def html(element: Element, address: Callable[[str], str]) -> str:
    """Its content as plain HTML; `address` is given each address that is in it and returns the one to write."""
    return "".join(_html(piece, address) for piece in pieces(element))


def _html(piece: Element | str, address: Callable[[str], str]) -> str:
    if isinstance(piece, str):
        return escape(piece, quote=False)
    inner = html(piece, address)
    if piece.tag in UNWRAPPED:
        return inner
    kept = {name: value for name, value in piece.attributes.items() if name in KEPT}
    values = {name: address(value) if name in ADDRESSES else value for name, value in kept.items()}
    head = "".join([piece.tag, *(f' {name}="{escape(value)}"' for name, value in values.items())])
    return f"<{head}>" if piece.tag in VOID else f"<{head}>{inner}</{piece.tag}>"
