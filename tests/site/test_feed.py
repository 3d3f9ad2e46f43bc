"""The feed is Atom, whatever the host."""

from pathlib import Path
from xml.etree import ElementTree

from streamside.catalogue import Project
from streamside.site.feed import atom
from tests import small_tutorial


def test_the_feed_is_atom_with_relative_links_and_ids_of_no_place(tmp_path: Path):
    feed = ElementTree.fromstring(atom(Project(small_tutorial.write(tmp_path))))
    namespace = "{http://www.w3.org/2005/Atom}"
    entries = feed.findall(f"{namespace}entry")
    assert [entry.findtext(f"{namespace}title") for entry in entries] == ["A", "B"]
    assert entries[0].find(f"{namespace}link").attrib == {"href": "notebooks/01-a.html"}
    assert entries[0].findtext(f"{namespace}updated") == "2026-11-21T00:00:00Z"
    ids = [element.text for element in feed.iter(f"{namespace}id")]
    assert len(set(ids)) == 3
    assert all(name.startswith("urn:uuid:") for name in ids)
