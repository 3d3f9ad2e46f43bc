"""What an event source has heard, and what its next request says of it."""

from typing import Any

from bridge.event_source import Source

from tests.live.host import HEAD, Host, body, headers, run, turns


async def stream_with_ids(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send(HEAD)
    await send(body(b"retry: 70\nid: 1\ndata: a\n\n"))
    await send(body("id: zwei·\ndata: b\n\n".encode()))
    await send(body(b"id: 3\ndata: cut o"))
    await receive()


def test_a_reconnect_gets_the_id_that_has_arrived() -> None:
    async def test() -> None:
        host = Host(stream_with_ids)
        first = host.request(source="s-1")
        await turns()
        sent = host.said("chunk", first)
        host.tell("pulled", first, size=len(sent[0]["body"]))
        assert host.bridge.resumption("s-1") == {"lastEventId": "1", "reconnectionTime": 70}
        host.tell("pulled", first, size=len(sent[1]["body"]) - 1)  # the blank line is still missing
        host.tell("cancel", first)
        await host.settled()
        second = host.request(source="s-1")
        await turns()
        assert headers(host.said("request", second)[0])["last-event-id"] == "1"
        for chunk in host.said("chunk", second):
            host.tell("pulled", second, size=len(chunk["body"]))
        host.tell("cancel", second)
        third = host.request(source="s-1")
        assert headers(host.said("request", third)[0])["last-event-id"] == "zwei·"
        assert host.bridge.connections[third]._scope["headers"][0] == (b"last-event-id", "zwei·".encode())
        other = host.request(source="s-2")
        assert "last-event-id" not in headers(host.said("request", other)[0])
        assert host.bridge.resumption("unknown") == {"lastEventId": "", "reconnectionTime": None}
        for name in (third, other):
            host.tell("cancel", name)
        await host.settled()

    run(test)


async def one_event(scope: Any, receive: Any, send: Any) -> None:
    await send(HEAD)
    await send(body(b"id: 7\ndata: the last\n\n"))


def test_what_arrives_after_the_answer_is_over_counts() -> None:
    async def test() -> None:
        host = Host(one_event)
        first, lost = host.request(source="s-1"), host.request(source="s-2")
        await host.settled()
        assert host.bridge.resumption("s-1")["lastEventId"] == ""
        host.tell("pulled", first, size=len(host.chunks(first)))
        assert host.bridge.resumption("s-1")["lastEventId"] == "7"
        host.tell("cancel", lost)
        assert host.bridge.resumption("s-2")["lastEventId"] == ""
        assert not host.bridge.arriving

    run(test)


def test_an_id_outlives_a_stream_without_any() -> None:
    source = Source()
    source.connect()
    source.feed(b"id: 1\n\n")
    source.connect()
    source.feed(b"data: x\n\n")
    assert source.last_event_id == "1"
    source.feed(b"id\n\n")
    assert source.last_event_id == ""


def test_a_browser_that_says_the_last_event_id_itself_is_believed() -> None:
    async def test() -> None:
        host = Host(stream_with_ids)
        first = host.request(source="s-1")
        await turns()
        host.tell("pulled", first, size=1000)
        host.tell("cancel", first)
        second = host.request(source="s-1", headers=[["last-event-id", "its own"]])
        assert host.said("request", second)[0]["headers"][0] == ("last-event-id", "its own")
        host.tell("cancel", second)
        await host.settled()

    run(test)
