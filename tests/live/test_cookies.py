"""The cookies of visitors."""

from typing import Any

import pytest
from bridge.cookies import CookieJar

from tests.live.host import Host, body, run


def test_cookies() -> None:
    jar = CookieJar()
    jar.store("localhost", "/shop/cart", ["a=1; Path=/; HttpOnly", 'b="two words"; Path=/shop', "c=3"])
    assert jar.header("/") == "a=1"
    assert jar.header("/shop/x") == 'b="two words"; c=3; a=1'
    assert jar.header("/shopping") == "a=1"
    jar.store(
        "localhost",
        "/",
        ["a=; Max-Age=0; Path=/", "b=; expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/shop", "bad=cookie\x01", "", "="],
    )
    assert jar.header("/shop/x") == "c=3"
    future, past = "Wed, 01 Jan 2200 00:00:00 GMT", "Wed, 05 Mar 2025 10:00:00 GMT"
    jar.store(
        "localhost",
        "/",
        [f"d=4; expires={future}", f"e=5; expires={past}", f"f=6; Max-Age=9; expires={past}", "g=7; expires=x"],
    )
    assert jar.header("/") == "d=4; f=6; g=7"


@pytest.mark.parametrize(
    ("host", "domain", "stored"),
    [
        ("blog.example.org", "blog.example.org", True),
        ("blog.example.org", ".Example.org", True),
        ("blog.example.org", "other.org", False),
        ("blog.example.org", "le.org", False),
        ("blog.example.org", "x.blog.example.org", False),
        ("blog.example.org", "org", False),
        ("localhost", "localhost", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "0.1", False),
        ("blog.example.org", "", True),
    ],
)
def test_a_cookie_for_another_site_is_refused(host: str, domain: str, stored: bool) -> None:
    jar = CookieJar()
    jar.store(host, "/", [f"a=1; Domain={domain}; Path=/"])
    assert jar.header("/") == ("a=1" if stored else "")


def test_scripts_see_and_set_all_but_those_that_are_kept_from_them(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    jar = CookieJar()
    own = "ü".encode().decode("latin-1")
    jar.store("localhost", "/a/b", ["key=k; Path=/; HttpOnly", f"theme={own}; Path=/", "short=1; Max-Age=5"])
    assert jar.for_scripts() == [("/", "key", None, None), ("/", "theme", "ü", None), ("/a", "short", "1", now + 5)]
    jar.set_by_script("/", "key", "mine", None)
    jar.set_by_script("/", "theme", "é", None)
    jar.set_by_script("/", "", "nameless", now + 9)
    assert jar.header("/a") == f"short=1; key=k; theme={'é'.encode().decode('latin-1')}; nameless"
    now += 6
    assert jar.header("/a") == f"key=k; theme={'é'.encode().decode('latin-1')}; nameless"
    jar.set_by_script("/", "theme", "", now - 1)
    assert jar.header("/a") == "key=k; nameless"


def test_visitors_have_jars_of_their_own_that_outlive_a_restart() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            raise NotImplementedError
        cookie = b"a=" + scope["query_string"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"set-cookie", cookie)]})
        await send(body(b"", more=False))

    async def test() -> None:
        host = Host(app)
        for query, jar in (("1", {}), ("2", {"jar": 2}), ("3", {"jar": 1})):
            host.request(query=query, **jar)
        await host.settled()
        jars = host.server.jars
        assert [jars[number].header("/") for number in (1, 2)] == ["a=3", "a=2"]
        await host.bridge.restart("server-1", "example", {"example.py": "async def app(*_): raise NotImplementedError"})
        assert host.bridge.servers["server-1"].jars is jars

    run(test)
