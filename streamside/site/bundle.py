"""What a page needs to run the examples: Pyodide, the packages of this very environment, the browser's part.

Everything goes to `live/` in the site, but for the service worker, which at the site's root can serve all pages, and
for `search/`, and for the styles and scripts of `theme/`, which are served minified, too.
Files that are named by their content can be kept for good; `live/bundle.js` says what they are called.
"""

import ast
import gzip
import hashlib
import json
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from streamside import assets, setup
from streamside.catalogue import Example, Project, files_below
from streamside.digest import SHORT, content, digest
from streamside.errors import UserError
from streamside.paths import NODE_MODULES, ROOT
from streamside.site import atomic_files
from streamside.site.pyodide import runner

HERE = Path(__file__).resolve().parent
LIVE = ROOT / "blog" / "live"
THEME = ROOT / "blog" / "theme"
SEARCH = ROOT / "blog/search/search-dialog.js"
WORKER = LIVE / "service-worker" / "service-worker.js"
PROBE = LIVE / "frame" / "probe.js"
PYTHON_WORKER = LIVE / "python" / "python-worker.js"
PYODIDE = NODE_MODULES / "pyodide"
CACHE = ROOT / ".cache" / "live"
SCRIPTS = ROOT / ".cache" / "scripts"
PACKED = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "boot.zip", "started.bin")  # what starts Python
ALL = "all.zip"  # what is fetched when somebody imports what no example does
REST = "rest.marshal"  # or of an example's own packages what that does not
BRIDGE = tuple(sorted((LIVE / "python/bridge").glob("*.py")))
IN_A_PAGE = ("__init__", "wire", "sightings", "exercises")  # of this package
OURS = (*BRIDGE, *(ROOT / "streamside" / f"{name}.py" for name in IN_A_PAGE))
TOOLS = (Path(__file__), *files_below(runner.HERE))
KEPT = 3  # results that stay in the cache: those of this state of the files and of the two that were used before it
READ = {".py", ".html", ".txt", ".mo"}  # what packages read of their own files, as far as examples have them do
UNFINISHED_SECONDS = 3600  # what is younger may be another build's, which is not through yet
NOT_IN_A_PAGE = {"uvicorn"}  # the bridge stands for it
PAGE = {"sys_platform": "emscripten", "platform_system": "Emscripten", "python_version": "3.14", "extra": ""}
ASSET = re.compile(r"(?:@[\w.-]+/)?[\w.-]+@\d[\w.-]*/[\w./-]+\.(?:js|css)")


def build(target: Path, project: Project | None = None) -> None:
    """Write into `target` what this module is about, but for the service worker's table. Raises `UserError`."""
    examples = [each for each in (project or Project()).examples if each.obstacle is None]
    files = python_files(examples)
    live = target / "live"
    shutil.rmtree(live, ignore_errors=True)
    for folder in ("files", "assets", "examples"):
        (live / folder).mkdir(parents=True)
    for name in files.values():
        shutil.copy(CACHE / name, live / name)
    for example in examples:
        write_program(example, live, files)
    copy_assets((text for example in examples for text in example.program["files"].values()), live / "assets")
    write_table(live, files, [example.name for example in examples if example.is_apart and not example.is_folder])
    styled = [path for path in files_below(THEME) if path.suffix in (".css", ".js")]
    tools = [ROOT / "package-lock.json", *HERE.glob("*.mjs")]
    keep_made(
        "theme",
        [*tools, *styled],
        target,
        lambda folder: run_esbuild("minify.mjs", THEME.parent, folder, *styled),
    )
    keep_made(
        "page",
        [*tools, *LIVE.rglob("*.js"), *THEME.glob("*.js"), live / "bundle.js"],
        live,
        lambda folder: run_esbuild("page_scripts.mjs", LIVE, folder, "page/live-example.js", live / "bundle.js"),
    )
    write_as_one(PYTHON_WORKER, live / PYTHON_WORKER.relative_to(LIVE), "esm")
    write_as_one(PROBE, live / PROBE.relative_to(LIVE), "iife")
    write_as_one(WORKER, target / WORKER.name, "iife")
    write_as_one(SEARCH, target / "search" / SEARCH.name, "esm")


def write_as_one(source: Path, target: Path, form: str) -> None:
    """Write a script with all that it imports: packages, or modules that a service worker may not have everywhere.

    `form` is "esm" for a module, "iife" for a classic script. Raises `UserError`.
    """
    near = {path for folder in (LIVE, THEME, source.parent) for path in folder.rglob("*.js")}
    keep_made(
        source.stem,
        [ROOT / "package-lock.json", HERE / "one_file.mjs", *near, source],
        target.parent,
        lambda folder: run_esbuild("one_file.mjs", source, folder / target.name, form),
    )


