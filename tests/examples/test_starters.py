"""What a new lesson's example is made from passes the tests that are made with it."""

import sys
from types import ModuleType

import pytest

import examples
from streamside.site.new_lesson import STARTERS, STARTS

example: ModuleType  # that of the start under test: `clock` looks for it here


@pytest.fixture(params=STARTS)
def tests(request, monkeypatch):
    """The tests that a new lesson has, of an example made from one of the starts."""
    made = ModuleType("examples.made")
    exec((STARTERS / f"{request.param}.py.txt").read_text(), vars(made))
    monkeypatch.setitem(sys.modules, "examples.made", made)
    monkeypatch.setattr(examples, "made", made, raising=False)
    monkeypatch.setattr(request.module, "example", made, raising=False)
    written = ModuleType("test_made")
    exec((STARTERS / "test.py.txt").read_text().replace("EXAMPLE", "made"), vars(written))
    return written


def test_the_stream(tests, watching, ask, clock):
    tests.test_each_number_comes_when_it_is_sent(watching, ask, clock)


def test_the_page(tests, watching, page, clock):
    tests.test_the_page_shows_the_numbers_and_asks_once(watching, page, clock)
