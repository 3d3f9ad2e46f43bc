"""With a `site-url` all addresses are whole, without one all are relative: on pages, in the feed, for machines."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from streamside.catalogue import Project
from streamside.errors import UserError
from streamside.site import addresses
from tests.small_tutorial import read, render

HOME = "https://example.org/tutorial/"
LESSON = f"{HOME}notebooks/01-a.html"


def publish(tutorial: Path, url: str = "https://example.org/tutorial") -> None:
    contents = tutorial / "_quarto.yml"
    contents.write_text(contents.read_text().replace("website:\n", f"website:\n  site-url: {url}\n"))


def feed_links(tutorial: Path) -> list[str]:
    return [link.attrib["href"] for link in ElementTree.parse(tutorial / "_site/feed.xml").findall(".//{*}link")]


def test_where_the_site_is_published_makes_addresses_whole(tutorial: Path):
    render(tutorial)
    publish(tutorial)
    assert "notebooks/01-a.html" in render(tutorial)
    assert f'<link rel="canonical" href="{LESSON}">' in read(tutorial)
    assert f'<link rel="canonical" href="{HOME}">' in read(tutorial, "index.html")
    assert "canonical" not in read(tutorial, "404.html")
    places = [place.text for place in ElementTree.fromstring(read(tutorial, "sitemap.xml")).findall(".//{*}loc")]
    assert places == [HOME, f"{HOME}about.html", LESSON, f"{HOME}notebooks/02-b.html"]
    assert f"\nSitemap: {HOME}sitemap.xml\n" in read(tutorial, "robots.txt")
    assert f"- [A]({HOME}notebooks/01-a.md): About A.\n" in read(tutorial, "llms.txt")
    assert feed_links(tutorial) == [f"{HOME}feed.xml", HOME, LESSON, f"{HOME}notebooks/02-b.html"]


def test_without_it_they_are_relative_and_there_is_no_sitemap(tutorial: Path):
    render(tutorial)
    assert "canonical" not in read(tutorial)
    assert not (tutorial / "_site/sitemap.xml").exists()
    assert read(tutorial, "robots.txt") == "User-agent: *\nAllow: /\n"
    assert "- [A](notebooks/01-a.md): About A.\n" in read(tutorial, "llms.txt")
    assert feed_links(tutorial) == ["feed.xml", "index.html", "notebooks/01-a.html", "notebooks/02-b.html"]
    texts = [read(tutorial, name) for name in ("notebooks/01-a.html", "feed.xml", "robots.txt", "llms.txt")]
    assert not re.findall(
        r"""(?:href|src)="/[^"]*|https?://(?!www\.w3\.org|html\.spec|opensource|creative)\S+""", "".join(texts)
    )


def test_what_is_no_address_is_said(tutorial: Path):
    publish(tutorial, "example.org")
    with pytest.raises(UserError, match=r"site-url:`: 'example.org' is not an address; write the whole address"):
        render(tutorial)


def test_links_of_a_lesson_lead_to_what_the_site_has(tutorial: Path):
    project = Project(tutorial)
    known = {"notebooks/02-b.ipynb": "notebooks/02-b.html", "examples/one.py": "live/examples/one.py"}
    relink = {
        url: addresses.relinked(url, project.lessons[0], known)
        for url in (
            "02-b.ipynb#there",
            "../examples/one.py",
            "#here",
            "https://example.org/02-b.ipynb",
            "unknown.ipynb",
        )
    }
    assert list(relink.values()) == [
        "02-b.html#there",
        "../live/examples/one.py",
        "#here",
        "https://example.org/02-b.ipynb",
        "unknown.ipynb",
    ]
