"""What a page shows of a lesson: its front matter, its cells with their outputs, its neighbours."""

import re
from pathlib import Path

import pytest

from streamside.errors import UserError
from tests.small_tutorial import code, invalid, markdown, output, printed, read, render, write_notebook


def test_a_page_says_what_its_front_matter_says_and_does_not_show_it(tutorial: Path):
    render(tutorial)
    page = read(tutorial)
    assert "<title>A · A small tutorial</title>" in page
    assert '<meta name="description" content="About A.">' in page
    assert '<time datetime="2026-11-21">21 November 2026</time>' in page
    assert "description: About" not in page
    assert page.count("<h1") == 1


def test_text_in_the_head_is_text(tutorial: Path):
    contents = tutorial / "_quarto.yml"
    contents.write_text(contents.read_text().replace("title: A small tutorial", "title: Streams </title><b> & more"))
    write_notebook(tutorial / "notebooks/01-a.ipynb", markdown("Text."), title="'a < b & </title>'")
    render(tutorial)
    said = "Streams &lt;/title&gt;&lt;b&gt; &amp; more"
    assert f"<title>a &lt; b &amp; &lt;/title&gt; · {said}</title>" in read(tutorial)
    assert f"<title>{said}: A small tutorial</title>" in read(tutorial, "index.html")


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
        code("5", output(text_html="<live-exercise><pre><code>long</code></pre></live-exercise>")),
    )
    assert "<b>rich</b>" in page
    assert '<a href="02-b.html">b</a>' in page
    assert "'quoted' &amp; &lt;tagged&gt;</pre>" in page
    assert "plain" not in page.partition("<main")[2]
    assert 'aria-label="Table">\n<table><tr>' in page
    assert '<pre tabindex="0"><code>long' in page  # the keyboard scrolls it


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
    with pytest.raises(UserError, match=r"^notebooks/01-a\.ipynb: an output has none of the forms"):
        render(tutorial)


def test_a_date_that_is_none_is_said_with_the_lesson(tutorial: Path):
    notebook = tutorial / "notebooks/01-a.ipynb"
    notebook.write_text(notebook.read_text().replace("2026-11-21", "tomorrow"))
    with pytest.raises(UserError, match=r"^notebooks/01-a\.ipynb: .*tomorrow"):
        render(tutorial)


def test_pages_are_valid_html(tutorial: Path):
    render(tutorial)
    assert invalid(tutorial / "_site") == ""


def test_the_validator_finds_what_is_not_valid(tutorial: Path):
    page_of(tutorial, markdown("<p><div>wrong</p>"))
    assert "01-a.html" in invalid(tutorial / "_site")


def test_the_first_example_stands_below_the_first_text(tutorial: Path):
    live = output(text_html="<live-example></live-example>")
    cells = (markdown("## See it"), code("import x"), markdown("Between."), code("live(x)", live), markdown("After."))
    write_notebook(tutorial / "notebooks/01-a.ipynb", *cells)
    render(tutorial)
    page = read(tutorial)
    places = [page.index(text) for text in ("See it<", "<live-example", "import", "Between", "live(", "After")]
    assert places == sorted(places)
    assert "<noscript>" in page
