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


def test_one_without_a_name_is_known_by_its_client_and_its_address() -> None:
    async def test() -> None:
        host = Host(stream_with_ids)

        async def ask(**content: Any) -> tuple[str, str | None]:
            name = host.request(**{"client": "worker", **content})
            await turns()
            host.tell("pulled", name, size=len(host.chunks(name)))
            return name, headers(host.said("request", name)[0]).get("last-event-id")

        first, _ = await ask()
        second, seen = await ask()
        assert seen is None  # while the first one has its stream, this is another one
        host.tell("cancel", first)  # the cable is cut
        host.tell("cancel", second, code=1001)  # the client has closed it
        for content in ({"path": "/b"}, {"client": "other"}, {"client": None}):
            assert (await ask(**content))[1] is None
        assert (await ask())[1] == "zwei·"
        assert (await ask())[1] is None  # nobody else has lost a stream
        for connection in list(host.bridge.connections):
            host.tell("cancel", connection)
        await ask(headers=[["last-event-id", "its own"]])
        assert (await ask())[1] is None  # this browser says it itself, or has nothing to say
        await host.bridge.stop("server-1")

    run(test)


async def once(scope: Any, receive: Any, send: Any) -> None:
    resumed = b"last-event-id" in dict(scope["headers"])
    await send({**HEAD, "status": 204 if resumed else 200})
    await send(body(b"" if resumed else b"id: 7\ndata: the last\n\n", more=False))


def test_one_without_a_name_that_was_refused_does_not_ask_again() -> None:
    async def test() -> None:
        host = Host(once)
        for expected in (None, "7", None):
            name = host.request(client="worker")
            await host.settled()
            host.tell("pulled", name, size=100)
            assert headers(host.said("request", name)[0]).get("last-event-id") == expected

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
