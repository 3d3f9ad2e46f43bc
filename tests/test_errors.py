"""What a person can put right is said in one sentence."""

import pickle

import pytest

from streamside.errors import UserError


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (("a.py, line 3", "no such name", "import it"), "a.py, line 3: no such name; import it"),
        (("a.py", "no such name"), "a.py: no such name"),
    ],
)
def test_an_error_says_where_what_and_the_remedy(fields: tuple[str, ...], said: str):
    error = UserError(*fields)
    assert str(error) == str(pickle.loads(pickle.dumps(error))) == said
