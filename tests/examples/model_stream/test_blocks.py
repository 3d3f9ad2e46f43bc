"""After every prefix the page is what a fresh rendering makes of it, and little is sent for that."""

import html
import runpy
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.model_stream import blocks as example
from examples.model_stream.answer import encode
from examples.model_stream.blocks import Blocks
from examples.model_stream.ngram import TOKEN
from tests.examples.model_stream.conftest import Page

LINES = [
    *(
        "",
        "",
        "",
        "word",
        "two words",
        "  ",
        "    indented",
        "# One",
        "#",
        "#word",
        "## Two ##",
        "===",
        "---",
        "-",
        "***",
        "2",
        "2.",
    ),
    *(
        "- a",
        "- b c",
        "  - nested",
        "    - deeper",
        "  in the item",
        "1. one",
        "2. two",
        "10) ten",
        "   1. inner",
        "* star",
        "+",
    ),
    *(
        "> quote",
        "> - in it",
        ">",
        "```",
        "```python",
        "~~~",
        "`` ` ``",
        "  ```",
        "- ```",
        "  code",
        "``",
        '    x = "<&>"',
    ),
    *("| a | b |", "|---|:-:|", "| 1 | 2 |", "a | b", "--|--", "|"),
    *(
        "**bold** and *it",
        "alic* `co",
        "de` x",
        "a\\",
        "b  ",
        "<script>",
        "</script>",
        "<b>",
        "&amp;",
        "&am",
        "<http://a.bc>",
    ),
    *("[text](http://a.bc)", "[text", "](x)", "[javascript](javascript:alert(1))", "![picture](http://a.bc/x.png)"),
    *(
        "[label]",
        "see [Label] and [text][label]",
        "[label]: /url",
        "[label]: /other",
        "'title'",
        '"begun',
        'ended"',
        "[2]",
        "[2]: <b c>",
    ),
    *(
        "> [label]: /quoted",
        "- [2]: /listed",
        "[a [label] b]",
        "[a [label] b]: /outer",
        "\u2028",
        "\x0b",
        "é \U0001f600",
        "\t- tab",
    ),
]
TEXTS = st.lists(st.sampled_from(LINES), min_size=1, max_size=9).map("\n".join)


def fresh(text: str) -> str:
    html = example.MARKDOWN.render(text.replace("\r", ""))
    return example.clean(html, **example.ALLOWED) if example.clean else html


def written(pieces) -> list:
    """All changes, each prefix having been compared with a fresh rendering."""
    answer, page, text, changes = Blocks(), Page(), "", []
    for piece in pieces:
        for change in answer.add(piece):
            page.apply(change)
            changes.append(change)
        text += piece
        assert page.html == fresh(text), text
        assert answer.html == page.html
    return changes


@settings(max_examples=60, deadline=None)
@given(text=TEXTS, sizes=st.lists(st.integers(1, 12), min_size=1, max_size=5), is_clean=st.booleans())
def test_every_prefix_is_as_if_it_were_rendered_afresh(text, sizes, is_clean):
    with pytest.MonkeyPatch.context() as patch:
        if not is_clean:  # as in a page
            patch.setattr(example, "clean", None)
        pieces, at, turn = [], 0, 0
        while at < len(text):
            pieces.append(text[at : at + sizes[turn % len(sizes)]])
            at, turn = at + len(pieces[-1]), turn + 1
        written(pieces)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        ("![x](https://a.bc/secret)", '<p>!<a href="https://a.bc/secret" rel="noopener noreferrer">x</a></p>\n'),
        ('[x](http://a.bc/"onclick=)', '<p><a href="http://a.bc/%22onclick=" rel="noopener noreferrer">x</a></p>\n'),
        ("a\r\nb\0", "<p>a\nb\ufffd</p>\n"),
        ("  two\n\n    \n    four\n\n     five", "<p>two</p>\n<pre><code>four\n\n five\n</code></pre>\n"),
    ],
)
def test_nothing_of_the_models_is_html_and_blanks_survive(text, html):
    answer = Blocks()
    for character in text:
        answer.add(character)
    assert answer.html == html


def test_what_would_come_through_the_first_fence_is_held_by_the_second(monkeypatch):
    monkeypatch.setattr(example, "MARKDOWN", example.MarkdownIt("commonmark", {"html": True}))
    answer = Blocks()
    for piece in ("safe <b onclick=alert(1)>", "<scr", "ipt>alert(1)</scr", "ipt> [x](java", "script:alert(1))"):
        answer.add(piece)
    assert "script" not in answer.html.replace("[x](javascript:alert(1))", "")
    assert "onclick" not in answer.html


def test_in_a_page_there_is_no_second_fence(monkeypatch):
    monkeypatch.setitem(sys.modules, "nh3", None)
    assert runpy.run_path(example.__file__)["clean"] is None


def test_a_link_whose_definition_comes_late_is_made_in_the_block_that_waits_for_it():
    answer = Blocks()
    before = answer.add("See [it] here.\n\nNothing to do with it.\n\n")
    assert len(before) == 1
    (change,) = answer.add("[it]: /there")
    assert change == (0, '<p>See <a href="/there" rel="noopener noreferrer">it</a> here.</p>')


LESSONS = Path(example.__file__).parent / "lessons.md"
CODE = "```python\n" + "".join(f"    total += values[{line}] < {line}  # {line}\n" for line in range(300)) + "```\n\n"


@pytest.mark.no_cover
def test_bytes_and_work_for_a_word_do_not_grow_with_the_answer(monkeypatch):
    monkeypatch.setattr(example, "clean", None)
    work: list[int] = []
    parse = example.MARKDOWN.parse
    monkeypatch.setattr(example.MARKDOWN, "parse", lambda text, env: work.append(len(text)) or parse(text, env))
    answer, sent, escaped, sums = Blocks(), 0, 0, []
    lessons = LESSONS.read_text(encoding="utf-8") + "\n"
    for part in (lessons, CODE, lessons):
        work.clear()
        for number, word in enumerate(TOKEN.findall(part), 1):
            sent += sum(len(encode(number, "message", change)) for change in answer.add(word))
            escaped += len(encode(number, "message", html.escape(word, quote=False)))
        sums.append(sum(work) / number)
    assert sent <= 2.5 * escaped
    first, code, last = sums  # characters of Markdown for a word
    assert code < first
    assert last <= 1.2 * first < 200
