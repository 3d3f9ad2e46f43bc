"""What comes out of the cable between a notebook's server and its readers, and when."""

import asyncio
import time

from streamside.cable import HELD, Cable, Item, Transit

WHOLE = {"cut": False, "delay": 0, "rate": 0, "hold": False, "answer": None}


def test_what_goes_in_comes_out_in_order_and_not_before_its_delay():
    async def pass_through() -> tuple[list[bytes], float]:
        cable = Cable()
        cable.change({**WHOLE, "delay": 50})
        transit, began = Transit(cable), time.monotonic()
        for data in (b"one", b"two", b""):
            transit.add(Item(data, is_end=not data))
        return [(await transit.take()).data for _ in range(3)], time.monotonic() - began

    came, took = asyncio.run(pass_through())
    assert came == [b"one", b"two", b""]
    assert took >= 0.05


def test_a_limited_rate_lets_a_tenth_of_a_seconds_bytes_through_at_a_time():
    async def pass_through() -> list[bytes]:
        cable = Cable()
        cable.change({**WHOLE, "rate": 40})
        transit = Transit(cable)
        transit.add(Item(b"0123456"))
        return [(await transit.take()).data for _ in range(2)]

    assert asyncio.run(pass_through()) == [b"0123", b"456"]


def test_what_is_held_back_comes_when_there_is_much_or_the_end_or_when_it_is_let_go():
    async def held(*items: Item) -> bool:
        cable = Cable()
        cable.change({**WHOLE, "hold": True})
        transit = Transit(cable)
        for item in items:
            transit.add(item)
        taking = asyncio.create_task(transit.take())
        await asyncio.wait([taking], timeout=0.01)
        is_held = not taking.done()
        cable.change(WHOLE)
        await taking
        return is_held

    assert asyncio.run(held(Item(b"little")))
    assert not asyncio.run(held(Item(b"much" * HELD)))
    assert not asyncio.run(held(Item(b"little"), Item(b"", is_end=True)))


def test_who_waits_in_a_cut_cable_goes_on_when_it_is_mended():
    async def wait() -> list[str]:
        cable, order = Cable(), []
        cable.change({**WHOLE, "cut": True})
        waiting = asyncio.create_task(cable.mended())
        await asyncio.sleep(0)
        order.append("waits" if not waiting.done() else "does not wait")
        cable.change(WHOLE)
        await waiting
        return order

    assert asyncio.run(wait()) == ["waits"]
