"""The search knows each section of each page, by the address at which a reader finds it."""

import json
import re
from pathlib import Path

from streamside.catalogue import Project
from streamside.site import finished_page, search_index
from tests.small_tutorial import read, render

QUARTOS = """<main><header><h1>A</h1></header><p>Before.</p>
<section id="see-it"><h2 data-anchor-id="see-it">See it</h2><p>Text.</p></section></main>"""


def test_each_section_has_its_address_and_its_text(tutorial: Path):
    render(tutorial)
    sections = json.loads(read(tutorial, search_index.PLACE))
    first = next(section for section in sections if section["page"] == "A")
    assert first["heading"] == "See it"
    assert first["address"] == "notebooks/01-a.html#see-it"
    assert first["text"].startswith(
        "A sentence, and the other, home, code. from examples import one live(one) print(1) 1"
    )
    assert {"index.html", "about.html#made", "notebooks/01-a.html#section-5", "notebooks/02-b.html#there"} <= {
        section["address"] for section in sections
    }
    text = " ".join(section["text"] for section in sections)
    assert not re.findall(r"exchanges|addEventListener|data: one|Copy|#$", text)  # data, scripts, recordings, buttons


def test_of_the_other_renderers_pages_too(tutorial: Path):
    project = Project(tutorial)
    articles = {"notebooks/01-a.html": finished_page.article(QUARTOS)}
    assert json.loads(search_index.sections(project, articles)) == [
        {"page": "A", "heading": "", "address": "notebooks/01-a.html", "text": "Before."},
        {"page": "A", "heading": "See it", "address": "notebooks/01-a.html#see-it", "text": "Text."},
    ]


def test_every_address_is_on_its_page(built_site: Path):
    for section in json.loads((built_site / search_index.PLACE).read_bytes()):
        page, _, name = section["address"].partition("#")
        html = (built_site / page).read_text(encoding="utf-8")
        assert not name or f'id="{name}"' in html, section["address"]
