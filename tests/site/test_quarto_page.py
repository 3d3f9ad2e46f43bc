"""A page as Quarto 1.10 makes it, and what is in it when it is completed; `test_page_contract` has real ones."""

from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup

from streamside.site.quarto_page import completed

QUARTOS = """<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" lang="en" xml:lang="en"><head>
<meta charset="utf-8">
<meta name="generator" content="quarto-1.10.18">
<title>A – Small</title>
<script src="https://cdn.jsdelivr.net/npm/jquery@3.5.1/dist/jquery.min.js" crossorigin="anonymous"></script>
<script src="../site_libs/quarto-nav/quarto-nav.js"></script>
<link href="../site_libs/dark.css" rel="stylesheet" class="quarto-color-scheme quarto-color-alternate">
<script src="https://cdn.jsdelivr.net/npm/requirejs@2.3.6/require.min.js" crossorigin="anonymous"></script>
<script type="application/javascript">define('jquery', [],function() {return window.jQuery;})</script>
</head>
<body class="nav-sidebar floating quarto-light"><script>if (1 < 2 && true) { toggleColorMode(false); }</script>
<header id="quarto-header" class="headroom fixed-top"><nav class="quarto-secondary-nav"></nav></header>
<nav id="quarto-sidebar" class="sidebar">
<a class="sidebar-item-toggle" data-bs-toggle="collapse" role="navigation" aria-label="Toggle section"></a>
</nav>
<main class="content" id="quarto-document-content">
<header id="title-block-header"><h1 class="title">A</h1><div class="quarto-title-meta">November 21, 2026</div></header>
<section id="see-it" class="level2">
<h2 class="anchored" data-anchor-id="see-it">See it</h2>
<p>Press <strong>Run</strong>.<br>Ten&nbsp;messages – come.</p>
<div id="imports" class="cell"><pre>import</pre></div>
<div id="see-it" class="cell"><pre>live(one)</pre>
<div class="cell-output cell-output-display"><live-example example="one"><pre class="transcript" tabindex="0">x</pre>
<script type="application/json">{"page": "\\u003cp>", "exchanges": [1 < 2]}</script></live-example></div></div>
<div class="quarto-figure"><figure class="figure"><p><img src="wire.svg" class="img-fluid figure-img"></p>
<figcaption>What is &lt;sent&gt;</figcaption></figure></div>
<table><thead><tr><th></th><th>b</th></tr></thead></table>
</section>
</main>
<nav class="page-navigation"></nav>
<footer class="footer"><div class="nav-footer">Small</div></footer>
</body></html>
"""
OURS = """<!DOCTYPE html>
<html lang="en"><head>
<meta charset="utf-8">
<title>A · Small</title>
<meta name="streamside-inputs" content="0a">
<meta property="og:title" content="A">
<link rel="canonical" href="https://example.org/notebooks/01-a.html">
<link rel="alternate" type="application/atom+xml" href="../feed.xml">
<link rel="stylesheet" href="../theme/streamside.css">
<link rel="stylesheet" href="../theme/home.css">
<link rel="stylesheet" href="../theme/live.css">
<script type="module" src="../live/page/live-example.js"></script>
</head><body>
<a class="skip" href="#main">Skip to the text</a>
<main id="main"><article><noscript><p>Without JavaScript</p></noscript>
<ul class="sources"><li><a href="../live/examples/one.py" download>one.py</a></li></ul></article></main>
<footer class="colophon">CC BY 4.0 <a href="../feed.xml">Feed</a></footer>
</body></html>
"""


@pytest.fixture(scope="module")
def page() -> Iterator[BeautifulSoup]:
    return BeautifulSoup(completed(QUARTOS, OURS), "html.parser")


def test_nothing_comes_from_elsewhere_and_the_rest_stays_as_it_came(page: BeautifulSoup):
    said = [script.get_text() for script in page.select("script:not([src])")]
    assert said == ["if (1 < 2 && true) { toggleColorMode(false); }", '{"page": "\\u003cp>", "exchanges": [1 < 2]}']
    assert [script["src"] for script in page.select("script[src]")] == [
        "../site_libs/quarto-nav/quarto-nav.js",
        "../live/page/live-example.js",
    ]
    made = completed(QUARTOS, OURS)
    assert made.startswith("<!DOCTYPE html>")
    assert "<br>Ten\u00a0messages – come." in made


def test_head_and_foot_say_what_ours_say(page: BeautifulSoup):
    assert page.head
    assert [(link["href"], link["media"]) for link in page.head.select("link[media]")] == [
        ("../site_libs/dark.css", "screen")  # paper is light
    ]
    assert [link["href"] for link in page.head.select("link:not([media])")] == [
        "https://example.org/notebooks/01-a.html",
        "../feed.xml",
        "../theme/home.css",
        "../theme/live.css",
    ]
    assert [meta.get("name", meta.get("property")) for meta in page.head.select("meta")][2:] == [
        "streamside-inputs",
        "og:title",
    ]
    assert len(page.select("title")) == len(page.select("footer")) == 1
    assert page.select_one("footer.colophon a[href='../feed.xml']")


def test_the_example_stands_below_the_first_text_and_its_sources_below_all(page: BeautifulSoup):
    section = page.select_one("section")
    assert section
    assert [child.name for child in section.find_all(recursive=False)][:5] == ["h2", "p", "div", "div", "div"]
    assert [bool(child.find("live-example")) for child in section.find_all("div", recursive=False)][:3] == [
        *(True, False, False)
    ]
    assert page.select_one("main > .sources:last-child a[download]")
    assert page.select_one("main header noscript")
    assert "November" not in page.get_text()


def test_all_has_a_name_and_no_name_twice(page: BeautifulSoup):
    names = [landmark["aria-label"] for landmark in page.select("nav")]
    assert len(names) == len(set(names)) == 4
    assert not page.select('a[role="navigation"]')
    assert [element["id"] for element in page.select("main [id]")] == ["title-block-header", "see-it"]
    assert [(image["alt"], image.find_next("figcaption")) for image in page.select("img")] == [("What is <sent>", None)]


def test_the_keyboard_reaches_what_is_wide(page: BeautifulSoup):
    assert page.select_one("a.skip[href='#quarto-document-content']")
    assert page.select_one("main[tabindex='-1']")
    assert not page.select("main pre:not([tabindex='0'])")
    assert [cell.name for cell in page.select("div.table[tabindex='0'][aria-label] tr > *")] == ["td", "th"]


def test_what_is_no_page_of_quartos_is_left():
    assert completed("<p>Hello", OURS) == "<p>Hello"
