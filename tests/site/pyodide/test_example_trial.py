"""Examples are tried out in Pyodide, and those that say why they cannot run there are right."""

import pytest

from streamside.catalogue import Project
from streamside.site.check import false_claims
from streamside.site.pyodide.example_trial import try_out


@pytest.mark.nightly
def test_every_example_that_says_that_it_cannot_run_in_a_page_is_right():
    """All others are run in pages themselves: by `test_live_lessons`, or by `test_live_python`."""
    claiming = [example for example in Project().examples if example.obstacle]
    assert claiming
    assert list(map(str, false_claims(claiming, try_out(claiming)))) == []
