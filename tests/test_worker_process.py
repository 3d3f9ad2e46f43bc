from types import ModuleType
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from examples import raw_asgi
from streamside.errors import UserError
from streamside.worker_process import workers


def test_each_has_a_port_and_its_environment_and_one_can_be_killed():
    with workers(raw_asgi, 2, PYTHONDEVMODE="") as (one, other):
        one.kill()
        with pytest.raises(URLError, match="refused"):
            urlopen(one.url)
        with urlopen(other.url) as answer:
            assert answer.status == 200
        assert "Uvicorn running" in other.printed


def test_one_that_does_not_start_is_an_error_that_says_why():
    nothing = ModuleType("examples.nothing")
    with pytest.raises(UserError, match=r"^examples.nothing: has not started \(ERROR"), workers(nothing, 1):
        pass
