"""What is read of a finished page is its text, with links where they lead and nothing that only a page can do."""

from streamside.site import finished_page

PAGE = """<!DOCTYPE html><html><head><title>T</title></head><body><nav>Contents</nav><main><article>
<header class="title"><h1>T</h1></header>
<div class="cell"><h2 id="a">A &amp; b<a class="anchor" href="#a">#</a></h2>
<p>Text<br>and <a href="b.html" class="x">b</a>.</p></div>
<div class="listing"><pre tabindex="0"><code><span class="k">if</span> a &lt; b</code></pre><button>Copy</button></div>
<img src="c.svg" alt="A &quot;c&quot;" class="wide">
<live-example example="one"><pre class="transcript">data: 1</pre>
<script type="application/json">{"<p>": 1}</script></live-example>
</article></main><footer>Foot</footer></body></html>"""


def test_the_article_is_plain_html():
    article = finished_page.article(PAGE)
    text = finished_page.html(article, lambda url: f"https://example.org/{url}")
    assert "".join(line.strip() for line in text.splitlines()) == (
        '<h2>A &amp; b</h2><p>Text<br>and <a href="https://example.org/b.html">b</a>.</p>'
        "<pre><code>if a &lt; b</code></pre>"
        '<img src="https://example.org/c.svg" alt="A &quot;c&quot;">'
        "<pre>data: 1</pre>"
    )


def test_where_there_is_no_article_it_is_what_is_in_main():
    assert finished_page.html(finished_page.article("<main><p>x</p></main>"), str) == "<p>x</p>"
    assert finished_page.html(finished_page.article("<p>x</p>"), str) == ""
