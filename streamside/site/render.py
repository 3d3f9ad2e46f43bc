"""Lessons → pages: the site in `_site`, as far as it is not yet what its sources say.

Cheap when nothing has changed: each page holds the digest of its sources, and only `page` imports nbconvert.
"""

import hashlib
import re
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

from streamside import catalogue
from streamside.assets import AssetError
from streamside.catalogue import Lesson, Site, SiteError
from streamside.site import deployment

INPUTS = re.compile(rb'<meta name="streamside-inputs" content="(\w+)">')
PICTURES = (".png", ".svg", ".jpg", ".jpeg", ".webp", ".gif")
ATOM = "http://www.w3.org/2005/Atom"


def render(root: Path = catalogue.ROOT) -> list[str]:
    """Bring `_site` up to date and return the paths (from `_site`) of the files that were written or removed.

    Everything is made before anything is put in its place, and each file is put there whole: a build that fails or is
    interrupted leaves the site as it was. Raises `SiteError`.
    """
    site, out = catalogue.read(root), root / "_site"
    with _staging(root) as folder:
        copies = dict(_copies(site))
        addresses = {path.relative_to(root).as_posix(): href for href, path in copies.items()}
        made = _pages(site, out, addresses)  # first: a lesson's fault is said before Python is packed
        copies.update(_live(site, folder / "bundle"))
        made.update(_feed(site, out))
        names = {*copies, *(page.href for page in _lessons(site)), "404.html", "feed.xml"}
        deployment.enter(names, made, copies, out)
        made.update(_changed(copies, out))
        _place(made, out, folder)
        removed = list(_remove(out, names))
    return sorted([*made, *removed])


def complete(root: Path = catalogue.ROOT) -> None:
    """Put into `_site` what it has besides pages, for a site whose pages Quarto made. Raises `SiteError`."""
    site, out = catalogue.read(root), root / "_site"
    with _staging(root) as folder:
        copies = {**dict(_copies(site)), **dict(_live(site, folder / "bundle"))}
        feed = _feed(site, out)
        names = {*copies, "feed.xml", *(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())}
        deployment.enter(names, feed, copies, out)
        _place({**_changed(copies, out), **feed}, out, folder)


@contextmanager
def _staging(root: Path) -> Iterator[Path]:
    """A folder beside the site to make its files in; what cannot be read or written there is a `SiteError`."""
    try:
        (root / ".cache").mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root / ".cache") as folder:
            yield Path(folder)
    except OSError as error:
        raise SiteError(f"{error.filename}: {error.strerror}; make sure that it can be read and written") from error


def _lessons(site: Site) -> list[Lesson]:
    return [*site.pages, *site.lessons]


def _copies(site: Site) -> Iterator[tuple[str, Path]]:
    """Files that the site has as they are: where each goes, and where it comes from."""
    theme = site.root / "blog/theme"
    for path in sorted(theme.rglob("[!.]*")):
        if path.is_file():
            yield f"theme/{path.relative_to(theme).as_posix()}", path
    for lesson in site.lessons:
        yield lesson.path, lesson.file
    for path in sorted((site.root / "notebooks").rglob("*")):
        if path.suffix in PICTURES:
            yield path.relative_to(site.root).as_posix(), path
    for example in catalogue.examples(site.root):
        for path in (path for path in example.files if not path.name.startswith(".")):
            yield f"live/{path.relative_to(site.root).as_posix()}", path


def _live(site: Site, folder: Path) -> Iterator[tuple[str, Path]]:
    """The part that runs in the reader's browser, made in `folder`; without its service worker, the scripts alone."""
    scripts = site.root / "blog/live"
    if not (scripts / "service-worker/service-worker.js").is_file():
        yield from ((f"live/{path.relative_to(scripts).as_posix()}", path) for path in sorted(scripts.rglob("*.js")))
        return
    from streamside.site import bundle

    folder.mkdir()
    try:
        bundle.build(folder)
    except (bundle.BundleError, AssetError) as error:
        raise SiteError(str(error)) from error
    yield from ((path.relative_to(folder).as_posix(), path) for path in sorted(folder.rglob("*")) if path.is_file())


