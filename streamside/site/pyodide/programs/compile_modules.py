"""In Pyodide: the modules below /work/sources as bytecode, in one archive, /work/all.zip.

Bytecode is tied to the Python that made it: only the page's own can make the page's.
"""

import importlib.util
import marshal
import zipfile
from pathlib import Path
from types import CodeType

SOURCES = Path("/work/sources")
# anyio 4.16 reads its own sources, to resolve the names that it imports lazily.
AS_SOURCE = {"anyio/__init__.py", "anyio/abc/__init__.py"}
UNCHECKED = (1).to_bytes(4, "little") + bytes(8)  # PEP 552: never compared with a source


def main() -> None:
    """Compile them all."""
    modules = []
    with zipfile.ZipFile("/work/all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(SOURCES.rglob("*.py")):
            name = path.relative_to(SOURCES).as_posix()
            content = path.read_bytes() if name in AS_SOURCE else bytecode(path, name)
            if content is not None:
                entry = zipfile.ZipInfo(name if name in AS_SOURCE else name + "c")
                archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
                modules.append(name.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        archive.writestr("modules.txt", "\n".join(modules))


def bytecode(path: Path, name: str) -> bytes | None:
    """What a `.pyc` file of the module holds; None where it is a template or a test's bad example, never imported."""
    try:
        # Without docstrings: nobody reads them in there, and all would wait for them.
        code = compile(path.read_bytes(), f"/lib/{name}", "exec", dont_inherit=True, optimize=2)
    except SyntaxError:
        return None
    return importlib.util.MAGIC_NUMBER + UNCHECKED + marshal.dumps(lean(code))


def lean(code: CodeType) -> CodeType:
    """Without the tables of line numbers, two fifths of what there is to fetch.

    A traceback then tells each function of a library by the line on which it begins; an example is compiled in the
    page and keeps all its lines. The bytes are CPython's "location entries" (InternalDocs/code_objects.md): each
    says of up to eight instructions that they have no columns and are on the line of those before.
    """
    units = len(code.co_code) // 2
    table = bytes([0xEF, 0]) * (units // 8) + (bytes([0xE7 + units % 8, 0]) if units % 8 else b"")
    constants = tuple(lean(each) if isinstance(each, CodeType) else each for each in code.co_consts)
    return code.replace(co_linetable=table, co_consts=constants)
