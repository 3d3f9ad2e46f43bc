"""Markdown: CommonMark as it is, Quarto's additions with Quarto's meaning."""

import re

import pytest

from streamside.site.markdown import CALLOUTS, Prose, listing


@pytest.fixture
def prose() -> Prose:
    return Prose(lambda url: url.replace(".ipynb", ".html"))


@pytest.mark.parametrize("kind", CALLOUTS)
def test_a_callout_has_its_kind_and_a_title_of_its_own(prose: Prose, kind: str):
    html = prose.html(f"::: {{.callout-{kind}}}\nText.\n:::\n\nAfter.")
    assert f'<div class="callout callout-{kind}" role="note">\n<p class="callout-title">{CALLOUTS[kind]}</p>' in html
    assert html.endswith("<p>Text.</p>\n</div>\n<p>After.</p>\n")


@pytest.mark.parametrize(
    "text",
    [
        '::: {.callout-note title="A *good* `title`"}\nText.\n:::',
        "::: {.callout-note title='A *good* `title`' collapse=\"true\"}\nText.\n:::",
        "::: {.callout-note}\n## A *good* `title`\n\nText.\n:::",
    ],
)
def test_the_title_of_a_callout_is_markdown_in_an_attribute_or_a_heading(prose: Prose, text: str):
    html = prose.html(text)
    assert '<p class="callout-title">A <em>good</em> <code>title</code></p>\n<p>Text.</p>' in html
    assert not prose.headings


def test_a_callout_holds_blocks_and_other_callouts(prose: Prose):
    html = prose.html("::: {.callout-tip}\n- one\n\n::: {.callout-note}\nInner.\n:::\n\n```\n# code\n```\n:::\nAfter.")
    assert html.count('<div class="callout') == 2
    assert html.index("<li>one</li>") < html.index("Inner.") < html.index("# code") < html.index("<p>After.")


def test_colons_that_fence_nothing_are_text(prose: Prose):
    assert prose.html("Three ::: colons") == "<p>Three ::: colons</p>\n"


def test_cells_below_an_empty_header_name_their_rows(prose: Prose):
    html = prose.html("| | A |\n|---|---|\n| b | c |")
    assert re.findall("<t[hd]\\b[^>]*>[^<]*", html) == ["<td>", '<th scope="col">A', '<th scope="row">b', "<td>c"]


def test_headings_have_pandocs_ids_and_an_anchor(prose: Prose):
    html = prose.html("## What's *new* in 3.0, `sse`?\n\n## See it\n\n## See it\n\n## 204")
    assert [heading.id for heading in prose.headings] == ["whats-new-in-3.0-sse", "see-it", "see-it-1", "section"]
    assert '<h2 id="see-it-1">See it<a class="anchor" href="#see-it-1" aria-label="Link to “See it”">#</a></h2>' in html


def test_links_lead_to_pages_in_markdown_and_in_html(prose: Prose):
    html = prose.html('[a](02-b.ipynb#c "d") and <a href="02-b.ipynb?x&amp;y">e</a>\n\n<p><img src="f.svg" alt=""></p>')
    assert '<a href="02-b.html#c" title="d">a</a>' in html
    assert '<a href="02-b.html?x&amp;y">' in html
    assert '<img src="f.svg" alt="">' in html


def test_code_is_highlighted_by_classes_and_kept_letter_for_letter(prose: Prose):
    html = prose.html("```python\nif x < 1:  # no\n    pass\n```")
    assert '<span class="k">if</span>' in html
    assert "style=" not in html
    assert "&lt;" in html


@pytest.mark.parametrize("language", ["", "text", "no-such-language"])
def test_code_of_no_known_language_is_text(language: str):
    assert listing("a < b\n\n  c", language).endswith("<code>a &lt; b\n\n  c\n</code></pre></div>\n")


def test_a_table_scrolls_by_itself_and_an_empty_head_is_none(prose: Prose):
    html = prose.html("| | b |\n|---|--:|\n| 1 | 2 |")
    assert '<div class="table" tabindex="0" role="group" aria-label="Table">' in html
    assert "<td></td>" in html
    assert '<th scope="col" class="right">b</th>' in html
