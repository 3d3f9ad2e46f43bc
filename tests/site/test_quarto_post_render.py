"""`_quarto.yml` holds what Quarto documents; what it has Quarto run is there, and completes the pages."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamside.catalogue import Project
from streamside.errors import UserError
from streamside.paths import ROOT
from streamside.site import quarto_post_render, render_site

# The keys that we use of those in Quarto's schema (quarto-cli, src/resources/schema: project.yml, definitions.yml,
# document-*.yml), with the types of their values. A dictionary is a mapping of such keys, a list the type of its items.
ITEM: dict[str, Any] = {"text": str, "href": str}
ITEM_OR_SECTION: dict[str, Any] = {**ITEM, "section": str, "contents": [ITEM]}
DOCUMENTED = {
    "project": {
        "type": str,
        "output-dir": str,
        "render": [str],
        "resources": [str],
        "post-render": str,
    },
    "website": {
        "title": str,
        "description": str,
        "favicon": str,
        "search": bool,
        "page-navigation": bool,
        "reader-mode": bool,
        "sidebar": {"style": str, "collapse-level": int, "contents": [ITEM_OR_SECTION]},
        "page-footer": {"left": str, "right": str, "center": str},
    },
    "format": {
        "html": {
            "theme": {"light": [str], "dark": [str]},
            "css": [str],
            "toc": bool,
            "toc-depth": int,
            "toc-location": str,
            "grid": {"sidebar-width": str, "body-width": str, "margin-width": str},
            "respect-user-color-scheme": bool,
            "title-block-categories": bool,
            "code-copy": bool,
            "anchor-sections": bool,
            "include-in-header": str,
        }
    },
    "execute": {"enabled": bool},
    "lang": str,
}


def faults(value: Any, documented: Any, where: str = "") -> list[str]:
    """Keys that Quarto does not have there, and values that are not of their type."""
    if isinstance(documented, dict) and isinstance(value, dict):
        unknown = [f"{where}: no key {key!r}" for key in value if key not in documented]
        known = [key for key in value if key in documented]
        return unknown + [fault for key in known for fault in faults(value[key], documented[key], f"{where}/{key}")]
    if isinstance(documented, list) and isinstance(value, list):
        return [
            fault for number, item in enumerate(value) for fault in faults(item, documented[0], f"{where}/{number}")
        ]
    return [] if type(value) is documented else [f"{where}: {value!r}"]


@pytest.fixture
def quarto_yml() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8")))


def test_every_key_is_documented(quarto_yml: dict[str, Any]):
    assert faults(quarto_yml, DOCUMENTED) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"webiste": {}}, ": no key 'webiste'"),
        ({"website": {"sidebar": {"contents": [{"section": "One", "content": []}]}}}, "/website/sidebar/contents/0"),
        ({"website": {"search": "yes"}}, "/website/search: 'yes'"),
        ({"format": {"html": {"theme": "cosmo"}}}, "/format/html/theme: 'cosmo'"),
    ],
)
def test_a_key_or_value_that_is_not_documented_is_found(change: dict[str, Any], said: str):
    (fault,) = faults(change, DOCUMENTED)
    assert fault.startswith(said)


def test_nothing_is_executed_and_the_pages_lie_beside_ours(quarto_yml: dict[str, Any]):
    assert quarto_yml["execute"]["enabled"] is False
    assert quarto_yml["project"]["type"] == "website"
    assert quarto_yml["project"]["output-dir"] == "_site-quarto"  # not where `make blog` and `make test` put theirs


def test_only_what_is_at_the_projects_root_is_published(quarto_yml: dict[str, Any]):
    """Quarto finds a pattern without a slash before it in any folder, such as that of the environment."""
    patterns = quarto_yml["project"]["resources"]
    assert [pattern for pattern in patterns if "**" in pattern and not pattern.startswith("/")] == []


def test_beside_the_colours_lies_nothing_that_bootstrap_would_take_for_its_own(quarto_yml: dict[str, Any]):
    """Its `@import "card"` is looked for beside the colours first, and once found our `card.css` there."""
    named = {ROOT / name for names in quarto_yml["format"]["html"]["theme"].values() for name in names}
    colours = {path for path in named if path.suffix == ".scss"}
    assert {file for path in colours for file in path.parent.iterdir()} == colours


def test_quarto_finds_nothing_to_add_to_the_tracked_gitignore():
    assert {"/.quarto/", "**/*.quarto_ipynb"} <= set((ROOT / ".gitignore").read_text().splitlines())


def test_every_file_that_it_names_is_there(quarto_yml: dict[str, Any]):
    html = quarto_yml["format"]["html"]
    themes = [name for names in html["theme"].values() for name in names if name != "default"]
    named = [
        quarto_yml["project"]["post-render"],
        *themes,
        *html["css"],
        html["include-in-header"],
        quarto_yml["website"]["favicon"],
    ]
    assert [name for name in named if not (ROOT / name).is_file()] == []
    for pattern in (*quarto_yml["project"]["resources"], *quarto_yml["project"]["render"]):
        assert any(ROOT.glob(pattern.lstrip("/"))), pattern


def test_the_site_is_completed_where_quarto_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any):
    asked = []
    monkeypatch.setattr(render_site, "complete", lambda project, out: asked.append(out))
    monkeypatch.setenv("QUARTO_PROJECT_OUTPUT_DIR", "of-quarto")
    assert quarto_post_render.main(Project(tmp_path)) == 0
    assert asked == [tmp_path / "of-quarto"]

    def refuse(project: Project, out: Path) -> None:
        raise UserError("_quarto.yml", "not there")

    monkeypatch.setattr(render_site, "complete", refuse)
    assert quarto_post_render.main(Project(tmp_path)) == 2
    assert capsys.readouterr().err == "streamside: _quarto.yml: not there\n"


def test_a_python_without_the_packages_hands_over_to_the_projects_own(tmp_path: Path):
    """As Quarto runs it: by its path, with a Python that it finds; there need not be one called `python`."""
    (tmp_path / "streamside").mkdir()
    (tmp_path / "blog/template").mkdir(parents=True)
    (tmp_path / "streamside/setup.py").write_text("def main(arguments):\n    print(*arguments)\n")
    script = shutil.copy(ROOT / "blog/template/complete_site.py", tmp_path / "blog/template")
    done = subprocess.run([sys.executable, "-S", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "streamside.site.quarto_post_render\n")
