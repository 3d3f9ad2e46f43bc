"""The log of one process, fed by a real Redis: what is added comes, whatever happens to Redis meanwhile."""

import asyncio
import signal
from urllib.parse import urlsplit

import pytest

from examples import redis_stream as example
from tests.examples.redis_stream.conftest import news, until
from tests.patience import PATIENCE


def texts(events):
    return [event[2].removeprefix("data: <li>").removesuffix("</li>") for event in events]


def place(event):
    return event[0].removeprefix("id: ")


def join(ask, url, **how):
    """A stream, behind its event `joined`."""
    stream = ask(url, "/events", **how)
    assert news(stream)[1:] == ["event: joined", "data: "]
    return stream


def test_an_entrys_id_is_the_events_whoever_added_it(url, redis, ask, post):
    stream = ask(url, "/events")
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.header("cache-control") == "no-store, no-transform"
    joined = news(stream)
    assert post(url, "<b>milk & sugar</b>") == (204, "")
    lines = redis.client.xadd("lobby", {"text": "a\r\nb\nid: 9\n\nc\u2028d", "other": "field"})
    redis.client.xadd("lobby", {"no": "text"})
    bytes_ = redis.client.xadd("lobby", {"text": b"\xff \xe2\x82"})
    (begin, _), (posted, fields), *_ = redis.client.xrange("lobby")
    assert joined == [f"id: {begin}", "event: joined", "data: "]
    assert fields == {"text": "<b>milk & sugar</b>"}
    li = "data: <li>&lt;b&gt;milk &amp; sugar&lt;/b&gt;</li>"
    assert news(stream) == [f"id: {posted}", "event: message", li]
    data = ["data: <li>a", "data: b", "data: id: 9", "data: ", "data: c\u2028d</li>"]
    assert news(stream) == [f"id: {lines}", "event: message", *data]
    assert news(stream) == [f"id: {bytes_}", "event: message", "data: <li>\ufffd \ufffd</li>"]


def test_a_reader_comes_back_by_header_or_query_and_is_told_when_it_is_too_late(url, shared, redis, log, ask, post):
    stream = join(ask, url)
    for number in range(5):
        post(url, f"text {number}")
    events = [news(stream) for _ in range(5)]
    stream.leave()
    by_header = ask(url, f"/events?last_event_id={place(events[0])}", headers={"Last-Event-ID": place(events[2])})
    by_query = ask(url, f"/events?last_event_id={place(events[0])}")
    assert [news(by_header) for _ in range(2)] == events[3:]
    assert [news(by_query) for _ in range(4)] == events[1:]
    log.max_events = 3
    post(url, "text 5")
    assert texts([news(by_query)]) == ["text 5"]
    too_late = ask(url, f"/events?last_event_id={place(events[0])}")
    reset = news(too_late)
    assert reset[1:] == ["event: reset", "data: Events may be missing."]
    assert reset[0] == f"id: {log.last_id}"


def test_redis_keeps_little_more_than_it_must(url, shared, redis, post, monkeypatch):
    monkeypatch.setattr(shared, "KEPT", 10)
    for _ in range(40):
        post(url, "x" * 5000)
    assert 10 <= redis.client.xlen("lobby") <= 16
    assert {len(fields["text"]) for _, fields in redis.client.xrange("lobby")} == {200}


def test_more_at_once_than_redis_keeps_is_told(url, shared, redis, log, ask, monkeypatch):
    monkeypatch.setattr(shared, "KEPT", 10)
    stream = join(ask, url)
    redis.client.xadd("lobby", {"text": "before"})
    assert texts([news(stream)]) == ["before"]
    with redis.client.pipeline() as transaction:
        for number in range(30):
            transaction.xadd("lobby", {"text": str(number)}, maxlen=10, approximate=False)
        transaction.execute()
    assert news(stream)[1] == "event: reset"
    assert [message.item for message in log.messages] == [f"<li>{number}</li>" for number in range(20, 30)]


def test_redis_killed_and_started_again_loses_nothing(url, shared, redis, log, ask, post, caplog):
    stream = join(ask, url)
    post(url, "before")
    redis.kill()
    assert post(url, "lost?") == (503, "Not confirmed: Redis does not answer.")
    until(lambda: len(caplog.messages) == 2)  # the form's, and the log's own
    late = ask(url, "/events")  # streams begin and stay
    redis.start()
    until(lambda: post(url, "after")[0] == 204)
    assert texts(news(stream) for _ in range(2)) == ["before", "after"]
    assert news(late)[1] == "event: joined"
    assert texts([news(late)]) == ["after"]
    where = f"Redis at {redis.url} does not answer: start it, or correct REDIS_URL."
    assert set(caplog.messages) == {where}


def test_what_redis_loses_is_told_to_all(url, redis, log, ask, post):
    stream = join(ask, url)
    post(url, "kept by this process alone")
    lost = news(stream)
    redis.lose_all()
    assert news(stream)[1] == "event: reset"
    assert news(ask(url, f"/events?last_event_id={place(lost)}"))[1] == "event: reset"
    assert not log.messages
    until(lambda: post(url, "anew")[0] == 204)
    assert texts([news(stream)]) == ["anew"]