def keep_made(name: str, inputs: Iterable[Path], target: Path, make: Callable[[Path], None]) -> None:
    """Put into the folder `target` what `make` makes in a folder, which stays in the cache until an input changes."""
    named = [part for path in sorted(inputs) for part in (path.name.encode(), content(path))]
    made = SCRIPTS / f"{name}-{digest(*named)[:SHORT]}"
    if not made.is_dir():
        SCRIPTS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=SCRIPTS, prefix=f"{name}-") as folder:
            whole = Path(folder, "whole")
            whole.mkdir()
            make(whole)
            with suppress(OSError):  # another build has made the same meanwhile
                whole.rename(made)
        for old in SCRIPTS.glob(f"{name}-*"):
            if old != made and time.time() - old.stat().st_mtime > UNFINISHED_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(made, target, dirs_exist_ok=True)


def run_esbuild(program: str, *arguments: object) -> None:
    """Run one of the programs beside this file that make scripts for the browser. Raises `UserError`."""
    command = [setup.node(), HERE / program, *arguments]
    done = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        remedy = "if a package is missing, `python -m streamside.setup` installs it"
        raise UserError("blog/live", f"{program} failed:\n{done.stderr.strip()}", remedy)


def write_program(example: Example, live: Path, files: dict[str, str]) -> None:
    """An example as pages fetch it: its file; JSON with all files, environment and own packages if it has such."""
    if not example.is_folder:
        shutil.copy(example.path, live / "examples")
    if not example.is_apart:
        return
    archive, rest = (files[name] for name in own_archives(example))
    packages = {"archive": archive, "size": (live / archive).stat().st_size, "rest": rest}
    text = json.dumps({**example.program, "packages": packages}, ensure_ascii=False)
    (live / "examples" / f"{example.name}.json").write_text(text, encoding="utf-8")


def write_table(live: Path, files: dict[str, str], apart: list[str]) -> None:
    """`bundle.js`, a script for pages: what Python is started from, and which files have packages of their own."""
    lock = json.loads((PYODIDE / "pyodide-lock.json").read_text(encoding="utf-8"))["info"]
    sizes = {name: (live / files[name]).stat().st_size for name in PACKED}
    content = {
        "files": {name: files[name] for name in (*PACKED, ALL)},
        "sizes": sizes,
        "memory": memory_size(live / files["started.bin"]),
        "lock": lock,
        "apart": apart,
    }
    (live / "bundle.js").write_text(f"globalThis.streamside = {json.dumps(content, indent=1)};\n", encoding="utf-8")


def memory_size(snapshot: Path) -> int:
    """How many bytes of memory a snapshot is of, which run_in_node.mjs has written after its header."""
    with gzip.open(snapshot) as unpacked:
        _, begin = struct.unpack("<II", unpacked.read(8))
        unpacked.seek(begin)
        return 4 * int.from_bytes(unpacked.read(4), "little")


def copy_assets(programs: Iterable[str], folder: Path) -> None:
    """The CDN's files that programs name, copied from `node_modules`, each to `PACKAGE@VERSION/FILE` below `folder`."""
    for link in {match[0] for program in programs for match in ASSET.finditer(program)}:
        (folder / link).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(assets.find(f"https://cdn.jsdelivr.net/npm/{link}"), folder / link)


def python_files(examples: Iterable[Example]) -> dict[str, str]:
    """Pyodide and the archives, in the cache: made unless all that they are made of is the same as before."""
    examples = list(examples)
    locks = (ROOT / "requirements.lock", ROOT / "package-lock.json")
    inputs = [content(path) for path in (*locks, *OURS, *TOOLS)]
    inputs += [line.encode() for each in examples for line in needs(each)]
    made = CACHE / f"{digest(*inputs)[:SHORT]}.json"
    if made.is_file():
        made.touch()  # it is in use
    else:
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            print("streamside: packing Python for the page (about half a minute) …", file=sys.stderr, flush=True)
            files = make_files(Path(folder), examples)
        atomic_files.write(made, json.dumps(files).encode())
        prune(CACHE)
    return dict(json.loads(made.read_text(encoding="utf-8")))


def prune(cache: Path) -> None:
    """Remove from the cache what only older results name, and what a build that was killed has left there."""
    results = sorted(cache.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for result in results[KEPT:]:
        result.unlink(missing_ok=True)
    named = {name for result in results[:KEPT] for name in json.loads(result.read_text(encoding="utf-8")).values()}
    files = [path for path in (cache / "files").iterdir() if path.relative_to(cache).as_posix() not in named]
    for path in (*files, *(path for path in cache.iterdir() if path.is_dir() and path.name != "files")):
        if time.time() - path.stat().st_mtime > UNFINISHED_SECONDS:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def needs(example: Example) -> list[str]:
    """What decides which modules the page needs at once: a file's import statements, all of a folder."""
    if example.is_folder:  # a framework imports what its settings and its templates name
        return sorted(map(str, example.program["files"].items()))
    return [*sorted(imports(example.tree)), *(["apart"] if example.is_apart else [])]


def imports(program: ast.Module) -> set[str]:
    """The import statements of a program."""
    nodes = ast.walk(program)
    return {ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)}


