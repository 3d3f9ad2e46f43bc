"""In Pyodide: the modules below /work/sources as bytecode, in one archive, /work/all.zip.

Bytecode is tied to the Python that made it: only the page's own can make the page's.
"""

import importlib.util
import marshal
import zipfile
from pathlib import Path

SOURCES = Path("/work/sources")
# anyio 4.16 reads its own sources, to resolve the names that it imports lazily.
AS_SOURCE = {"anyio/__init__.py", "anyio/abc/__init__.py"}
UNCHECKED = (1).to_bytes(4, "little") + bytes(8)  # PEP 552: never compared with a source


def main() -> None:
    """Compile them all."""
    with zipfile.ZipFile("/work/all.zip", "w") as archive:
        for path in sorted(SOURCES.rglob("*.py")):
            name = path.relative_to(SOURCES).as_posix()
            source = path.read_bytes()
            entry = zipfile.ZipInfo(name if name in AS_SOURCE else name + "c")
            if name not in AS_SOURCE:
                try:
                    # Without docstrings: nobody reads them in there, and all would wait for them.
                    code = compile(source, f"/lib/{name}", "exec", dont_inherit=True, optimize=2)
                except SyntaxError:
                    continue  # a template or a test's bad example: nothing that is imported
                source = importlib.util.MAGIC_NUMBER + UNCHECKED + marshal.dumps(code)
            archive.writestr(entry, source)
