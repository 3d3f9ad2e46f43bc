"""A page that Quarto made, completed from the page that nbconvert makes of the same lesson.

What Quarto does not make is taken from there, so that both say the same: in head and foot, on downloads, without
JavaScript. What it makes otherwise than a reader needs is mended.
"""

from collections.abc import Iterable
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.dammit import EntitySubstitution
from bs4.formatter import HTMLFormatter

HEAD = (
    *('meta[name^="streamside-"]', 'meta[name^="twitter:"]', "meta[property]"),
    *('link[rel="canonical"]', 'link[rel="alternate"]'),
    *(f'link[href$="theme/{name}.css"]' for name in ("home", "live", "exercise")),
    'script[src$="live/page/live-example.js"]',
)
LANDMARKS = {"#quarto-sidebar": "Contents", ".quarto-secondary-nav": "Where you are", ".page-navigation": "Neighbours"}
SCROLLED = {"class": "table", "tabindex": "0", "role": "group", "aria-label": "Table"}


class _AsItCame(HTMLFormatter):
    """HTML with its attributes in their order, and `<br>` without a slash."""

    def attributes(self, tag: Tag) -> Iterable[tuple[str, Any]]:
        return tag.attrs.items()


WRITTEN = _AsItCame(EntitySubstitution.substitute_xml, void_element_close_prefix="")


def completed(page: str, ours: str) -> str:
    """The page, with what `ours` has and it has not."""
    theirs, other = BeautifulSoup(page, "html.parser"), BeautifulSoup(ours, "html.parser")
    if not (theirs.head and theirs.body and theirs.main):
        return page
    _keep_on_this_site(theirs)
    for element in other.select(", ".join(HEAD)):
        theirs.head.append(element)
    for dark in theirs.select("link.quarto-color-alternate"):
        dark["media"] = "screen"  # paper is light
    _name_landmarks(theirs, theirs.body, theirs.main, other)
    _put_example_first(theirs.main)
    _mend_anchors(theirs.main)
    _describe_pictures(theirs.main)
    _reach_by_keyboard(theirs, theirs.main)
    _take_from_article(theirs.main, other)
    if (footer := theirs.select_one("footer.footer")) and (colophon := other.select_one(".colophon")):
        footer.replace_with(colophon)
    return theirs.decode(formatter=WRITTEN)


def _keep_on_this_site(page: BeautifulSoup) -> None:
    """Without the scripts that Quarto has come from a network for widgets, of which no lesson has any."""
    for script in page.find_all("script"):
        if str(script.get("src", "")).startswith("http") or "define('jquery'" in script.get_text():
            script.decompose()


def _name_landmarks(page: BeautifulSoup, body: Tag, main: Tag, other: BeautifulSoup) -> None:
    for selector, name in LANDMARKS.items():
        for landmark in page.select(selector):
            landmark["aria-label"] = name
    for switch in page.select('a[role="navigation"]'):
        switch["role"] = "button"  # it opens and closes a list
    if skip := other.select_one(".skip"):
        skip["href"], main["tabindex"] = f"#{main['id']}", "-1"
        body.insert(0, skip)
        skip.wrap(page.new_tag("nav", attrs={"aria-label": "Shortcut"}))


def _put_example_first(main: Tag) -> None:
    """The first live example right below the first text, in sight when the page opens; its code follows."""
    example, cell = main.find("live-example"), main.select_one("div.cell")
    output = example.find_parent(class_="cell-output") if example else None
    if output and cell:
        cell.insert_before(output.extract())


def _mend_anchors(main: Tag) -> None:
    """Cells have the names that their notebook gives them, as sections have: these are where links lead."""
    for cell in main.select("div.cell[id]"):
        del cell["id"]


def _describe_pictures(main: Tag) -> None:
    """What a picture shows is its alternative text, of which Quarto makes a caption."""
    for figure in main.select("figure:has(> figcaption)"):
        picture, caption = figure.find("img"), figure.find("figcaption")
        if picture and caption:
            picture["alt"] = caption.get_text(" ", strip=True)
            caption.decompose()


def _reach_by_keyboard(page: BeautifulSoup, main: Tag) -> None:
    """What may be wider than the page can be scrolled; an empty cell is no header."""
    for block in main.select("pre:not([tabindex])"):
        block["tabindex"] = "0"
    for header in main.select("th"):
        if not header.get_text(strip=True):
            header.name = "td"
    for table in main.select("table"):
        table.wrap(page.new_tag("div", attrs=dict(SCROLLED)))


def _take_from_article(main: Tag, other: BeautifulSoup) -> None:
    """What there is to know without JavaScript, where to begin, and below the lesson what it was made from."""
    header = main.find("header")
    for said_below in main.select(".quarto-title-meta"):
        said_below.decompose()
    for place in other.select("article > noscript, .hero > .call"):
        (header or main).append(place)
    for sources in other.select("article > .sources"):
        main.append(sources)