def make_files(folder: Path, examples: list[Example]) -> dict[str, str]:
    """Make the archives and put everything into the cache, named by content: plain name → name there."""
    common = [example for example in examples if not example.is_apart]
    distributions = closure(name for each in common for name in dependencies(each))
    gather(folder / "sources", distributions)
    work = {"/work": folder}
    runner.run(runner.PROGRAMS / "compile_modules.py", work)
    write_programs(folder, common)
    runner.run(runner.PROGRAMS / "find_imports.py", work, stdlib=folder / ALL)
    write_boot(folder / ALL, set((folder / "imports.txt").read_text(encoding="utf-8").split()))
    snapshot = folder / "started.bin"
    runner.run(runner.PROGRAMS / "take_snapshot.py", work, stdlib=folder / "boot.zip", snapshot=snapshot)
    files = {name: keep(name, pack((find(name, folder)).read_bytes())) for name in PACKED}
    files[ALL] = keep(ALL, (folder / ALL).read_bytes())
    for example in examples:
        if example.is_apart:
            files |= make_own(folder, example, distributions)
    return files


def make_own(folder: Path, example: Example, others: list[metadata.Distribution]) -> dict[str, str]:
    """The archives of the packages that one example has beside the `others`, which all have: into the cache as well."""
    work = folder / example.name
    known = {each.name for each in others}
    own = [each for each in closure(dependencies(example)) if each.name not in known]
    (work / "sources").mkdir(parents=True)
    copy_distributions(work / "sources", own, READ)
    write_programs(work, [example])
    shutil.copy(folder / "imports.txt", work)
    runner.run(runner.PROGRAMS / "pack_packages.py", {"/work": work}, stdlib=folder / ALL)
    archive, rest = own_archives(example)
    return {
        archive: keep(archive, pack((work / "needed.marshal").read_bytes())),
        rest: keep(rest, (work / "rest.marshal").read_bytes()),
    }


def own_archives(example: Example) -> tuple[str, str]:
    """What the archives of an example's own packages are called: what it imports, and the rest."""
    return f"{example.name}.marshal", f"{example.name}-{REST}"


def write_programs(folder: Path, examples: Iterable[Example]) -> None:
    """What the programs in Pyodide read of the examples."""
    content = json.dumps({example.name: example.program for example in examples})
    (folder / "programs.json").write_text(content, encoding="utf-8")


def find(name: str, folder: Path) -> Path:
    """Where a file comes from: what was made, or Pyodide's package."""
    return PYODIDE / name if name.startswith("pyodide") else folder / name


def gather(folder: Path, distributions: Iterable[metadata.Distribution]) -> None:
    """Put the sources of the standard library, of the packages and of ours where the compiler looks for them."""
    with zipfile.ZipFile(PYODIDE / "python_stdlib.zip") as archive:
        archive.extractall(folder)
    copy_distributions(folder, distributions, {".py"})
    for path in OURS:
        place = folder / path.relative_to(LIVE / "python" if path in BRIDGE else ROOT)
        place.parent.mkdir(exist_ok=True)
        shutil.copy(path, place)


def copy_distributions(
    folder: Path, distributions: Iterable[metadata.Distribution], suffixes: AbstractSet[str]
) -> None:
    """The files of packages, without their tests and what is for readers of other languages."""
    for distribution in distributions:
        for file in distribution.files or []:
            foreign = "locale" in file.parts and "en" not in file.parts and file.suffix != ".py"
            apart = {"..", "tests"} & {*file.parts} or file.parts[0].endswith(".dist-info") or foreign
            if file.suffix in suffixes and not apart:
                place = folder / file
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(distribution.locate_file(file)), place)


def dependencies(example: Example) -> list[str]:
    """The requirements in its script block."""
    return list(map(str, example.metadata.get("dependencies", [])))


def closure(requirements: Iterable[str]) -> list[metadata.Distribution]:
    """The pure Python packages that these requirements need in a page, as this environment has them."""
    found: dict[str, metadata.Distribution] = {}
    wanted = [Requirement(text) for text in requirements]
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


def write_boot(archive: Path, imported: set[str]) -> None:
    """Beside `archive`, `boot.zip` with the files that are fetched at once: stored, for it is packed as a whole."""
    with zipfile.ZipFile(archive) as everything, zipfile.ZipFile(archive.with_name("boot.zip"), "w") as out:
        for name in sorted({*imported, "modules.txt"}):
            out.writestr(zipfile.ZipInfo(name), everything.read(name))


def pack(data: bytes) -> bytes:
    """As gzip, the same bytes every time."""
    return gzip.compress(data, compresslevel=9, mtime=0)


def keep(name: str, data: bytes) -> str:
    """Put a file into the cache, named by its SHA-256, by which the page knows it again; return that name."""
    # Not called .gz: some hosts would say that it is encoded, and browsers would unpack it too early.
    kept = f"files/{hashlib.sha256(data).hexdigest()}-{name}" + ("" if name.endswith((ALL, REST)) else ".packed")
    atomic_files.write(CACHE / kept, data)
    return kept
