"""What machines are told: which pages there are, since when, and that they may read them."""

from pathlib import Path

from streamside.catalogue import Project
from streamside.site import site_map
from tests import small_tutorial


def test_the_list_for_language_models_is_the_table_of_contents(tmp_path: Path):
    text = site_map.texts(Project(small_tutorial.write(tmp_path)))["llms.txt"].decode()
    assert text == (
        "# A small tutorial\n\n> For tests.\n\n"
        "## One\n\n- [A](notebooks/01-a.md): About A.\n- [B](notebooks/02-b.md): About B.\n\n"
        "## Optional\n\n- [About](about.md): How.\n"
    )


def test_a_page_with_a_date_has_it_in_the_sitemap(tmp_path: Path):
    project = Project(small_tutorial.write(tmp_path))
    assert site_map.sitemap(project).count(b"<lastmod>2026-11-21</lastmod>") == 3  # the lessons, and the home page
    assert site_map.sitemap(project).count(b"<loc>") == 4
