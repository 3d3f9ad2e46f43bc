"""`_quarto.yml` holds what Quarto documents; where Quarto is installed, its pages keep what the tutorial promises."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Page, expect

from benchmarks.static import serving
from streamside.catalogue import Project
from streamside.paths import ROOT

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


def test_nothing_is_executed_and_the_pages_are_where_ours_are(quarto_yml: dict[str, Any]):
    assert quarto_yml["execute"]["enabled"] is False
    assert quarto_yml["project"]["type"] == "website"
    assert quarto_yml["project"]["output-dir"] == "_site"


def test_what_it_runs_after_rendering_is_there(quarto_yml: dict[str, Any]):
    python, option, module = quarto_yml["project"]["post-render"].split()
    assert (python, option) == ("python", "-m")
    assert importlib.util.find_spec(module)


def test_every_file_that_it_names_is_there(quarto_yml: dict[str, Any]):
    html = quarto_yml["format"]["html"]
    themes = [name for names in html["theme"].values() for name in names if name != "default"]
    named = [*themes, *html["css"], html["include-in-header"], quarto_yml["website"]["favicon"]]
    assert [name for name in named if not (ROOT / name).is_file()] == []
    for pattern in (*quarto_yml["project"]["resources"], *quarto_yml["project"]["render"]):
        assert any(ROOT.glob(pattern)), pattern


@pytest.mark.timeout(300)
@pytest.mark.skipif(not shutil.which("quarto"), reason="Quarto is not on PATH: its pages are for those who have it")
def test_pages_made_by_quarto_keep_the_promises(tmp_path: Path, page: Page):
    left_out = shutil.ignore_patterns(".*", "_site", "node_modules", "__pycache__")
    project = shutil.copytree(ROOT, tmp_path / "project", ignore=left_out)
    (project / "node_modules").symlink_to(ROOT / "node_modules")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(project)}
    subprocess.run([str(shutil.which("quarto")), "render"], cwd=project, env=environment, check=True)
    with serving(project / "_site") as url:
        for lesson in Project(project).lessons:
            page.goto(url + lesson.href)
            expect(page.locator("h1").first).to_have_text(lesson.title)
            if page.locator("live-example").count():
                expect(page.locator("live-example[state]").first).to_be_visible()
            broken = [
                link
                for link in page.locator("a[href]").evaluate_all("(links) => links.map((link) => link.href)")
                if link.startswith(url) and not page.request.get(link).ok
            ]
            assert broken == []
