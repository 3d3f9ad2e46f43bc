"""Small tutorials for tests: one of a single lesson, to be run and broken; one of two, with all that pages can hold."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from streamside import setup
from streamside.catalogue import Lesson, Project
from streamside.paths import ROOT
from streamside.site import render_site

QUARTO = """\
website:
  title: A small tutorial
  description: For tests.
  sidebar:
    contents:
      - section: One
        contents:
          - href: notebooks/01-a.ipynb
          - href: notebooks/02-b.ipynb
          - text: Later
"""
EXAMPLE = '"""One example."""\n\n\nasync def app(scope, receive, send):\n    pass\n'
LINKS = (
    "## See it\n\nA sentence, and [the other](02-b.ipynb#there), [home](../index.ipynb), [code](../examples/one.py)."
)
PROSE = """
### Sub <b>x</b>

::: {.callout-note title="A & b"}
Text.
:::

::: {.callout-important}
Text with `code` and [a link](https://html.spec.whatwg.org/).
:::

![A picture](../blog/theme/diagrams/stream.svg)

1. one
2. two

> said

---

| | b |
|---|---|
| `1` | 2 |

line
""" + "".join(f"\n## Section {number}\n{'A sentence of some length. ' * 40}\n" for number in range(6))
CODE = '''
```python
@app.get("/")  # a comment
async def f(x: int = 1) -> str:
    """A text."""
    return f"{x} and {"a long line " * 20!r}, None, True" if x < 1.5 else None
```
'''
EXCHANGE = {
    "method": "GET",
    "path": "/stream",
    "requestHeaders": [["accept", "text/event-stream"]],
    "status": 200,
    "headers": [["content-type", "text/event-stream"]],
    "start": 0,
    "chunks": [[0, "data: one\n\n"], [100, "data: two\n\n"]],
    "end": 100,
    "endedBy": "server",
}
LIVE = (
    '<live-example example="one" path="/" title="An example" height="10rem">\n'
    '<pre class="transcript" tabindex="0">GET /stream\n\ndata: one\n\ndata: two</pre>\n'
    f'<script type="application/json">{json.dumps({"page": "<p>Hello</p>", "exchanges": [EXCHANGE]})}</script>\n'
    "</live-example>"
)


def markdown(text: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def code(text: str, *outputs: dict) -> dict:
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "source": text, "outputs": list(outputs)}


def output(**data: str) -> dict:
    """A stored output in several forms: `text_html="…"` is that of the type text/html."""
    forms = {name.replace("_", "/"): text for name, text in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": forms}


def printed(text: str | Sequence[str], name: str = "stdout") -> dict:
    return {"output_type": "stream", "name": name, "text": text}


def write_notebook(path: Path, *cells: dict, **front_matter: str) -> None:
    title = front_matter.pop("title", "A")
    said = {"title": title, "description": f"About {title}.", "date": "2026-11-21", "examples": "[]", **front_matter}
    head = "\n".join(["---", *(f"{key}: {value}" for key, value in said.items()), "---"])
    all_cells = [{"cell_type": "raw", "metadata": {}, "source": head}, *cells]
    numbered = [{"id": f"cell-{number}", **cell} for number, cell in enumerate(all_cells, 1)]
    path.write_text(json.dumps({"cells": numbered, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


def write_lesson(root: Path, *cells: dict, **front_matter: str) -> Lesson:
    """Write these cells as the first lesson of the tutorial in `root`, and return it."""
    write_notebook(root / "notebooks/01-a.ipynb", *cells, **front_matter)
    return Lesson(root, "notebooks/01-a.ipynb")


def write_one_lesson(root: Path) -> Path:
    """Write into `root` a tutorial of one lesson, with no theme, that is in order but for not having been run."""
    for folder in ("notebooks", "examples", "streamside"):
        (root / folder).mkdir()
    (root / "_quarto.yml").write_text(QUARTO.partition("          - href: notebooks/02-b.ipynb")[0])
    (root / "examples/one.py").write_text(EXAMPLE)
    (root / "streamside/lab.py").write_text("")
    (root / "requirements.lock").write_text("a==1\n")
    write_notebook(root / "notebooks/01-a.ipynb", markdown("# A"), code("print(1 + 1)"))
    return root


def write(root: Path) -> Path:
    """Write the tutorial's sources into the empty folder `root` and return it."""
    for folder in ("theme", "template"):
        shutil.copytree(ROOT / "blog" / folder, root / "blog" / folder)
    for folder in ("notebooks", "examples"):
        (root / folder).mkdir()
    (root / "_quarto.yml").write_text(QUARTO)
    (root / "examples/one.py").write_text(EXAMPLE)
    write_notebook(
        root / "notebooks/01-a.ipynb",
        markdown(LINKS),
        code("from examples import one\n\nlive(one)", output(text_html=LIVE)),
        code("print(1)", printed("1\n"), printed("careful\n", "stderr")),
        code("#| echo: false\nsource(one)", output(text_markdown=CODE, text_plain="…")),
        markdown(PROSE),
    )
    write_notebook(root / "notebooks/02-b.ipynb", markdown("## There\n\nText."), title="B")
    contents = "## One\n\n- [A](notebooks/01-a.ipynb) – About A.\n- Later – *to come*\n"
    write_notebook(
        root / "index.ipynb",
        code("#| echo: false\nfrom examples import one\n\nlive(one)", output(text_html=LIVE)),
        markdown("Two sentences."),
        code("#| echo: false\ncontents()", output(text_markdown=contents)),
        title="A small tutorial",
    )
    (root / "about.md").write_text("---\ntitle: About\ndescription: How.\n---\n## Made\n\nText.\n")
    return root


def scripts_alone(target: Path, _: Project) -> None:
    """The part of a site that runs in the reader's browser, without a service worker and so without Python."""
    shutil.copytree(ROOT / "blog/live", target / "live", ignore=shutil.ignore_patterns("service-worker.js", "*.py"))


def render(root: Path) -> list[str]:
    """Bring the site of the tutorial in `root` up to date, but pack no Python."""
    return render_site.render(Project(root), scripts_alone)


def read(root: Path, name: str = "notebooks/01-a.html") -> str:
    """A page, as it was rendered."""
    return (root / "_site" / name).read_text(encoding="utf-8")


def invalid(folder: Path) -> str:
    """What html-validate finds wrong with a site's pages, by its strict recommended rules."""
    tool = ROOT / "node_modules/html-validate/bin/html-validate.mjs"
    pages = sorted(map(str, [*folder.glob("*.html"), *folder.glob("notebooks/*.html")]))
    assert pages
    command = [setup.node(), tool, "--config", ROOT / ".htmlvalidate.json", "--formatter", "text", *pages]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout
