"""The listings among a lesson's outputs, from the examples as they are now: no cell has to run for that."""

import ast
from types import ModuleType

from streamside import lab
from streamside.catalogue import Lesson, cell_text
from streamside.errors import UserError
from streamside.site import run_lessons


def refresh(lesson: Lesson) -> bool:
    """Store the listings of the cells that are a call of `source` and no more; whether one was another than before."""
    changed = False
    modules = _modules(lesson)
    for cell in lesson.notebook["cells"]:
        if cell["cell_type"] == "code" and cell.get("outputs") and (listing := _listing(cell_text(cell), modules)):
            data = {"text/markdown": listing._repr_markdown_(), "text/plain": repr(listing)}
            stored = cell["outputs"][0].get("data", {})
            if {name: "".join(text) for name, text in stored.items()} != data:
                stored.update(data)
                changed = True
    if changed:
        run_lessons.store(lesson.file, lesson.notebook)
    return changed


def _listing(code: str, modules: dict[str, ModuleType]) -> lab.Listing | None:
    """What `source(module, "name", …)` shows; None for any other code, and for what is not there any more."""
    try:
        body = ast.parse(code).body
        call = body[-1].value if len(body) == 1 and isinstance(body[-1], ast.Expr) else None
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "source"):
            return None
        module = modules[ast.unparse(call.args[0])]
        return lab.source(module, *(ast.literal_eval(argument) for argument in call.args[1:]))
    except (KeyError, IndexError, OSError, SyntaxError, UserError, ValueError):
        return None


def _modules(lesson: Lesson) -> dict[str, ModuleType]:
    """The example modules that a lesson imports, not imported: what `source` needs is where their files are."""
    found = {}
    for _, code in lesson.code:
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "examples":
                for alias in node.names:
                    module = ModuleType(f"{node.module}.{alias.name}")
                    path = lesson.root.joinpath(*str(node.module).split("."), alias.name)
                    module.__file__ = str(path / "__init__.py" if path.is_dir() else path.with_suffix(".py"))
                    found[alias.asname or alias.name] = module
    return found
