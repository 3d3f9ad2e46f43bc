"""What stands for what a page lacks."""

from bridge.output import printing
from bridge.server import Server
from bridge.stand_ins import adapt

from tests.live.host import run


def test_what_a_page_lacks_is_given() -> None:
    adapt()
    import uvicorn

    assert uvicorn.run(None) is None

    async def test() -> None:
        from fasthtml.core import signal_shutdown
        from starlette.concurrency import run_in_threadpool

        first = second = None
        printing.set("one")
        first = signal_shutdown()
        printing.set("two")
        second = signal_shutdown()
        assert await run_in_threadpool(lambda: 42) == 42
        Server("one", "program", None).announce_stop()
        assert first.is_set()
        assert not second.is_set()

    run(test)
