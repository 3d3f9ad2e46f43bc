"""Lessons → site: brings `_site` up to date with its sources, or completes one whose pages Quarto made.

Cheap when nothing has changed: each page holds the digest of its sources, and only `notebook_page` imports nbconvert.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from streamside.catalogue import Project, files_below
from streamside.errors import UserError
from streamside.markup import Element
from streamside.site import (
    atomic_files,
    bundle,
    cards,
    deployment,
    feed,
    finished_page,
    lesson_markdown,
    outdated,
    quarto_page,
    search_index,
    site_map,
)

PICTURES = (".png", ".svg", ".jpg", ".jpeg", ".webp", ".gif")

Live = Callable[[Path, Project], None]  # makes, in a folder, the part of the site that runs in the reader's browser


def render(project: Project, live: Live = bundle.build) -> list[str]:
    """Bring the project's `_site` up to date; return the paths in it of the files that were written or removed.

    Everything is made before anything is put in its place, and each file is put there whole: a build that fails or is
    interrupted leaves the site as it was. Raises `UserError`.
    """
    out = project.root / "_site"
    with _making(project) as folder:
        copies = dict(_copies(project))
        addresses = _addresses(project, copies)
        made = _pages(project, out, addresses)  # first: a lesson's fault is said before Python is packed
        live(folder, project)
        copies.update(_files_by_path(folder))
        texts = _texts(project, addresses, _finished(project, out, made))
        names = {*copies, *texts, *(document.href for document in project.documents), "404.html"}
        deployment.enter(names, {**made, **texts}, copies, out)
        made.update(_changed(out, copies, texts))
        atomic_files.write_all(made, out)
        removed = list(atomic_files.remove_others(out, names))
    return sorted([*made, *removed])


def rehearse(project: Project) -> None:
    """Do once, for nothing, what takes long only the first time: make a page, and read those that there are."""
    from streamside.site.notebook_page import Pages

    with suppress(UserError, OSError):  # whatever is wrong, the build will say
        _finished(project, project.root / "_site", {})
        Pages(project, _addresses(project, dict(_copies(project)))).lesson(project.lessons[0], "")


def complete(project: Project, out: Path, live: Live = bundle.build) -> None:
    """Complete the pages that Quarto has made in `out`, and put there what a site has besides. Raises `UserError`."""
    with _making(project) as folder:
        live(folder, project)
        copies = dict(_copies(project))
        addresses = _addresses(project, copies)
        ours = _pages(project, folder / "none", addresses)
        texts = {**_texts(project, addresses, _finished(project, out, ours)), **_completed(ours, out)}
        del texts[search_index.PLACE]  # Quarto has a search of its own
        copies.update(_files_by_path(folder))
        deployment.enter({*copies, *texts, *_files_by_path(out)}, texts, copies, out)
        atomic_files.write_all(_changed(out, copies, texts), out)


@contextmanager
def _making(project: Project) -> Iterator[Path]:
    """A folder for what is being made; what cannot be read or written is a `UserError`."""
    try:
        (project.root / ".cache").mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=project.root / ".cache") as folder:
            yield Path(folder)
    except OSError as error:
        where, what = str(error.filename or "_site"), error.strerror or str(error)
        raise UserError(where, what, "make sure that it can be read and written") from error


def _copies(project: Project) -> Iterator[tuple[str, Path]]:
    """Files that the site has as they are: where each goes, and where it comes from."""
    theme, notebooks = project.root / "blog/theme", project.root / "notebooks"
    for path in files_below(theme):
        yield f"theme/{path.relative_to(theme).as_posix()}", path
    if (headers := project.root / "blog/hosts/_headers").exists():  # for those hosts that look for it in the site
        yield headers.name, headers
    yield from cards.pictures(project).items()
    for path in files_below(project.root / "cases"):  # for whoever writes a reader of event streams
        yield path.relative_to(project.root).as_posix(), path
    for lesson in project.lessons:
        yield lesson.path, lesson.file
    for path in files_below(notebooks):
        if path.suffix in PICTURES:
            yield path.relative_to(project.root).as_posix(), path
    for example in project.examples:
        for path in example.files:
            yield f"live/{path.relative_to(project.root).as_posix()}", path


def _addresses(project: Project, copies: dict[str, Path]) -> dict[str, str]:
    """Where the site has a source, by its path in the project."""
    copied = {path.relative_to(project.root).as_posix(): href for href, path in copies.items()}
    return {**copied, **{document.path: document.href for document in project.documents}}


def _files_by_path(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def _pages(project: Project, out: Path, addresses: dict[str, str]) -> dict[str, bytes]:
    """The pages whose sources are not those that the page in `_site` was made from."""
    digests = outdated.page_digests(project, addresses)
    stale = {href for href, digest in digests.items() if outdated.made_from(out / href) != digest}
    if not stale:
        return {}
    from streamside.site.notebook_page import Pages

    pages = Pages(project, addresses)
    made = {
        document.href: pages.lesson(document, digests[document.href])
        for document in project.documents
        if document.href in stale
    }
    if "404.html" in stale:
        stylesheet = (project.root / "blog/theme/streamside.css").read_text(encoding="utf-8")
        made["404.html"] = pages.missing(digests["404.html"], stylesheet)
    return {href: page.encode() for href, page in made.items()}


def _completed(ours: dict[str, bytes], out: Path) -> dict[str, bytes]:
    """Those of the pages in `out` that Quarto has just made, completed from ours, and what Quarto's scripts ask for.

    A page that bears our mark has been completed before.
    """
    made = {"listings.json": b"[]", "404.html": ours["404.html"]}
    for href, page in ours.items():
        if (out / href).is_file() and outdated.made_from(out / href) is None:
            made[href] = quarto_page.completed((out / href).read_text(encoding="utf-8"), page.decode()).encode()
    return made


def _finished(project: Project, out: Path, made: dict[str, bytes]) -> dict[str, Element]:
    """What the pages that there are say: those that are made now, and those that stay as they are."""
    hrefs = [document.href for document in project.documents]
    before = {href: (out / href).read_bytes() for href in hrefs if href not in made and (out / href).exists()}
    return {href: finished_page.article(page.decode()) for href, page in {**before, **made}.items()}


def _texts(project: Project, addresses: dict[str, str], articles: dict[str, Element]) -> dict[str, bytes]:
    """What the site says besides its pages, to programs rather than to readers."""
    return {
        "feed.xml": feed.atom(project, articles),
        search_index.PLACE: search_index.sections(project, articles),
        **lesson_markdown.texts(project, addresses),
        **site_map.texts(project),
    }


def _changed(out: Path, copies: dict[str, Path], texts: dict[str, bytes]) -> dict[str, bytes]:
    """What `_site` has besides pages, as far as it does not have it yet."""
    contents = {**{href: path.read_bytes() for href, path in copies.items()}, **texts}
    return {href: content for href, content in contents.items() if not atomic_files.holds(out / href, content)}
