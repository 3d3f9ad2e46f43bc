"""Cards, which other sites make of links: each lesson's has a picture of its first example, once that has been taken.

Only where `site-url` says where the site is published: elsewhere nobody could fetch a picture.
"""

from pathlib import Path

from streamside.catalogue import Lesson, Project
from streamside.digest import SHORT, content, digest
from streamside.site.addresses import published

STYLE = "blog/template/card.css"
STYLES = ("blog/theme/streamside.css", "blog/theme/live.css", STYLE)


def lessons(project: Project) -> list[Lesson]:
    """Those that have an example to be seen, if the site is to be published."""
    return [document for document in project.documents if _shows_one(document)] if project.site_url else []


def pictures(project: Project) -> dict[str, Path]:
    """The pictures that there are: where each is in the site, and where it is kept."""
    return {f"cards/{file.name}": file for file in map(kept, lessons(project)) if file.is_file()}


def picture(project: Project, lesson: Lesson) -> str:
    """The address of a lesson's picture; empty where there is none."""
    if not project.site_url or not kept(lesson).is_file():
        return ""
    return published(project, f"cards/{kept(lesson).name}")


def kept(lesson: Lesson) -> Path:
    """Where its picture is kept on this machine, named by what it shows: who has kept an old one asks for the new."""
    files = [lesson.file, *(file for example in lesson.examples for file in example.files)]
    name = digest(*map(content, (*files, *(lesson.root / style for style in STYLES))))[:SHORT]
    return lesson.root / ".cache/cards" / f"{Path(lesson.path).stem}-{name}.png"


def _shows_one(lesson: Lesson) -> bool:
    return any("<live-example" in str(cell.get("outputs")) for cell in lesson.notebook["cells"])
