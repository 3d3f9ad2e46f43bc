"""Every example is tried out in Pyodide, and says rightly whether it runs there."""

from streamside.catalogue import Project
from streamside.site.check import false_claims
from streamside.site.pyodide.example_trial import try_out


def test_every_example_says_rightly_whether_it_runs_in_a_page():
    assert list(map(str, false_claims(Project().examples, try_out(Project().examples)))) == []