def _pages(site: Site, out: Path, copied: dict[str, str]) -> dict[str, bytes]:
    """The pages whose sources are not those that the page in `_site` was made from.

    `copied` says where in the site the files are to which a lesson may lead.
    """
    addresses = {**copied, **{lesson.path: lesson.href for lesson in _lessons(site)}}
    common = _common(site, addresses)
    stylesheet = (site.root / "blog/theme/streamside.css").read_text(encoding="utf-8")
    inputs = {lesson: _digest(common, lesson.file.read_bytes()) for lesson in _lessons(site)}
    stale = [lesson for lesson, digest in inputs.items() if _made_from(out / lesson.href) != digest]
    missing = {"404.html": _digest(common, stylesheet.encode())}
    missing = {href: digest for href, digest in missing.items() if _made_from(out / href) != digest}
    if not stale and not missing:
        return {}
    from streamside.site.page import Pages

    pages = Pages(site, addresses)
    made = {lesson.href: pages.lesson(lesson, inputs[lesson]) for lesson in stale}
    made.update((href, pages.missing(digest, stylesheet)) for href, digest in missing.items())
    return {href: page.encode() for href, page in made.items()}


def _common(site: Site, addresses: dict[str, str]) -> bytes:
    """What every page is made from: the template, the code, the packages, and the table of contents."""
    here = Path(__file__).parent
    files = [
        *sorted((site.root / "blog/template").iterdir()),
        *(here / name for name in ("page.py", "markdown.py")),
        catalogue.ROOT / "requirements.lock",
    ]
    contents = [site.title, site.description, *((part.title, part.planned) for part in site.parts)]
    lessons = [(lesson.path, lesson.title) for lesson in _lessons(site)]
    return _digest(*map(Path.read_bytes, files), repr((contents, lessons, sorted(addresses.items()))).encode()).encode()


def _digest(*parts: bytes) -> str:
    """One digest of several texts, the same only if each is."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def _made_from(page: Path) -> str | None:
    """The digest that a page holds; None where there is no page, or one that something else made."""
    try:
        with page.open("rb") as file:
            found = INPUTS.search(file.read(4096))
    except OSError:
        return None
    return found[1].decode() if found else None


def _changed(copies: dict[str, Path], out: Path) -> dict[str, bytes]:
    """Those of the files to copy that the site does not have, or has otherwise."""
    contents = {href: path.read_bytes() for href, path in copies.items()}
    return {href: content for href, content in contents.items() if not _holds(out / href, content)}


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content


def _feed(site: Site, out: Path) -> dict[str, bytes]:
    """The lessons that have a date, the newest first, as an Atom feed (RFC 4287), if it is not the one in `_site`.

    Its links are relative to where it lies, and its ids do not say where that is: the site works on any host.
    """
    dated = sorted((lesson for lesson in site.lessons if lesson.date), key=lambda lesson: lesson.date, reverse=True)
    ElementTree.register_namespace("", ATOM)
    feed = ElementTree.Element(f"{{{ATOM}}}feed")
    _add(feed, "title", site.title)
    _add(feed, "subtitle", site.description)
    _add(feed, "id", _urn(site.title))
    _add(feed, "updated", f"{dated[0].date if dated else '1970-01-01'}T00:00:00Z")
    _add(feed, "link", href="feed.xml", rel="self")
    _add(feed, "link", href="index.html")
    _add(_add(feed, "author"), "name", site.title)
    for lesson in dated:
        entry = _add(feed, "entry")
        _add(entry, "title", lesson.title)
        _add(entry, "id", _urn(f"{site.title} {lesson.path}"))
        _add(entry, "updated", f"{lesson.date}T00:00:00Z")
        _add(entry, "link", href=lesson.href)
        _add(entry, "summary", lesson.description)
    ElementTree.indent(feed)
    content = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True) + b"\n"
    return {} if _holds(out / "feed.xml", content) else {"feed.xml": content}


def _urn(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, name)}"


def _add(parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    element.text = text
    return element


def _place(made: dict[str, bytes], out: Path, folder: Path) -> None:
    """Write the files into `folder`, then move each into the site: whoever reads there never sees half a file."""
    for number, content in enumerate(made.values()):
        (folder / str(number)).write_bytes(content)
    for number, href in enumerate(made):
        (out / href).parent.mkdir(parents=True, exist_ok=True)
        (folder / str(number)).replace(out / href)


def _remove(out: Path, wanted: set[str]) -> Iterator[str]:
    """Remove what the site had and has no longer, and the folders that are empty then."""
    for path in sorted(out.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(out).as_posix() not in wanted:
            path.unlink()
            yield path.relative_to(out).as_posix()
