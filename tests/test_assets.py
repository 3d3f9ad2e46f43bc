"""Browser files come from `node_modules`, in the version that the page names, or not at all."""

import http.client
import json

import pytest

from streamside import assets
from streamside.assets import find, local_path
from streamside.errors import UserError
from streamside.paths import ROOT
from tests.patience import PATIENCE

HTMX = "https://cdn.jsdelivr.net/npm/htmx.org@2.0.7/dist/htmx.min.js"
PAGE = f'<!doctype html><title>t</title><script src="{HTMX}"></script>'


async def app(scope, receive, send):
    kind = b"text/html; charset=utf-8" if scope["path"] == "/" else b"text/plain"
    headers = [(b"content-type", kind), (b"content-length", str(len(PAGE)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": PAGE[:20].encode(), "more_body": True})
    await send({"type": "http.response.body", "body": PAGE[20:].encode()})


@pytest.fixture
def url(serving):
    return serving(http_only)  # `serving` serves with `assets.local` around the application


async def http_only(scope, receive, send):
    if scope["type"] == "http":
        await app(scope, receive, send)


def get(url: str, path: str, accept: str = "text/html,*/*") -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)
    connection.request("GET", path, headers={"accept": accept})
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    body = response.read().decode()
    connection.close()
    return response.status, headers, body


def test_a_link_is_found_in_the_installed_package():
    assert find(HTMX).name == "htmx.min.js"


def test_of_two_installed_versions_each_is_found():
    for version in ("2.0.7", "4.0.1"):
        assert version in find(HTMX.replace("2.0.7", version)).read_text(encoding="utf-8")


def test_a_scoped_package_is_found():
    assert find("https://cdn.jsdelivr.net/npm/@picocss/pico@2.1.1/css/pico.classless.min.css").is_file()


@pytest.mark.parametrize(
    ("link", "complaint"),
    [
        (HTMX.replace("2.0.7", "2.0.6"), "names version 2.0.6, but installed is 2.0.7 and 4.0.1"),
        (HTMX.replace("htmx.org", "htmy.org"), "htmy.org is not installed"),
        (HTMX.replace("htmx.min.js", "nothing.js"), "has no file dist/nothing.js"),
        (HTMX.replace("dist/", "../../"), "has no file"),
        ("https://example.org/x.js", "is not of the form"),
        ("https://cdn.jsdelivr.net/npm/..@0/pyproject.toml", "is not of the form"),
        ("https://cdn.jsdelivr.net/npm/.@0/.package-lock.json", "is not of the form"),
        ("https://cdn.jsdelivr.net/npm/@picocss/..@0/htmx.org/package.json", "is not of the form"),
        ("https://cdn.jsdelivr.net/npm/@..@0/x.js", "is not of the form"),
    ],
)
def test_what_is_not_installed_is_said(link, complaint):
    with pytest.raises(UserError, match=complaint):
        find(link)


def test_a_page_names_our_files_and_they_are_answered(url):
    status, headers, body = get(url, "/")
    assert (status, int(headers["content-length"])) == (200, len(body))
    assert HTMX not in body
    assert local_path(HTMX) in body
    status, headers, script = get(url, local_path(HTMX))
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/javascript")
    assert script == find(HTMX).read_text()


def test_what_is_no_page_passes_as_it_is(url):
    assert get(url, "/text")[2] == PAGE


def test_who_does_not_ask_for_a_page_gets_what_the_application_wrote(url):
    assert get(url, "/", accept="*/*")[2] == PAGE


def test_an_unknown_file_is_not_found(url):
    status, _, body = get(url, assets.PREFIX + "htmx.org@1.0.0/dist/htmx.js")
    assert status == 404
    assert "names version 1.0.0" in body


@pytest.mark.parametrize("package", ["..", "@picocss/..", "."])
def test_no_path_leads_out_of_the_packages(url, package):
    """The project's own package.json has no version, or one: neither makes the project a package."""
    for version in ("0", "0.0.0", "0.1.0"):
        status, _, body = get(url, f"{assets.PREFIX}{package}@{version}/pyproject.toml")
        assert status == 404
        assert "is not of the form" in body


def test_every_browser_package_of_an_example_is_locked():
    package = json.loads((ROOT / "package.json").read_text())["dependencies"]
    assert package["htmx.org"] == "2.0.7"
