"""A page says what its card has: a picture only where there is one, and where it can be fetched."""

from pathlib import Path

from streamside.catalogue import Project
from streamside.site import cards
from tests.small_tutorial import read, render


def publish(tutorial: Path) -> Project:
    contents = tutorial / "_quarto.yml"
    contents.write_text(contents.read_text().replace("website:\n", "website:\n  site-url: https://example.org\n"))
    return Project(tutorial)


def test_without_a_picture_a_card_has_words(tutorial: Path):
    render(tutorial)
    page = read(tutorial)
    assert '<meta property="og:title" content="A">' in page
    assert '<meta property="og:description" content="About A.">' in page
    assert '<meta property="og:type" content="article">' in page
    assert '<meta name="twitter:card" content="summary">' in page
    assert "og:image" not in page
    assert "og:url" not in page
    assert cards.lessons(Project(tutorial)) == []  # nobody could fetch a picture


def test_a_picture_that_there_is_goes_with_the_site_and_has_a_whole_address(tutorial: Path):
    project = publish(tutorial)
    render(tutorial)
    assert [lesson.href for lesson in cards.lessons(project)] == ["index.html", "notebooks/01-a.html"]  # with examples
    picture = cards.kept(project.lessons[0])
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"a picture")
    assert f"cards/{picture.name}" in render(tutorial)
    page = read(tutorial)
    assert f'<meta property="og:image" content="https://example.org/cards/{picture.name}">' in page
    assert '<meta property="og:url" content="https://example.org/notebooks/01-a.html">' in page
    assert '<meta name="twitter:card" content="summary_large_image">' in page
    assert "og:image" not in read(tutorial, "index.html")
    (tutorial / "examples/one.py").write_text('"""Another."""\n')
    assert f"cards/{picture.name}" in render(tutorial)  # it is gone: it does not show what there is now
    assert "og:image" not in read(tutorial)
