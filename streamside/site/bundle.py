"""What a page needs to run the examples: Pyodide, the packages of this very environment, the browser's part.

Everything goes to `live/` below the site, the service worker to the site's root, where it may answer for all pages.
Files that are named by their content can be kept for good; `live/bundle.js` says what they are called.
"""

import ast
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from streamside import assets, catalogue, setup

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
LIVE = ROOT / "blog" / "live"
WORKER = LIVE / "service-worker" / "service-worker.js"
PYODIDE = ROOT / "node_modules" / "pyodide"
CACHE = ROOT / ".cache" / "live"
PACKED = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "boot.zip", "started.bin")  # what starts Python
OURS = (LIVE / "python/bridge.py", ROOT / "streamside" / "__init__.py", ROOT / "streamside" / "wire.py")
TOOLS = (Path(__file__), HERE / "bundle.mjs", HERE / "compile.py", HERE / "used.py", HERE / "started.py")
NOT_IN_A_PAGE = {"uvicorn"}  # the bridge stands for it
PAGE = {"sys_platform": "emscripten", "platform_system": "Emscripten", "python_version": "3.14", "extra": ""}
ASSET = re.compile(r"(?:@[\w.-]+/)?[\w.-]+@\d[\w.-]*/[\w./-]+\.(?:js|css)")


class BundleError(Exception):
    """The browser's part cannot be built; the message says why."""


def build(target: Path) -> None:
    """Write `service-worker.js`, but for its table, and `live/` into `target`. Raises `BundleError`, `AssetError`."""
    examples = [example for example in catalogue.examples() if example.obstacle is None and example.path.is_file()]
    files = python_files(examples)
    live = target / "live"
    shutil.rmtree(live, ignore_errors=True)
    for folder in ("files", "assets", "examples"):
        (live / folder).mkdir(parents=True)
    for name in files.values():
        shutil.copy(CACHE / name, live / name)
    for example in examples:
        shutil.copy(example.path, live / "examples" / example.path.name)
    for script in LIVE.rglob("*.js"):
        if script.parent != WORKER.parent:
            place = live / script.relative_to(LIVE)
            place.parent.mkdir(exist_ok=True)
            shutil.copy(script, place)
    write_as_one(LIVE / "page/editor.js", live / "page/editor.js", "esm")
    write_as_one(WORKER, target / WORKER.name, "iife")
    copy_assets((example.text for example in examples), live / "assets")
    write_table(live, files)


def write_as_one(source: Path, target: Path, form: str) -> None:
    """Write a script with all that it imports: packages, or modules that a service worker may not have everywhere.

    `form` is "esm" for a module, "iife" for a classic script. Raises `BundleError`.
    """
    command = [setup.node(), HERE / "one_file.mjs", source, target, form]
    done = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise BundleError(f"{source.name} cannot be made one file:\n{done.stderr.strip()}")


def write_table(live: Path, files: dict[str, str]) -> None:
    """`bundle.js`: what Python is started from, a script for pages."""
    lock = json.loads((PYODIDE / "pyodide-lock.json").read_text(encoding="utf-8"))["info"]
    sizes = {name: (live / files[name]).stat().st_size for name in PACKED}
    content = {"files": files, "sizes": sizes, "lock": lock}
    (live / "bundle.js").write_text(f"globalThis.streamside = {json.dumps(content, indent=1)};\n", encoding="utf-8")


def copy_assets(programs: Iterable[str], folder: Path) -> None:
    """The CDN's files that programs name, copied from `node_modules`, each to `PACKAGE@VERSION/FILE` below `folder`."""
    for link in {match[0] for program in programs for match in ASSET.finditer(program)}:
        (folder / link).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(assets.find(f"https://cdn.jsdelivr.net/npm/{link}"), folder / link)


def python_files(examples: Iterable[catalogue.Example]) -> dict[str, str]:
    """Pyodide and the archives, in the cache: made unless all that they are made of is the same as before."""
    examples = list(examples)
    locks = (ROOT / "requirements.lock", ROOT / "package-lock.json")
    inputs = [path.read_bytes() for path in (*locks, *OURS, *TOOLS)]
    inputs += [line.encode() for line in sorted({line for each in examples for line in imports(each.text)})]
    made = CACHE / f"{digest(inputs)}.json"
    if not made.is_file():
        (CACHE / "files").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            print("streamside: packing Python for the page (about half a minute) …", file=sys.stderr, flush=True)
            files = make_files(Path(folder), examples)
            table = Path(folder) / "table.json"
            table.write_text(json.dumps(files), encoding="utf-8")
            table.replace(made)
    return dict(json.loads(made.read_text(encoding="utf-8")))


