"""CommonMark, with the few things that Quarto adds and lessons use, to HTML: mistune, given our conventions."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from html import escape, unescape
from itertools import chain, count
from typing import Any
from urllib.parse import quote

import mistune
from mistune.plugins.formatting import strikethrough
from mistune.plugins.table import table
from pygments import highlight
from pygments.filter import Filter
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Token
from pygments.util import ClassNotFound

Relink = Callable[[str], str]

# Quarto's five kinds of callout, with the title that each has when the author gives none.
CALLOUTS = {"note": "Note", "tip": "Tip", "warning": "Warning", "caution": "Caution", "important": "Important"}
CALLOUT = (
    r"^ {0,3}:{3,} *\{ *\.callout-(?P<callout_kind>" + "|".join(CALLOUTS) + r")\b(?P<callout_options>[^}\n]*)\} *$"
)
FENCE = re.compile(r" {0,3}:{3,} *(\{.*\}|\w+)? *$")
TITLE = re.compile(r"""title=(?:"([^"]*)"|'([^']*)')""")
HREF = re.compile(r"""(<(?:a|img|source|link)\b[^>]*?\s(?:href|src)=")([^"]*)(")""")
TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class Heading:
    """A heading of a page: where a table of contents leads."""

    level: int
    id: str
    html: str


@dataclass
class Prose:
    """Turns the Markdown of one page's cells into HTML and keeps its headings.

    `relink` is given each address that the text has and returns the one that the page has.
    """

    relink: Relink
    headings: list[Heading] = field(default_factory=list)

    def html(self, text: str) -> str:
        """The HTML of a piece of Markdown; headings get ids that are unique within the page."""
        return str(self._markdown(text))

    def relinked(self, html: str) -> str:
        """HTML with the addresses of its links and pictures changed."""
        return HREF.sub(lambda match: match[1] + escape(self.relink(unescape(match[2]))) + match[3], html)

    def __post_init__(self) -> None:
        renderer = _Renderer(self)
        self._markdown = mistune.Markdown(renderer=renderer, plugins=[table, strikethrough, _callouts])

    def heading_id(self, html: str) -> str:
        """The id of a heading, made by Pandoc's rule (so that Quarto's pages have the same): its words, hyphenated."""
        words = re.sub(r"[^\w\s.-]", "", unescape(TAG.sub("", html))).lower()
        base = re.sub(r"^[^a-zà-ÿ]+", "", "-".join(words.split())) or "section"
        taken = {heading.id for heading in self.headings}
        return next(name for name in chain([base], (f"{base}-{n}" for n in count(1))) if name not in taken)


def listing(code: str, language: str = "") -> str:
    """Code as a highlighted listing; of no language, or of one that Pygments does not know, as plain text."""
    lexer = _lexer(language)
    inner = highlight(code, lexer, HtmlFormatter(nowrap=True)) if lexer else escape(code, quote=False)
    # A listing is wider than a phone: a reader without a mouse scrolls it with the arrow keys, so it takes the focus.
    return f'<div class="listing highlight"><pre tabindex="0"><code>{inner.rstrip()}\n</code></pre></div>\n'


class _Plain(Filter):
    """Takes the class from whatever the theme leaves in the colour of text: half of a listing's bytes."""

    KINDS = (Token.Name, Token.Name.Namespace, Token.Punctuation, Token.Operator, Token.Text.Whitespace)

    def filter(self, lexer: Lexer | None, stream: Iterable[tuple[Any, str]]) -> Iterator[tuple[Any, str]]:  # noqa: ARG002
        for kind, text in stream:
            yield (Token.Text if kind in self.KINDS else kind), text


def scrollable(table: str) -> str:
    """A table that scrolls by itself where the page is narrower; without a mouse, once it has the focus."""
    return f'<div class="table" tabindex="0" role="group" aria-label="Table">\n{table}\n</div>'


def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language, stripnl=False, filters=[_Plain()]) if language else None
    except ClassNotFound:
        return None


_FIRST_CELL = re.compile(r"<tr>\n<td([^>]*)>(.+?)</td>")


class _Renderer(mistune.HTMLRenderer):
    """What differs from mistune's own HTML."""

    def __init__(self, prose: Prose) -> None:
        super().__init__(escape=False)
        self.prose = prose

    def heading(self, text: str, level: int, **_: Any) -> str:
        name = self.prose.heading_id(text)
        self.prose.headings.append(Heading(level, name, re.sub(r"</?a\b[^>]*>", "", text)))
        title = escape(unescape(TAG.sub("", text)))
        anchor = f'<a class="anchor" href="#{quote(name)}" aria-label="Link to “{title}”">#</a>'
        return f'<h{level} id="{name}">{text}{anchor if level > 1 else ""}</h{level}>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return super().link(text, self.prose.relink(url), title)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return super().image(text, self.prose.relink(url), title).replace(" />", ">")

    def inline_html(self, html: str) -> str:
        return self.prose.relinked(html)

    def block_html(self, html: str) -> str:
        return self.prose.relinked(html) + "\n"

    def block_code(self, code: str, info: str | None = None) -> str:
        language = (info or "").strip().strip("{.}").split(" ")[0]
        return listing(code, language)

    def linebreak(self) -> str:
        return "<br>\n"

    def thematic_break(self) -> str:
        return "<hr>\n"

    def table(self, text: str) -> str:
        if text.startswith("<thead>\n<tr>\n<td"):  # the first column has no name: its cells name their rows
            text = _FIRST_CELL.sub(r'<tr>\n<th scope="row"\1>\2</th>', text)
        return scrollable(f"<table>\n{text}</table>") + "\n"

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
        side = f' class="{align}"' if align else ""
        # A table may have no name for its first column; a header without text would be announced as one all the same.
        tag, scope = ("th", ' scope="col"') if head and text else ("td", "")
        return f"<{tag}{scope}{side}>{text}</{tag}>\n"

    def callout(self, text: str, kind: str, title: str) -> str:
        heading = f'<p class="callout-title">{title}</p>\n'
        return f'<div class="callout callout-{kind}" role="note">\n{heading}{text}</div>\n'


def _callouts(md: mistune.Markdown) -> None:
    """Plugin: `::: {.callout-note title="…"}` … `:::`; without a title, a heading that comes first is one."""
    md.block.register("callout", CALLOUT, _parse_callout, before="list")


def _parse_callout(block: mistune.BlockParser, match: re.Match[str], state: mistune.BlockState) -> int:
    kind, (body, end) = match["callout_kind"], _fenced(state.src, match.end() + 1)
    given = TITLE.search(match["callout_options"])
    title = (given[1] or given[2] or "") if given else ""
    first = re.match(r"\s*#{1,6} +(.+?) *#* *\n", body)
    if first and not title:
        title, body = first[1], body[first.end() :]
    child = state.child_state(body)
    block.parse(child)
    attributes = {"kind": kind, "title": str(mistune.html(title or CALLOUTS[kind])).strip()[3:-4]}
    state.append_token({"type": "callout", "children": child.tokens, "attrs": attributes})
    return end


def _fenced(text: str, start: int) -> tuple[str, int]:
    """What stands from `start` to the fence that closes it, or to the end; and where the text goes on after that.

    A fence that has attributes opens another block, one without them closes the innermost.
    """
    depth, position = 1, start
    for line in text[start:].splitlines(keepends=True):
        fence = FENCE.match(line.rstrip("\n"))
        if fence:
            depth += 1 if fence[1] else -1
        if not depth:
            return text[start:position], position + len(line)
        position += len(line)
    return text[start:], len(text)
