"""What a site says of itself to machines: `robots.txt`, `sitemap.xml`, `llms.txt`."""

from collections.abc import Iterable
from xml.etree import ElementTree

from streamside.catalogue import Lesson, Project
from streamside.site.addresses import published
from streamside.site.lesson_markdown import place

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


def texts(project: Project) -> dict[str, bytes]:
    """Each by where it is in the site. Without a `site-url` there is no sitemap: its addresses have to be whole."""
    made = {"robots.txt": robots(project).encode(), "llms.txt": llms(project).encode()}
    return made | ({"sitemap.xml": sitemap(project)} if project.site_url else {})


def robots(project: Project) -> str:
    """All may be read; where the sitemap is (https://www.rfc-editor.org/rfc/rfc9309)."""
    place = f"Sitemap: {published(project, 'sitemap.xml')}\n" if project.site_url else ""
    return f"User-agent: *\nAllow: /\n{place}"


def sitemap(project: Project) -> bytes:
    """All pages, with the date of those that have one (https://www.sitemaps.org/protocol.html)."""
    ElementTree.register_namespace("", SITEMAP)
    urls = ElementTree.Element(f"{{{SITEMAP}}}urlset")
    for document in project.documents:
        url = ElementTree.SubElement(urls, f"{{{SITEMAP}}}url")
        ElementTree.SubElement(url, f"{{{SITEMAP}}}loc").text = published(project, document.href)
        if document.date:
            ElementTree.SubElement(url, f"{{{SITEMAP}}}lastmod").text = document.date
    ElementTree.indent(urls)
    return bytes(ElementTree.tostring(urls, encoding="utf-8", xml_declaration=True)) + b"\n"


def llms(project: Project) -> str:
    """The contents, each lesson leading to its Markdown (https://llmstxt.org/)."""
    parts = [(part.title, part.lessons) for part in project.parts if part.lessons]
    others = [page for page in project.pages if page.href != "index.html"]
    sections = [*parts, *([("Optional", others)] if others else [])]
    listed = [f"## {title}\n\n{_links(project, documents)}" for title, documents in sections]
    return "\n\n".join([f"# {project.title}", f"> {project.description}", *listed]) + "\n"


def _links(project: Project, documents: Iterable[Lesson]) -> str:
    lines = (f"- [{each.title}]({published(project, place(each))}): {each.description}" for each in documents)
    return "\n".join(lines)
