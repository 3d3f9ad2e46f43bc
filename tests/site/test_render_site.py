"""Rendering: what changed and nothing else, put in its place whole or not at all."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from streamside.catalogue import Project
from streamside.errors import UserError
from streamside.paths import ROOT
from streamside.site import render_site
from tests.small_tutorial import markdown, read, render, scripts_alone, write_notebook


def test_the_site_has_a_page_for_each_source_and_the_files_beside_them(tutorial: Path):
    (tutorial / "cases").mkdir()
    (tutorial / "cases/a.json").write_text("{}")
    render(tutorial)
    made = {path.relative_to(tutorial / "_site").as_posix() for path in (tutorial / "_site").rglob("*")}
    assert made >= {
        *("index.html", "about.html", "404.html", "feed.xml", "notebooks/01-a.html", "notebooks/02-b.html"),
        *("notebooks/01-a.ipynb", "live/examples/one.py", "live/page/live-example.js"),
        *("theme/streamside.css", "theme/page-controls.js", "theme/diagrams/stream.svg"),
        "cases/a.json",
    }


def test_only_what_changed_is_made(tutorial: Path):
    render(tutorial)
    assert render(tutorial) == []
    write_notebook(tutorial / "notebooks/02-b.ipynb", markdown("## There\n\nOther text."), title="B")
    theirs = ["notebooks/02-b.html", "notebooks/02-b.ipynb", "notebooks/02-b.md"]
    assert render(tutorial) == ["feed.xml", *theirs, "search/sections.json"]
    (tutorial / "blog/theme/icon.svg").write_text("<svg/>")
    assert render(tutorial) == ["theme/icon.svg"]


@pytest.mark.parametrize("source", ["_quarto.yml", "blog/template/index.html.j2"])
def test_what_is_on_every_page_changes_every_page(tutorial: Path, source: str):
    render(tutorial)
    path = tutorial / source
    path.write_text(path.read_text().replace("A small tutorial", "A tiny tutorial").replace("Contents<", "Menu<"))
    assert {"index.html", "about.html", "notebooks/01-a.html", "notebooks/02-b.html"} <= set(render(tutorial))


def test_a_lesson_moved_to_another_part_changes_every_page(tutorial: Path):
    contents = tutorial / "_quarto.yml"
    second = "          - href: notebooks/02-b.ipynb\n"
    part = f"      - section: Two\n        contents:\n{second}"
    contents.write_text(contents.read_text() + "      - section: Two\n        contents: []\n")
    render(tutorial)
    text = contents.read_text().replace(second, "")
    contents.write_text(text[: text.index("      - section: Two")] + part)
    assert {"index.html", "notebooks/01-a.html", "notebooks/02-b.html"} <= set(render(tutorial))
    assert '<p class="eyebrow">Two ' in read(tutorial, "notebooks/02-b.html")


@pytest.mark.parametrize("place", ["blog/template", "blog/theme", "blog/theme/.Trashes", "examples", "notebooks"])
def test_files_that_systems_leave_change_nothing(tutorial: Path, place: str):
    render(tutorial)
    (tutorial / place).mkdir(exist_ok=True)
    for name in (".DS_Store", ".x.png", "Thumbs.db"):
        (tutorial / place / name).write_bytes(b"\0")
    assert render(tutorial) == []


def test_a_site_on_another_filesystem(tutorial: Path):
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tutorial.stat().st_dev:
        pytest.skip("this machine has no other filesystem to write to")
    with tempfile.TemporaryDirectory(dir=elsewhere) as folder:
        (tutorial / "_site").symlink_to(folder, target_is_directory=True)
        render(tutorial)
        assert "<h1>A</h1>" in read(tutorial)
        assert not [path for path in Path(folder).iterdir() if path.name.startswith(".")]


def test_a_page_that_something_else_wrote_or_removed_is_made_again(tutorial: Path):
    render(tutorial)
    (tutorial / "_site/about.html").write_text("Quarto was here")
    (tutorial / "_site/index.html").unlink()
    assert render(tutorial) == ["about.html", "index.html"]


def test_nothing_to_do_imports_neither_nbconvert_nor_jinja(tutorial: Path):
    render(tutorial)
    program = (
        "import sys\nfrom pathlib import Path\nfrom tests.small_tutorial import render\n"
        "assert render(Path(sys.argv[1])) == []\n"
        "assert not {'nbconvert', 'jinja2', 'nbformat', 'mistune', 'pygments'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, tutorial], check=True, cwd=ROOT)


def test_what_has_lost_its_source_goes(tutorial: Path):
    render(tutorial)
    (tutorial / "_site/site_libs").mkdir()
    (tutorial / "_site/site_libs/left.js").write_text("")
    quarto = tutorial / "_quarto.yml"
    quarto.write_text(quarto.read_text().replace("          - href: notebooks/02-b.ipynb\n", ""))
    (tutorial / "notebooks/02-b.ipynb").unlink()
    removed = {"notebooks/02-b.html", "notebooks/02-b.ipynb", "notebooks/02-b.md", "site_libs/left.js"}
    assert removed <= set(render(tutorial))
    assert not any((tutorial / "_site" / name).exists() for name in (*removed, "site_libs"))


def snapshot(tutorial: Path) -> dict[str, bytes]:
    site = tutorial / "_site"
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}


@pytest.mark.parametrize("fault", [KeyboardInterrupt, UserError])
def test_a_build_that_does_not_get_through_leaves_the_site_as_it_was(tutorial: Path, fault: type[BaseException]):
    render(tutorial)
    before = snapshot(tutorial)
    write_notebook(tutorial / "notebooks/01-a.ipynb", markdown("Changed."))
    (tutorial / "blog/theme/icon.svg").write_text("<svg/>")

    def fail(folder: Path, project: Project) -> None:
        scripts_alone(folder, project)
        raise fault("one", "two")

    with pytest.raises(fault):
        render_site.render(Project(tutorial), fail)
    assert snapshot(tutorial) == before
    assert list((tutorial / ".cache").iterdir()) == []


def test_a_broken_table_of_contents_is_said_with_its_line(tutorial: Path):
    (tutorial / "_quarto.yml").write_text("website:\n  title: [\n")
    with pytest.raises(UserError, match=r"^_quarto\.yml, line 3: not YAML"):
        render(tutorial)


def test_a_lesson_that_is_not_there_is_said(tutorial: Path):
    (tutorial / "notebooks/02-b.ipynb").unlink()
    with pytest.raises(UserError, match=r"notebooks/02-b\.ipynb.*cannot be read|notebooks/02-b\.ipynb: No such file"):
        render(tutorial)


def test_a_place_that_cannot_be_written_is_said(tutorial: Path):
    (tutorial / "_site").write_text("a file where the folder should be")
    with pytest.raises(UserError, match=r"_site.*; make sure that it can be read and written"):
        render(tutorial)


QUARTOS = """<!DOCTYPE html>
<html><head><title>A</title></head><body><main id="quarto-document-content"><h1>A</h1></main></body></html>"""


def test_a_site_of_quartos_is_completed_and_no_page_of_it_twice(tutorial: Path):
    out = tutorial / "of-quarto"
    (out / "notebooks").mkdir(parents=True)
    (out / "notebooks/01-a.html").write_text(QUARTOS)
    render_site.complete(Project(tutorial), out, scripts_alone)
    page = (out / "notebooks/01-a.html").read_text()
    assert page.count('class="sources"') == 1
    assert "There is no page here" in (out / "404.html").read_text()
    assert (out / "listings.json").read_text() == "[]"  # Quarto's script asks for it on every page
    assert {"feed.xml", "llms.txt", "live", "theme"} < {path.name for path in out.iterdir()}
    assert not (out / "notebooks/02-b.html").exists()  # Quarto has not made it
    assert not (tutorial / "_site").exists()
    render_site.complete(Project(tutorial), out, scripts_alone)
    assert (out / "notebooks/01-a.html").read_text() == page
