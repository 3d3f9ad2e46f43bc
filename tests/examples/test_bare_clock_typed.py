import ast
import re
import typing
from collections.abc import AsyncIterator
from pathlib import Path

from bareasgi import HttpRequest, HttpResponse

from examples import bare_clock
from examples import bare_clock_typed as example


class Untyped(ast.NodeTransformer):
    """Takes the annotations off."""

    def visit_AsyncFunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node):
        node.annotation = None
        return node


def program(module):
    """A module's code without its docstring, annotations and imports."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    body = [node for node in tree.body[1:] if not isinstance(node, ast.Import | ast.ImportFrom)]
    return [ast.unparse(Untyped().visit(node)) for node in body]


def test_it_is_the_same_program():
    assert program(example) == program(bare_clock)


def test_its_annotations_say_what_goes_in_and_out():
    for handler in (example.index, example.test, example.events):
        assert typing.get_type_hints(handler) == {"_request": HttpRequest, "return": HttpResponse}
    assert typing.get_type_hints(example.ticks) == {"return": AsyncIterator[bytes]}


def test_its_clock_goes(serving, ask, clock):
    stream = ask(serving(example.app), "/events")
    assert re.fullmatch(r"data: \d\d:\d\d:\d\d", stream.event()[0])


def test_its_page_shows_the_clock(serving, page, clock):
    page.goto(serving(example.app))
    page.get_by_role("link").click()
    page.get_by_text(re.compile(r"Time: \d\d:\d\d:\d\d")).wait_for()
