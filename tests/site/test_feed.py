"""The feed is Atom, whatever the host, and has the whole text of each lesson."""

from pathlib import Path
from xml.etree import ElementTree

from tests.small_tutorial import read, render

NAMESPACE = "{http://www.w3.org/2005/Atom}"


def feed(tutorial: Path) -> ElementTree.Element:
    render(tutorial)
    return ElementTree.fromstring(read(tutorial, "feed.xml"))


def test_the_feed_is_atom_with_relative_links_and_ids_of_no_place(tutorial: Path):
    entries = feed(tutorial).findall(f"{NAMESPACE}entry")
    assert [entry.findtext(f"{NAMESPACE}title") for entry in entries] == ["A", "B"]
    assert entries[0].find(f"{NAMESPACE}link").attrib == {"href": "notebooks/01-a.html"}
    assert entries[0].findtext(f"{NAMESPACE}updated") == "2026-11-21T00:00:00Z"
    ids = [element.text for element in feed(tutorial).iter(f"{NAMESPACE}id")]
    assert len(set(ids)) == 3
    assert all(name.startswith("urn:uuid:") for name in ids)


def test_an_entry_has_the_lessons_text_with_links_that_lead_there(tutorial: Path):
    content = feed(tutorial).find(f"{NAMESPACE}entry/{NAMESPACE}content")
    assert content.attrib == {
        "type": "html",
        "{http://www.w3.org/XML/1998/namespace}base": "notebooks/01-a.html",
    }
    assert '<a href="02-b.html#there">the other</a>' in content.text  # from the base
    assert "<pre>GET /stream\n\ndata: one\n\ndata: two</pre>" in content.text
    assert "<script" not in content.text
    assert "class=" not in content.text
    contents = tutorial / "_quarto.yml"
    contents.write_text(contents.read_text().replace("website:\n", "website:\n  site-url: https://example.org\n"))
    content = feed(tutorial).find(f"{NAMESPACE}entry/{NAMESPACE}content")
    assert '<a href="https://example.org/notebooks/02-b.html#there">the other</a>' in content.text
    assert 'src="https://example.org/theme/diagrams/stream.svg"' in content.text
