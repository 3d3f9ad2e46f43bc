"""The cookies of a visitor."""

import pytest
from bridge.cookies import CookieJar


def test_cookies() -> None:
    jar = CookieJar()
    jar.store("localhost", "/shop/cart", ["a=1; Path=/; HttpOnly", 'b="two words"; Path=/shop', "c=3"])
    assert jar.header("/") == "a=1"
    assert jar.header("/shop/x") == 'b="two words"; c=3; a=1'
    assert jar.header("/shopping") == "a=1"
    jar.store(
        "localhost",
        "/",
        ["a=; Max-Age=0; Path=/", "b=; expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/shop", "bad cookie\x01"],
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
