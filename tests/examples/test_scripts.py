"""What holds for every example, whatever it shows: it is a script that runs alone, and a page that loads from here."""

import ast
import http.client
import importlib
import importlib.metadata
import json
import re
import runpy
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from streamside import assets
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = sorted(path for path in (ROOT / "examples").glob("*.py") if path.name != "__init__.py")
FOLDERS = sorted(path.parent for path in (ROOT / "examples").glob("*/__init__.py"))
PACKAGE = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
METADATA = re.compile(r"(?m)^# /// script$\n(?P<content>(^#(| .*)$\n)+)^# ///$")  # the expression that PEP 723 gives
ADDRESSES = {"action", "formaction", "href", "hx-delete", "hx-get", "hx-post", "hx-put", "poster", "src", "sse-connect"}

# Run in an interpreter of their own: what do the imports alone do?
IMPORT = """
import sys, tempfile, threading
from pathlib import Path

done = []
def note(event, args):
    if event.startswith(("socket.connect", "socket.bind", "subprocess", "os.system", "urllib")):
        done.append(event)
    if event == "open" and args[2] & 3 and Path(args[0]).name != ".sesskey":  # for writing
        done.append(f"open {args[0]}")

import fasthtml.common  # what the libraries do is theirs
tempfile.gettempdir()  # which tries, once, where it can write
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
sys.addaudithook(note)
for name in sys.argv[2:]:
    __import__("examples." + name)
    if done or threading.active_count() > 1:
        sys.exit(f"{name}: {done}, {threading.active_count()} threads")
"""

every_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
every_example = pytest.mark.parametrize("script", [*SCRIPTS, *FOLDERS], ids=lambda script: script.stem)


def program(script: Path) -> str:
    """The example's text; of a folder, that of the package."""
    return (script if script.is_file() else script / "__init__.py").read_text(encoding="utf-8")


def metadata(script: Path) -> dict:
    """The example's PEP 723 metadata."""
    found = list(METADATA.finditer(program(script)))
    assert len(found) == 1, "one block of metadata"
    lines = found[0]["content"].splitlines()
    return tomllib.loads("\n".join(line.removeprefix("#").removeprefix(" ") for line in lines))


@every_script
def test_run_as_a_script_it_serves_its_own_app_to_this_machine_alone(script, monkeypatch, tmp_path):
    runs = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: runs.append((app, options)))
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path(str(script), run_name="__main__")
    [(app, options)] = runs
    assert app is names["app"]
    assert options.pop("host", "127.0.0.1") == "127.0.0.1"
    assert 0 < options["timeout_graceful_shutdown"] <= 5


def test_importing_them_does_no_work(tmp_path):
    names = [script.stem for script in (*SCRIPTS, *FOLDERS)]
    command = [sys.executable, "-I", "-c", IMPORT, str(ROOT), *names]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {path.name for path in tmp_path.iterdir()} <= {".sesskey"}


@every_example
def test_its_metadata_names_packages_that_are_here(script):
    asked = metadata(script)
    assert asked["requires-python"] == ">=3.11"
    assert asked["dependencies"], "a script that imports uvicorn needs something"
    for text in asked["dependencies"]:
        requirement = Requirement(text)
        assert importlib.metadata.version(requirement.name) in requirement.specifier, text
    assert sys.version.split()[0] in SpecifierSet(asked["requires-python"])


@every_example
def test_its_metadata_names_every_package_that_it_imports(script):
    """FastHTML brings starlette and uvicorn along, and Django asgiref; any other package must be named."""
    imported = set()
    for file in [script] if script.is_file() else script.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
    by_package = importlib.metadata.packages_distributions()
    wanted = {by_package[name][0].lower() for name in imported - sys.stdlib_module_names}
    named = {Requirement(text).name for text in metadata(script)["dependencies"]}
    brought = {"python-fasthtml": {"starlette", "uvicorn"}, "django": {"asgiref"}}
    assert wanted <= named.union(*(brought.get(name, set()) for name in named))


@every_example
def test_its_title_is_one_sentence(script):
    title = ast.get_docstring(ast.parse(program(script))).splitlines()[0]
    assert re.fullmatch(r"[A-Z][^.!?]*\.", title), title
    assert len(title) <= 117


@every_example
def test_its_page_loads_from_here(script, serving):
    """Addresses are relative, or CDN links with the version in package.json and a file in node_modules.

    Django's own are absolute: in the reader's page they are kept below the example (tests/browser/test_live_django.py).
    """
    app = importlib.import_module(f"examples.{script.stem}").app
    page = fetch(serving(Unchanged(app)))
    links = {match[0] for match in assets.CDN_LINK.finditer(page)}
    for link in links:
        match = assets.CDN_LINK.fullmatch(link)
        assert PACKAGE["dependencies"][match["package"]] == match["version"], link
        assert assets.find(link).is_file()
    for address in addresses(page):
        assert address in links or is_relative(address) or (is_rooted(address) and script.is_dir()), address
    for quoted in re.findall(r"https?://[^\"'\s<]+", page):
        assert quoted in links, quoted


def fetch(url: str) -> str:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.status == 200
        return response.read().decode()
    finally:
        connection.close()


class Unchanged:
    """An application whose page keeps its CDN links: without a content type `serving` does not take it for a page."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def plain(message):
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message["headers"] if name != b"content-type"]
                message = {**message, "headers": kept}
            await send(message)

        await self.app(scope, receive, plain)


def addresses(page: str) -> list[str]:
    """The values of all attributes of a page that are addresses."""
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            found.extend(value for name, value in attributes if name.removeprefix("data-") in ADDRESSES)

    Reader().feed(page)
    return found


def is_relative(address: str) -> bool:
    parts = urlsplit(address)
    return not (parts.scheme or parts.netloc or address.startswith("/"))


def is_rooted(address: str) -> bool:
    """Absolute, on the same server."""
    return address.startswith("/") and not address.startswith("//")