def imports(program: str) -> set[str]:
    """The import statements of a program: what decides which modules the page needs at once."""
    nodes = ast.walk(ast.parse(program))
    return {ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)}


def make_files(folder: Path, examples: list[catalogue.Example]) -> dict[str, str]:
    """Make the archives and put everything into the cache, named by content: plain name → name there."""
    gather(folder / "sources", {name for each in examples for name in each.metadata.get("dependencies", [])})
    run_pyodide(HERE / "compile.py", folder)
    (folder / "examples").mkdir()
    for example in examples:
        shutil.copy(example.path, folder / "examples")
    run_pyodide(HERE / "used.py", folder, folder / "all.zip")
    write_boot(folder / "all.zip", set((folder / "used.txt").read_text(encoding="utf-8").split()))
    run_pyodide(HERE / "started.py", folder, folder / "boot.zip", folder / "started.bin")
    files = {name: keep(name, pack((find(name, folder)).read_bytes())) for name in PACKED}
    files["all.zip"] = keep("all.zip", (folder / "all.zip").read_bytes())
    return files


def find(name: str, folder: Path) -> Path:
    """Where a file comes from: what was made, or Pyodide's package."""
    return PYODIDE / name if name.startswith("pyodide") else folder / name


def gather(folder: Path, dependencies: Iterable[str]) -> None:
    """Put the sources of the standard library, of the packages and of ours where the compiler looks for them."""
    with zipfile.ZipFile(PYODIDE / "python_stdlib.zip") as archive:
        archive.extractall(folder)
    for distribution in closure(dependencies):
        for file in distribution.files or []:
            if file.suffix == ".py" and ".." not in file.parts and "tests" not in file.parts:
                place = folder / file
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(distribution.locate_file(file)), place)
    for path in OURS:
        place = folder / (path.name if path.is_relative_to(LIVE) else path.relative_to(ROOT))
        place.parent.mkdir(exist_ok=True)
        shutil.copy(path, place)


def closure(dependencies: Iterable[str]) -> list[metadata.Distribution]:
    """The pure Python packages that these requirements need in a page, as this environment has them."""
    found: dict[str, metadata.Distribution] = {}
    wanted = [Requirement(text) for text in dependencies]
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        if name in found or name in NOT_IN_A_PAGE or not applies(requirement):
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # something that only a page would have; if an example does need it, running it will tell
        wanted += [Requirement(text) for text in found[name].requires or []]
    return [each for each in found.values() if all(file.suffix not in (".so", ".pyd") for file in each.files or [])]


def applies(requirement: Requirement) -> bool:
    """Whether a requirement holds in a page."""
    return requirement.marker is None or requirement.marker.evaluate(PAGE)


def run_pyodide(program: Path, folder: Path, stdlib: Path | None = None, snapshot: Path | None = None) -> None:
    """Run a program in Pyodide under Node.js, where `folder` is /work. Raises `BundleError` with what it said."""
    command = [setup.node(), HERE / "bundle.mjs", program, folder, *filter(None, (stdlib, snapshot))]
    done = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise BundleError(f"{program.name} failed in Pyodide:\n" + "\n".join(said[-12:]))


def write_boot(archive: Path, used: set[str]) -> None:
    """Beside `archive`, `boot.zip` with the files that are fetched at once: stored, for it is packed as a whole."""
    with zipfile.ZipFile(archive) as everything, zipfile.ZipFile(archive.with_name("boot.zip"), "w") as out:
        for name in sorted({*used, "modules.txt"}):
            out.writestr(zipfile.ZipInfo(name), everything.read(name))


def pack(content: bytes) -> bytes:
    """As gzip, the same bytes every time."""
    return gzip.compress(content, compresslevel=9, mtime=0)


def keep(name: str, content: bytes) -> str:
    """Put a file into the cache, named by its SHA-256, by which the page knows it again; return that name."""
    # Not called .gz: some hosts would say that it is encoded, and browsers would unpack it too early.
    kept = f"files/{hashlib.sha256(content).hexdigest()}-{name}" + ("" if name == "all.zip" else ".packed")
    (CACHE / kept).write_bytes(content)
    return kept


def digest(parts: Iterable[bytes]) -> str:
    """Twelve hexadecimal digits that stand for these contents."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()[:12]
