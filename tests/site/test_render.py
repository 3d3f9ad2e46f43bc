"""Rendering: what changed and nothing else, put in its place whole or not at all."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from streamside.catalogue import ROOT, SiteError
from streamside.site import render as module
from streamside.site.render import complete, render
from tests import small_tutorial
from tests.small_tutorial import code, invalid, markdown, output, printed, write_notebook


@pytest.fixture
def tutorial(tmp_path: Path) -> Path:
    """The sources of a small tutorial."""
    return small_tutorial.write(tmp_path)


def read(tutorial: Path, name: str = "notebooks/01-a.html") -> str:
    return (tutorial / "_site" / name).read_text(encoding="utf-8")


def test_the_site_has_a_page_for_each_source_and_the_files_beside_them(tutorial: Path):
    render(tutorial)
    made = {path.relative_to(tutorial / "_site").as_posix() for path in (tutorial / "_site").rglob("*")}
    assert made >= {
        *("index.html", "about.html", "404.html", "feed.xml", "notebooks/01-a.html", "notebooks/02-b.html"),
        *("notebooks/01-a.ipynb", "live/examples/one.py", "live/page/live-example.js"),
        *("theme/streamside.css", "theme/page-controls.js", "theme/diagrams/stream.svg"),
    }


def test_a_page_says_what_its_front_matter_says_and_does_not_show_it(tutorial: Path):
    render(tutorial)
    page = read(tutorial)
    assert "<title>A · A small tutorial</title>" in page
    assert '<meta name="description" content="About A.">' in page
    assert '<time datetime="2026-11-21">21 November 2026</time>' in page
    assert "description: About" not in page
    assert page.count("<h1") == 1


def test_links_are_relative_and_lead_to_pages_and_files(tutorial: Path):
    render(tutorial)
    page = read(tutorial)
    for link in ("02-b.html#there", "../index.html", "../live/examples/one.py", "../feed.xml", "01-a.ipynb"):
        assert f'href="{link}"' in page
    for _, link in re.findall(r'\s(href|src)="(?!https:)([^"#]+)', page):
        assert (tutorial / "_site/notebooks" / link).resolve().exists(), link


def test_neighbours_contents_and_lessons_to_come(tutorial: Path):
    render(tutorial)
    assert '<a class="next" rel="next" href="02-b.html"><span>Next</span> B</a>' in read(tutorial)
    second = read(tutorial, "notebooks/02-b.html")
    assert '<a rel="prev" href="01-a.html">' in second
    assert '<li class="here"><a href="02-b.html" aria-current="page">B</a>' in second
    assert '<li><a href="#there">There</a></li>' in second
    assert '<li class="to-come">Later</li>' in second


def page_of(tutorial: Path, *cells: dict) -> str:
    write_notebook(tutorial / "notebooks/01-a.ipynb", *cells)
    render(tutorial)
    return read(tutorial)


def test_options_are_no_code_and_hide_it_when_they_say_so(tutorial: Path):
    page = page_of(
        tutorial, code("#| echo: false\nunseen = 1", printed(["out <1>\n", "out 2\n"])), code("#| label: x\nshown = 1")
    )
    assert "unseen" not in page
    assert "label: x" not in page
    assert '<pre class="printed" tabindex="0">out &lt;1&gt;\nout 2</pre>' in page
    assert "<code>shown = " in page


def test_outputs_are_shown_in_the_richest_form_that_is_stored(tutorial: Path):
    page = page_of(
        tutorial,
        code("1", output(text_html="<b>rich</b>", text_markdown="*plainer*", text_plain="plainest")),
        code("2", output(text_markdown="[b](02-b.ipynb)", text_plain="plainest")),
        code("3", output(text_plain="'quoted' & <tagged>")),
        code("4", output(text_html="<table><tr><td>cell</td></tr></table>")),
    )
    assert "<b>rich</b>" in page
    assert '<a href="02-b.html">b</a>' in page
    assert "'quoted' &amp; &lt;tagged&gt;</pre>" in page
    assert "plain" not in page.partition("<main")[2]
    assert 'aria-label="Table">\n<table><tr>' in page


def test_an_error_that_a_lesson_keeps_is_shown_without_the_terminals_colours(tutorial: Path):
    error = {"output_type": "error", "ename": "E", "evalue": "no", "traceback": ["\x1b[0;31mE\x1b[0m: no"]}
    assert '<pre class="failure" tabindex="0">E: no</pre>' in page_of(tutorial, code("raise E", error))


def test_the_live_element_is_kept_as_it_is_and_brings_its_script(tutorial: Path):
    live = '<live-example example="one"><script type="application/json">{"page": "<a href=\\"x.ipynb\\">"}</script>'
    page = page_of(tutorial, code("live(one)", output(text_html=f"{live}</live-example>")))
    assert live in page
    assert '<script type="module" src="../live/page/live-example.js"></script>' in page
    assert "live-example.js" not in read(tutorial, "notebooks/02-b.html")


def test_what_no_page_can_show_is_said_with_the_lesson(tutorial: Path):
    write_notebook(tutorial / "notebooks/01-a.ipynb", code("x", output(application_x="?")))
    with pytest.raises(SiteError, match=r"^notebooks/01-a\.ipynb: an output has none of the forms"):
        render(tutorial)


def test_a_date_that_is_none_is_said_with_the_lesson(tutorial: Path):
    notebook = tutorial / "notebooks/01-a.ipynb"
    notebook.write_text(notebook.read_text().replace("2026-11-21", "tomorrow"))
    with pytest.raises(SiteError, match=r"^notebooks/01-a\.ipynb: .*tomorrow"):
        render(tutorial)


def test_only_what_changed_is_made(tutorial: Path):
    render(tutorial)
    assert render(tutorial) == []
    write_notebook(tutorial / "notebooks/02-b.ipynb", markdown("## There\n\nOther text."), title="B")
    assert render(tutorial) == ["notebooks/02-b.html", "notebooks/02-b.ipynb"]
    (tutorial / "blog/theme/icon.svg").write_text("<svg/>")
    assert render(tutorial) == ["theme/icon.svg"]


@pytest.mark.parametrize("source", ["_quarto.yml", "blog/template/index.html.j2"])
def test_what_is_on_every_page_changes_every_page(tutorial: Path, source: str):
    render(tutorial)
    path = tutorial / source
    path.write_text(path.read_text().replace("A small tutorial", "A tiny tutorial").replace("Contents<", "Menu<"))
    assert {"index.html", "about.html", "notebooks/01-a.html", "notebooks/02-b.html"} <= set(render(tutorial))


def test_a_page_that_something_else_wrote_or_removed_is_made_again(tutorial: Path):
    render(tutorial)
    (tutorial / "_site/about.html").write_text("Quarto was here")
    (tutorial / "_site/index.html").unlink()
    assert render(tutorial) == ["about.html", "index.html"]


def test_nothing_to_do_imports_neither_nbconvert_nor_jinja(tutorial: Path):
    render(tutorial)
    program = (
        "import sys\nfrom pathlib import Path\nfrom streamside.site.render import render\n"
        "assert render(Path(sys.argv[1])) == []\n"
        "assert not {'nbconvert', 'jinja2', 'nbformat', 'mistune', 'pygments'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, tutorial], check=True, cwd=ROOT)


def test_what_has_lost_its_source_goes(tutorial: Path):
    render(tutorial)
    (tutorial / "_site/site_libs").mkdir()
    (tutorial / "_site/site_libs/left.js").write_text("")
    quarto = tutorial / "_quarto.yml"
    quarto.write_text(quarto.read_text().replace("          - href: notebooks/02-b.ipynb\n", ""))
    (tutorial / "notebooks/02-b.ipynb").unlink()
    removed = {"notebooks/02-b.html", "notebooks/02-b.ipynb", "site_libs/left.js"}
    assert removed <= set(render(tutorial))
    assert not any((tutorial / "_site" / name).exists() for name in (*removed, "site_libs"))


def snapshot(tutorial: Path) -> dict[str, bytes]:
    site = tutorial / "_site"
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}


@pytest.mark.parametrize("fault", [KeyboardInterrupt, SiteError])
def test_a_build_that_does_not_get_through_leaves_the_site_as_it_was(
    tutorial: Path, monkeypatch: pytest.MonkeyPatch, fault: type[BaseException]
):
    render(tutorial)
    before = snapshot(tutorial)
    write_notebook(tutorial / "notebooks/01-a.ipynb", markdown("Changed."))
    (tutorial / "blog/theme/icon.svg").write_text("<svg/>")

    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(module, "_feed", fail)  # the last thing that is made
    with pytest.raises(fault):
        render(tutorial)
    assert snapshot(tutorial) == before
    assert list((tutorial / ".cache").iterdir()) == []


def test_a_broken_table_of_contents_is_said_with_its_line(tutorial: Path):
    (tutorial / "_quarto.yml").write_text("website:\n  title: [\n")
    with pytest.raises(SiteError, match=r"^_quarto\.yml, line 3: not YAML"):
        render(tutorial)


def test_a_lesson_that_is_not_there_is_said(tutorial: Path):
    (tutorial / "notebooks/02-b.ipynb").unlink()
    with pytest.raises(SiteError, match=r"notebooks/02-b\.ipynb.*cannot be read|notebooks/02-b\.ipynb: No such file"):
        render(tutorial)


def test_a_place_that_cannot_be_written_is_said(tutorial: Path):
    (tutorial / "_site").write_text("a file where the folder should be")
    with pytest.raises(SiteError, match=r"_site.*; make sure that it can be read and written"):
        render(tutorial)


def test_the_feed_is_atom_with_relative_links_and_ids_of_no_place(tutorial: Path):
    render(tutorial)
    feed = ElementTree.fromstring(read(tutorial, "feed.xml"))
    atom = "{http://www.w3.org/2005/Atom}"
    entries = feed.findall(f"{atom}entry")
    assert [entry.findtext(f"{atom}title") for entry in entries] == ["A", "B"]
    assert entries[0].find(f"{atom}link").attrib == {"href": "notebooks/01-a.html"}
    assert entries[0].findtext(f"{atom}updated") == "2026-11-21T00:00:00Z"
    ids = [element.text for element in feed.iter(f"{atom}id")]
    assert len(set(ids)) == 3
    assert all(name.startswith("urn:uuid:") for name in ids)


def test_a_site_of_quartos_is_completed_and_its_pages_are_left_alone(tutorial: Path):
    (tutorial / "_site").mkdir()
    (tutorial / "_site/index.html").write_text("Quarto's")
    complete(tutorial)
    assert read(tutorial, "index.html") == "Quarto's"
    assert (tutorial / "_site/feed.xml").is_file()
    assert (tutorial / "_site/live/page/live-example.js").is_file()


def test_pages_are_valid_html(tutorial: Path):
    render(tutorial)
    assert invalid(tutorial / "_site") == ""


def test_the_validator_finds_what_is_not_valid(tutorial: Path):
    page_of(tutorial, markdown("<p><div>wrong</p>"))
    assert "01-a.html" in invalid(tutorial / "_site")
