"""The log of one process, without Redis: a position is an id, and ids are compared as numbers."""

import asyncio
import importlib
from pathlib import Path

import pytest

from examples import broadcast
from streamside.definitions import definitions

process_log = importlib.import_module("examples.redis_stream.process_log")
alone = importlib.import_module("examples.redis_stream.alone")


def entries(*ids):
    return [(each, {"text": f"text {each}"}) for each in ids]


def log_of(*ids, **bounds):
    log = process_log.Log(**bounds)
    log.begin(entries(*ids))
    return log


def after(log, last_event_id):
    """What a reader gets at once: an event's type, or its text."""
    _, piece = log.after(process_log.id_of(last_event_id))
    lines = piece.decode().split("\n")
    return [
        line.removeprefix("data: <li>text ").removesuffix("</li>") for line in lines if line.startswith("data: <li>")
    ] or [line[7:] for line in lines if line.startswith("event: ")]


def test_ids_are_compared_as_numbers():
    log = log_of("9-0", "9-9", "9-10", "10-0")
    assert after(log, "9-0") == ["9-9", "9-10", "10-0"]
    assert after(log, "9-9") == ["9-10", "10-0"]
    assert after(log, "9-10") == ["10-0"]
    assert after(log, "9-11") == ["10-0"]  # it need not be an entry's
    assert after(log, "10-0") == []


@pytest.mark.parametrize(
    "last_event_id", ["nonsense", "", "9", "9-", "-0", "9-0\n", "9-\u0660", "9-0-0", f"{'9' * 21}-0", "8-9"]
)
def test_what_is_no_id_or_too_old_is_answered_with_a_reset(last_event_id):
    assert after(log_of("9-0", "10-0"), last_event_id) == ["reset"]


def test_more_than_it_holds_drops_the_oldest_and_tells_who_has_not_had_them():
    log = log_of("1-0", "2-0", "3-0", max_events=2)
    assert after(log, "1-0") == ["2-0", "3-0"]
    log.extend(entries("4-0"))
    assert after(log, "1-0") == ["reset"]
    assert after(log, "2-0") == ["3-0", "4-0"]


def test_it_is_bounded_in_bytes_too():
    log = log_of("1-0", "2-0", max_bytes=1000)
    for number in range(3, 100):
        log.extend(entries(f"{number}-0"))
        assert log.bytes == sum(len(message.event) for message in log.messages) <= 1000
    log.extend([("100-0", {"text": "x" * 1001})])  # of somebody who does not go through the form
    assert (log.bytes, len(log.messages)) == (0, 0)
    assert after(log, "99-0") == ["reset"]
    log.extend(entries("101-0"))
    assert after(log, "100-0") == ["101-0"]


def test_an_entry_without_a_text_moves_the_position_alone():
    log = log_of("1-0")
    log.extend([("2-0", {"no": "text"})])
    assert (log.last_id, log.after((1, 0))) == ("2-0", ((2, 0), b""))


def test_a_beginning_tells_all_who_have_not_seen_it_and_keeps_the_messages():
    log = log_of("1-0", "2-0", max_events=2)
    log.extend([("4-0", {"begin": ""})])  # 3-0 is lost, which another process may have had
    assert [message.id for message in log.messages] == [(1, 0), (2, 0)]
    assert [after(log, seen) for seen in ("2-0", "3-0", "4-0")] == [["reset"], ["reset"], []]
    log.extend(entries("5-0"))  # the oldest, which this one drops, is from before
    assert [after(log, seen) for seen in ("3-0", "4-0")] == [["reset"], ["5-0"]]


def test_a_reader_who_is_ahead_of_this_process_waits_for_what_it_has_not_had():
    async def run():
        log = log_of("1-0")
        reader = log.listen("3-0")  # from a process that has read on already
        coming = asyncio.ensure_future(anext(reader))
        await asyncio.sleep(0)
        log.extend(entries("2-0", "3-0"))
        assert await coming == b":\n\n"
        coming = asyncio.ensure_future(anext(reader))
        await asyncio.sleep(0)
        log.extend(entries("4-0"))
        assert b"text 4-0" in await coming

    asyncio.run(run())


def test_who_came_before_the_first_entry_was_read_is_told_to_load_anew():
    async def run():
        log = process_log.Log()
        readers = log.listen(), log.listen("5-0")
        assert await anext(readers[0]) == b"id: 0-0\nevent: joined\ndata: \n\n"
        coming = [asyncio.ensure_future(anext(reader)) for reader in readers]
        await asyncio.sleep(0)
        log.begin(entries("5-0", "6-0"))
        assert [(await each).split(b"\n")[1] for each in coming] == [b"event: reset", b"event: message"]

    asyncio.run(run())


def test_without_redis_each_id_is_more_than_the_one_before(monkeypatch):
    async def run():
        times = iter([9.0, 9.0, 8.0, 9.001])
        monkeypatch.setattr(alone, "time", lambda: next(times))
        log = process_log.Log()
        async with alone.feeding(log) as publish:
            for text in "abc":
                await publish(text)
        assert (log.first, [message.id for message in log.messages]) == ((9000, 0), [(9000, 1), (9000, 2), (9001, 0)])

    asyncio.run(run())


@pytest.mark.parametrize("fault", ["a stalled client", "an error"])
def test_a_reader_that_takes_nothing_or_fails_is_let_go(fault):
    async def run():
        log = process_log.Log(heartbeat=0.01)
        log.open()

        async def send(_):
            if fault == "an error":
                raise OSError(fault)
            await asyncio.Event().wait()

        messages = iter([{"type": "http.request"}])

        async def receive():
            return next(messages, None) or await asyncio.Event().wait()

        response = process_log.Reader(log)({"type": "http", "method": "GET"}, receive, send)
        try:
            await response
        finally:
            log.close()
        assert log.readers == 0

    if fault == "an error":
        with pytest.raises(OSError, match=fault):
            asyncio.run(run())
    else:
        asyncio.run(run())


def test_an_event_type_with_a_line_break_is_refused():
    with pytest.raises(ValueError, match="line break"):
        process_log.encode("a\nid: 9", "")


@pytest.mark.parametrize("name", ["encode", "Log.wake", "Log.beat", "Log.close", "Reader"])
def test_what_is_lesson_tens_is_so_word_for_word(name):
    ours, lesson_tens = (definitions(Path(each.__file__).read_text()) for each in (process_log, broadcast))
    assert ours[name] == lesson_tens[name]
