"""Markdown that is still being written: for each piece of text, the least that has to change in the page."""

import re
from typing import NamedTuple

from markdown_it import MarkdownIt

try:
    from nh3 import clean
except ImportError:  # it is compiled, and not in a page, where server and reader are one
    clean = None

# No HTML of the model's. No pictures: to load one tells its server whatever the model has put into the address.
MARKDOWN = MarkdownIt("commonmark", {"html": False, "xhtmlOut": False}).enable("table").disable("image")
OUTLINE = MarkdownIt("commonmark", {"html": False}).enable("table").disable("inline")  # where blocks begin and end
TAGS = "p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong a br hr table thead tbody tr th td"
ALLOWED = {
    "tags": set(TAGS.split()),
    "attributes": {"a": {"href"}, "code": {"class"}, "ol": {"start"}, "th": {"style"}, "td": {"style"}},
    "filter_style_properties": {"text-align"},
    "url_schemes": {"http", "https", "mailto"},
}
TAG = re.compile(r'<(/?)(\w+)(?:[^">]|"[^"]*")*>')
CODE = re.compile("(<pre><code.*?>)")


class Change(NamedTuple):
    """Where the page ends, in the last element of the last element and so on: nodes go, HTML comes."""

    depth: int
    nodes: int
    html: str


class Late(NamedTuple):
    """A finished block is made anew."""

    block: int
    html: str


class References(dict):
    """Link reference definitions by label; `asked` are the labels that were looked for."""

    def __init__(self, known):
        super().__init__(known)
        self.asked = set()

    def get(self, label, default=None):
        self.asked.add(label)
        return super().get(label, default)

    def links(self):
        return {label: (link["href"], link["title"]) for label, link in self.items()}


class Finished(NamedTuple):
    source: str
    html: str
    asked: set[str]


class Blocks:
    """An answer, block by block. After each `add`, the page is what rendering all of the text would make of it."""

    def __init__(self):
        self.finished: list[Finished] = []
        self.references = {}  # that finished blocks define
        self.open = ""  # the text behind them, which may still become something else …
        self.shown: list[str] = []  # … its blocks in the page …
        self.code = ""  # … and of the first of these, if it is a long one of code, the lines that have left `open`
        self.tree = [""]
        self.links = {}

    @property
    def html(self) -> str:
        return "".join([*(block.html for block in self.finished), *self.shown])

    def add(self, text: str) -> list[Change | Late]:
        self.open += text.replace("\r", "")
        references = References(self.references)
        self.shown = render(self.open, references)
        if self.code:
            begin, code = CODE.split(self.shown[0], maxsplit=1)[1:]
            self.shown[0] = begin + self.code + code
        before, self.tree = self.tree, tree("".join(self.shown))
        changes = [*self.late(references), *difference(before, self.tree)]
        if "\n" in text:
            self.finish(references)
        return changes

    def late(self, references):
        """A definition may come after the links that need it: the blocks that have asked for it are made anew."""
        links = references.links()
        changed = {label for label in links.keys() | self.links if links.get(label) != self.links.get(label)}
        self.links = links
        for number, block in enumerate(self.finished):
            if changed & block.asked:
                self.finished[number] = finished(block.source, references)
                if self.finished[number].html != block.html:
                    yield Late(number, self.finished[number].html.removesuffix("\n"))

    def finish(self, references):
        """Whole lines decide where a block ends. All but the last block are finished, and so are lines of code."""
        *lines, rest = self.open.split("\n")
        blocks = [token for token in OUTLINE.parse("\n".join([*lines, ""])) if token.level == 0 and token.map]
        start = 0
        for block in blocks[:-1]:
            source = "\n".join([*lines[start : block.map[1]], ""])
            start = block.map[1]
            OUTLINE.parse(source, {"references": self.references})
            self.finished.append(finished(source, references)._replace(html=self.shown.pop(0)))
            del self.tree[1:3]
            self.code = ""
        end = len(lines)
        if blocks and is_open_fence(blocks[-1]):
            end = blocks[-1].map[0] + 1
            [html] = render("\n".join([*lines[start:], ""]), {})
            self.code += CODE.split(html, maxsplit=1)[2].removesuffix("</code></pre>\n")
        self.open = "\n".join([*lines[start:end], rest])


def render(text: str, references: dict) -> list[str]:
    """The HTML of each block: an element and a line break."""
    env, blocks, block = {"references": references}, [], []
    for token in MARKDOWN.parse(text, env):
        block.append(token)
        if token.level == 0 and token.nesting <= 0:  # it is whole
            html = MARKDOWN.renderer.render(block, MARKDOWN.options, env)
            blocks.append(clean(html, **ALLOWED) if clean else html)
            block = []
    return blocks


def finished(source: str, references: References) -> Finished:
    noting = References(references)
    [html] = render(source, noting)
    return Finished(source, html, noting.asked)


def is_open_fence(block) -> bool:
    """A block of code whose last line has not come."""
    return block.type == "fence" and block.map[1] - block.map[0] == 1 + block.content.count("\n")


def tree(html: str) -> list:
    """An element as a list: its tag, then its nodes. The outermost has none."""
    inside, end = [[""]], 0
    for tag in TAG.finditer(html):
        if tag.start() > end:
            inside[-1].append(html[end : tag.start()])
        end = tag.end()
        if tag[1]:
            inside.pop()
        else:
            inside[-1].append([tag[0]])
            if tag[2] not in ("br", "hr"):
                inside.append(inside[-1][-1])
    return [*inside[0], html[end:]] if html[end:] else inside[0]


def text_of(nodes: list) -> str:
    """And back."""
    return "".join(node if isinstance(node, str) else node[0] + text_of(node[1:]) + ending(node[0]) for node in nodes)


def ending(tag: str) -> str:
    name = TAG.match(tag)[2]
    return "" if name in ("br", "hr") else f"</{name}>"


def difference(old: list, new: list, depth: int = 0):
    """The change from one element to another of the same tag, as deep inside as can be."""
    same = 1
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    goes, comes = old[same:], new[same:]
    if goes and comes:
        [was, *after], [now, *then] = goes, comes
        is_last = after == then and all(isinstance(node, str) for node in after)
        if isinstance(was, list) and isinstance(now, list) and was[0] == now[0] and is_last:
            yield from difference(was, now, depth + 1)
            return
        if isinstance(was, str) and isinstance(now, str) and now.startswith(was) and not after:
            yield Change(depth, 0, now[len(was) :] + text_of(then))
            return
    if goes or comes:
        yield Change(depth, len(goes), text_of(comes))
