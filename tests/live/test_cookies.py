"""The cookies of a visitor."""

from bridge.cookies import CookieJar


def test_cookies() -> None:
    jar = CookieJar()
    jar.store("/shop/cart", ["a=1; Path=/; HttpOnly", 'b="two words"; Path=/shop', "c=3"])
    assert jar.header("/") == "a=1"
    assert jar.header("/shop/x") == 'b="two words"; c=3; a=1'
    assert jar.header("/shopping") == "a=1"
    jar.store("/", ["a=; Max-Age=0; Path=/", "b=; expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/shop", "bad cookie\x01"])
    assert jar.header("/shop/x") == "c=3"
    future, past = "Wed, 01 Jan 2200 00:00:00 GMT", "Wed, 05 Mar 2025 10:00:00 GMT"
    jar.store(
        "/", [f"d=4; expires={future}", f"e=5; expires={past}", f"f=6; Max-Age=9; expires={past}", "g=7; expires=x"]
    )
    assert jar.header("/") == "d=4; f=6; g=7"
