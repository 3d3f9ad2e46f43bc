"""The trial itself; that better tests notice what is broken, lesson 21's tasks show."""

import asyncio
import re

import pytest

from examples import tests_on_trial as example

STREAM = "/trials"
VERDICTS = {
    "test_resume": "passes on Counter, passes on Forgetful",
    "test_leave": "passes on Counter, passes on Overcounted",
    "test_pace": "passes on Counter, passes on HeldBack",
}


def test_each_verdict_is_an_event_of_its_test(watching, ask):
    stream = ask(watching(example).url, STREAM)
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.header("cache-control") == "no-store, no-transform"
    assert stream.header("x-accel-buffering") == "no"
    *events, done = stream.rest()
    assert events == [[f"event: {test}", f"data: <li>{test}: {said}</li>"] for test, said in VERDICTS.items()]
    assert done == ["event: done", "data: that is all"]


def test_who_leaves_in_mid_trial_leaves_no_task_behind(watching, ask):
    ask(watching(example).url, STREAM).event()  # the server's end would tell


def test_head_gets_the_headers_and_no_trial(watching, ask):
    assert ask(watching(example).url, STREAM, "HEAD").response.read() == b""


def test_the_page_shows_them_and_asks_once(watching, page, event_sources):
    watched = watching(example)
    page.goto(watched.url)
    page.wait_for_function("eventSources[0]?.readyState == 2")
    assert page.get_by_role("listitem").all_inner_texts() == [f"{test}: {said}" for test, said in VERDICTS.items()]
    assert len(watched.to(STREAM)) == 1


async def wrong(_counter):
    assert False, "this is not so"  # noqa: B011, PT015


async def mistaken(_counter):
    raise NameError("counted")


@pytest.mark.parametrize(
    ("test", "said"), [(example.test_pace, "passes"), (wrong, "fails"), (mistaken, "fails with NameError('counted')")]
)
def test_a_test_that_fails_is_told_from_one_that_is_mistaken(test, said):
    assert asyncio.run(example.verdict(test, example.Counter())) == said


async def wait_in_vain(counter):
    async with example.reading(counter) as reader:
        while True:
            await reader.event()


async def silent(scope, receive, send):
    while (await receive())["type"] != "http.disconnect":
        pass


def test_nobody_waits_for_ever(monkeypatch):
    monkeypatch.setattr(example, "PATIENCE", 0.05)
    assert asyncio.run(example.verdict(wait_in_vain, silent)) == "fails"


def test_who_does_not_read_holds_the_application_up():
    sent = []

    async def flood(scope, receive, send):
        for number in range(10):
            await send({"type": "http.response.body", "body": b"%d" % number, "more_body": True})
            sent.append(number)

    async def stall():
        reader = example.Reader(flood, "")
        for _ in range(20):
            await asyncio.sleep(0)
        reader.task.cancel()
        await asyncio.gather(reader.task, return_exceptions=True)

    asyncio.run(stall())
    assert sent == [0]


def test_whoever_comes_back_with_nonsense_begins_anew():
    async def first(last_event_id):
        async with example.reading(example.Counter(), last_event_id) as reader:
            return await reader.event()

    for nonsense in ("", "-1", "1e3", "9" * 5000):
        assert re.match("id: 1\n", asyncio.run(first(nonsense)))