def test_when_redis_loses_its_newest_entries_all_are_told_once(shared, redis, log, serving, ask, post, monkeypatch):
    monkeypatch.setattr(shared, "BLOCK", 50)
    url = serving(example.app)
    until(lambda: log.last > (0, 0))
    stream = join(ask, url)
    post(url, "kept")
    kept = news(stream)
    post(url, "lost")
    redis.client.xdel("lobby", place(news(stream)))  # as after a crash, where what came last was not on the disk
    assert news(stream)[1] == "event: reset"
    assert news(ask(url, f"/events?last_event_id={place(kept)}"))[1] == "event: reset"
    post(url, "anew")
    assert texts([news(stream)]) == ["anew"]
    assert [message.item for message in log.messages] == ["<li>kept</li>", "<li>anew</li>"]
    assert [list(fields) for _, fields in redis.client.xrange("lobby")] == [["begin"], ["text"], ["begin"], ["text"]]
    another = type(log)()
    another.begin(redis.client.xrange("lobby"))  # of a process that knows nothing of the lost one
    assert another.first == log.first


def test_a_stream_that_somebody_deletes_begins_anew(shared, redis, log, serving, ask, monkeypatch):
    monkeypatch.setattr(shared, "BLOCK", 50)
    url = serving(example.app)
    until(lambda: log.last > (0, 0))
    stream = join(ask, url)
    redis.client.delete("lobby")
    assert news(stream)[1] == "event: reset"


def test_a_redis_that_does_not_answer_is_given_up_and_nothing_is_sent_twice(
    shared, redis, log, serving, ask, post, monkeypatch, caplog
):
    monkeypatch.setattr(shared, "BLOCK", 100)
    monkeypatch.setattr(shared, "PATIENCE", 0.6)
    url = serving(example.app)
    until(lambda: log.last > (0, 0))
    stream = join(ask, url)
    post(url, "before")  # now there is a connection, which takes what Redis does not read
    redis.signal(signal.SIGSTOP)
    try:
        assert post(url, "perhaps") == (503, "Not confirmed: Redis does not answer.")
        until(lambda: len(caplog.messages) >= 2)  # the log has noticed, too
    finally:
        redis.signal(signal.SIGCONT)
    until(lambda: post(url, "certain")[0] == 204)
    assert texts(news(stream) for _ in range(3)) == ["before", "perhaps", "certain"]


@pytest.mark.parametrize(
    ("spoil", "answer", "remedy"),
    [
        (lambda redis: redis.config_set("maxmemory", "1"), "is full", "raise its maxmemory, or remove something"),
        (
            lambda redis: redis.delete("lobby") and redis.set("lobby", "text"),
            "has something else at the key lobby",
            "delete that, or change KEY",
        ),
        (
            lambda redis: (
                redis.execute_command("ACL SETUSER", "default", "resetpass", ">sesame")
                and redis.client_kill_filter(_type="normal")
            ),
            "refuses our password",
            "correct it in REDIS_URL",
        ),
        (
            lambda redis: redis.execute_command("ACL SETUSER", "default", "-xadd"),
            "refuses",
            "",  # each version of Redis has its own words
        ),
    ],
)
def test_each_trouble_is_a_sentence_to_whoever_publishes_and_one_to_whoever_runs_it(
    shared, redis, log, serving, post, caplog, monkeypatch, spoil, answer, remedy
):
    monkeypatch.setattr(shared, "BLOCK", 50)
    monkeypatch.setattr(shared, "URL", redis.url.replace("unix://", "unix://:wrong@") + "?db=0")
    url = serving(example.app)
    until(lambda: log.last > (0, 0))
    spoil(redis.client)
    try:
        until(lambda: post(url, "hello")[1] == f"Not confirmed: Redis {answer}.")
        place = f"Redis at {urlsplit(redis.url).path}"
        assert any(line.startswith(f"{place} {answer}: {remedy}") for line in caplog.messages)
        assert "wrong" not in caplog.text
    finally:
        mend(redis.client)


def mend(client):
    client.execute_command("ACL SETUSER", "default", "nopass", "+xadd")
    client.config_set("maxmemory", "0")
    client.flushall()


def test_an_error_of_our_own_ends_the_streams(url, shared, log, ask, redis, monkeypatch, caplog):
    stream = join(ask, url)
    monkeypatch.setattr(log, "extend", None)
    redis.client.xadd("lobby", {"text": "x"})
    assert stream.rest() in ([], [[":"]])
    assert log.closed


def test_what_was_not_published_stays_in_the_form_with_the_reason(url, redis, page):
    with page.expect_response("**/events?*"):
        page.goto(url)
    field, button = page.get_by_label("Message"), page.get_by_role("button", name="Publish")
    redis.client.xadd("lobby", {"text": "<b>from elsewhere</b>"})
    page.get_by_text("<b>from elsewhere</b>").wait_for()
    redis.client.config_set("maxmemory", "1")
    field.fill("Tea")
    button.click()
    page.get_by_text("Not confirmed: Redis is full.").wait_for()
    assert field.input_value() == "Tea"
    redis.client.config_set("maxmemory", "0")
    button.click()
    page.get_by_role("listitem").nth(1).wait_for()
    assert page.get_by_role("listitem").all_inner_texts() == ["<b>from elsewhere</b>", "Tea"]
    assert field.input_value() == ""
    assert page.get_by_role("status").inner_text() == ""
    redis.client.delete("lobby")
    redis.lose_all()
    page.wait_for_function("!document.querySelector('li')")  # it was told, and has loaded its list anew


def test_it_ends_though_a_cancellation_is_lost(shared, log, monkeypatch):
    reads, lost = asyncio.Event(), []

    class Losing(shared.Redis):
        async def xread(self, *streams):
            reads.set()
            try:
                return await super().xread(*streams)
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append("a cancellation")
                return []

    async def feed_and_end():
        async with asyncio.timeout(PATIENCE), shared.feeding(log):
            await reads.wait()

    monkeypatch.setattr(shared, "Redis", Losing)
    asyncio.run(feed_and_end())
    assert lost
