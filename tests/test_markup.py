"""A page as a tree: what is searched in it, and what becomes of it when something is swapped in."""

from streamside.markup import parse

PAGE = """<!doctype html><html><head><title>T</title><style>p {}</style></head><body>
<h1>Head</h1><p>one<br>two &amp; three</p><div id="a" hx-swap="none"><img alt=""><p id=b>in</div>
<script>say("<p>")</script></body></html>"""


def test_what_a_reader_sees():
    assert parse(PAGE).text == "Head\none\ntwo & three\nin"


def test_elements_are_found_and_inherit():
    root = parse(PAGE)
    inner = next(each for each in root if each.attributes.get("id") == "b")
    assert inner.inherited("hx-swap") == "none"
    assert inner.inherited("hx-target", "this") == "this"
    assert [each.tag for each in root.with_attribute("id")] == ["div", "p"]
    assert next(each for each in root if each.tag == "script").source() == 'say("<p>")'


def test_html_is_added_or_takes_a_place():
    root = parse("<div><p>one</p></div>")
    div, old = list(root)[1:]
    (new,) = div.put("<p>two</p>", "beforeend")
    assert root.text == "one\ntwo"
    assert new.root is root
    assert div.put("three", "innerHTML") == []
    assert root.text == "three"
    assert old.root is not root
    (last,) = div.put("<b>four</b>", "outerHTML")
    assert root.text == "four"
    assert last.root is root
    assert div.root is div
