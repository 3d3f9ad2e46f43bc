"""Programs that cannot be served: why, and on which line."""

import pytest
from bridge.program import ExampleError, load


@pytest.mark.parametrize(
    ("program", "message", "line"),
    [
        ("def f(:\n", "SyntaxError", 1),
        ("\nimport no_such_module\n", "There is no module “no_such_module”", 2),
        ("def f():\n    return [][1]\n\nf()\n", "IndexError: list index out of range", 2),
        ("raise SystemExit(3)\n", "SystemExit: 3", 1),
        ("app = None\n", "The example has no “app”", None),
    ],
)
def test_programs_that_cannot_be_served(program: str, message: str, line: int | None) -> None:
    with pytest.raises(ExampleError, match=message) as caught:
        load("server-1", "program", program)
    assert caught.value.line == line
