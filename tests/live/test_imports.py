"""The bridge reads from the top down: its modules import only from those that its first page names before them."""

import ast
import re
from pathlib import Path

import bridge


def test_a_module_imports_only_from_those_before_it() -> None:
    order = re.findall(r"`(\w+)`", (bridge.__doc__ or "").partition("those before it:")[2])
    files = {path.stem: path for path in Path(bridge.__file__).parent.glob("*.py") if path.stem != "__init__"}
    assert sorted(order) == sorted(files)
    for place, name in enumerate(order):
        imports = [node for node in ast.walk(ast.parse(files[name].read_text())) if isinstance(node, ast.ImportFrom)]
        ours = {(node.module or "").removeprefix("bridge.") for node in imports if "bridge." in (node.module or "")}
        assert ours <= set(order[:place]), name
