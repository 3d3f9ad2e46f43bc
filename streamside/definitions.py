"""What a program defines, by name: the source of each definition."""

import ast
from collections.abc import Sequence


def definitions(text: str) -> dict[str, str]:
    """The source of every definition in a program, by name; members of classes by dotted name."""
    lines = text.splitlines()
    found: dict[str, str] = {}
    for node in ast.parse(text).body:
        for name in _defined_by(node):
            found[name] = _lines_of(node, lines)
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                found.update({f"{node.name}.{name}": _lines_of(member, lines) for name in _defined_by(member)})
    return found


def _defined_by(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return ["__main__"]
        case _:
            return []


def _lines_of(node: ast.stmt, lines: Sequence[str]) -> str:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    while first > 1 and lines[first - 2].lstrip().startswith("#"):  # the comment above belongs to it
        first -= 1
    indent = " " * node.col_offset
    return "\n".join(line.removeprefix(indent) for line in lines[first - 1 : node.end_lineno])
