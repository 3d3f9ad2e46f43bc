import asyncio

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from streamside.crowd import Crowd
from streamside.process import free_port


class Streams:
    """An application whose streams are given out one after the other."""

    def __init__(self, *bodies):
        self.bodies, self.asked = list(bodies), []

    async def answer(self, request):
        self.asked.append(request.headers.get("last-event-id"))
        body = self.bodies.pop(0) if self.bodies else PlainTextResponse("full", 503)
        return body if isinstance(body, Response) else StreamingResponse(body, media_type="text/event-stream")

    @property
    def app(self):
        return Starlette(routes=[Route("/events", self.answer)])


async def ending(*pieces):
    for piece in pieces:
        yield piece


async def cut():
    yield b"id: b\ndata\n\n"
    raise ConnectionError("on purpose")


def test_they_come_back_with_their_id_after_their_time_until_they_are_refused(serving):
    short = Response("retry: 30\n\n", media_type="text/event-stream")
    streams = Streams(ending(b"retry: 20\nid: a\n", b"data\n\n"), cut(), short)

    async def visit(url):
        async with Crowd(f"{url}/events?x=1", 1) as crowd:
            await crowd.have_ended(4)
            return crowd

    crowd = asyncio.run(visit(serving(streams.app)))
    assert streams.asked == [None, "a", "b", "b"]
    assert crowd.ended == {"ended": 2, "cut": 1, "503": 1}
    assert [pause >= least for pause, least in zip(crowd.pauses, (0.02, 0.02, 0.03), strict=True)] == [True] * 3


def test_a_block_that_is_left_closes_all_that_is_open(serving):
    async def endless():
        while True:
            yield b":\n\n"
            await asyncio.sleep(0.01)

    async def visit(url):
        async with Crowd(f"{url}/events", 3) as crowd:
            await crowd.all_open()
            assert crowd.open == 3
        assert crowd.open == 0

    asyncio.run(visit(serving(Streams(*(endless() for _ in range(3))).app)))


def test_where_nobody_listens_they_try_again(monkeypatch):
    monkeypatch.setattr("streamside.crowd.RECONNECTION_TIME", 10)

    async def visit():
        async with Crowd(f"http://127.0.0.1:{free_port()}/", 1) as crowd:
            await crowd.have_ended(2)
            return crowd

    crowd = asyncio.run(visit())
    assert set(crowd.ended) == {"refused"}
    assert crowd.pauses == []
