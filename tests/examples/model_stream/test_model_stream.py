"""Answers on a real server, written once and stopped when nobody waits; endpoints; the page in a browser."""

import asyncio
import importlib
import json
import runpy

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from examples import model_stream as example
from examples.model_stream import answer, blocks, endpoint, ngram
from examples.model_stream.answer import ModelError
from tests.examples.test_heartbeats import wait_until

TEXT = "# Why\n\nBecause **it** is so:\n\n- one\n- two `x`\n\n```python\nif 1 < 2:\n    pass\n```\n\n"
TEXT += "See [it].\n\n[it]: /there\n"
WORDS = [TEXT[place : place + 3] for place in range(0, len(TEXT), 3)]
RETRY = ["retry: 1000"]


def fresh(text):
    return blocks.clean(blocks.MARKDOWN.render(text), **blocks.ALLOWED)


def test_an_answer_is_written_once_and_whoever_lost_it_goes_on_where_they_were(
    watching, ask, model, question, new_page
):
    model.words = WORDS
    url = watching(example).url
    where = question(url, "Why? " * 1000)
    stream = ask(url, where)
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.header("cache-control") == "no-store, no-transform"
    assert stream.header("x-accel-buffering") == "no"
    assert stream.event() == RETRY
    page, seen = new_page(), [stream.event() for _ in range(10)]
    stream.leave()
    rest = ask(url, where, headers={"Last-Event-ID": seen[-1][0].removeprefix("id: ")}).rest()
    assert rest.pop(0) == RETRY
    said = [page.hear(event) for event in [*seen, *rest]]
    assert said[-1] == ""  # it is whole
    assert rest[-1][1:] == ["event: end", 'data: ""']
    assert page.html == fresh(TEXT)
    numbers = [int(event[0].removeprefix("id: ")) for event in [*seen, *rest]]
    assert numbers == [*range(1, len(numbers) + 1)]
    assert ask(url, where, headers={"Last-Event-ID": str(numbers[-1])}).status == 204
    assert ask(url, where, method="HEAD").rest() == []
    assert [len(prompt) for prompt in model.prompts] == [example.MAX_PROMPT]  # paid once


def test_who_is_too_far_behind_gets_the_whole(watching, ask, model, question, new_page, monkeypatch):
    monkeypatch.setattr(answer, "MAX_LOG", 500)
    monkeypatch.setattr(answer, "HEARTBEAT", 0.01)
    model.words, model.holds = WORDS, True
    url = watching(example).url
    where = question(url)
    (written,) = example.answers.values()
    wait_until(lambda: written.blocks.html == fresh(TEXT))
    page = new_page()
    stream = ask(url, where, headers={"Last-Event-ID": "999"})  # of another process, perhaps
    assert stream.event() == RETRY
    whole = stream.event()
    assert whole[1] == "event: whole"
    page.hear(whole)
    assert page.html == fresh(TEXT)
    assert stream.event() == [":"]
    model.holds = False
    end = [event for event in stream.rest() if event != [":"]]
    assert [event[1:] for event in end] == [["event: end", 'data: ""']]
    _retry, whole, end = ask(url, where).rest()
    assert (whole[1], end[1]) == ("event: whole", "event: end")
    assert written.bytes <= 500


def test_what_comes_while_a_reader_takes_its_time_is_not_lost():
    async def words():
        yield "One"
        await asyncio.sleep(3600)

    async def read_slowly():
        written = answer.Answer(words())
        reader = written.read(0)
        pieces = [await anext(reader), await anext(reader)]
        written.append("message", "while it was sent")
        pieces.append(await anext(reader))
        await reader.aclose()
        written.task.cancel()
        return b"".join(pieces)

    read = asyncio.run(read_slowly())
    assert [line for line in read.decode().splitlines() if line.startswith("id")] == ["id: 1", "id: 2"]


def test_stop_and_leaving_end_the_model_too(watching, ask, model, question, monkeypatch):
    model.words, model.holds = ["So ", "be", " it"], True
    url = watching(example).url
    where = question(url)
    stream = ask(url, where)
    assert stream.event() == RETRY
    wait_until(lambda: model.speaking)
    assert httpx.post(url + where + "/stop").status_code == 204
    assert stream.rest()[-1][1:] == ["event: end", 'data: "Stopped."']
    wait_until(lambda: not model.speaking)
    monkeypatch.setattr(answer, "GRACE", 0.1)
    question(url)  # and nobody reads
    wait_until(lambda: len(model.prompts) == 2 and not model.speaking)
    other = question(url)
    stream = ask(url, other)
    stream.event()
    stream.leave()
    wait_until(lambda: len(model.prompts) == 3 and not model.speaking)
    assert ask(url, "/answers/unknown").status == 404
    assert httpx.post(f"{url}/answers/unknown/stop").status_code == 204


def test_an_answer_that_breaks_off_says_so(watching, ask, model, question, monkeypatch, caplog):
    async def failing(prompt):
        yield "One"
        raise ZeroDivisionError

    url = watching(example).url
    monkeypatch.setattr(answer, "MAX_TEXT", 10)
    model.words = ["123456", "7890", "1"]
    assert ask(url, question(url)).rest()[-1][1:] == ["event: end", 'data: "The answer is too long and ends here."']
    monkeypatch.setattr(example, "words", failing)
    assert ask(url, question(url)).rest()[-1][1:] == ["event: end", 'data: "The answer broke off."']
    assert caplog.records[-1].exc_info[0] is ZeroDivisionError


def test_not_everybody_may_spend_the_models_time_and_with_the_server_all_answers_end(
    model, watching, ask, question, monkeypatch
):
    monkeypatch.setattr(example, "MAX_ANSWERS", 1)
    monkeypatch.setattr(example, "KEPT", 0)
    model.holds = True
    url = watching(example).url
    for said in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
        foreign = httpx.post(f"{url}/ask", data={"prompt": "Why?"}, headers=said)
        assert (foreign.status_code, model.prompts) == (403, [])
    where = question(url, **{"Sec-Fetch-Site": "same-origin", "Origin": "http://before-a-proxy.example"})
    second = httpx.post(f"{url}/ask", data={"prompt": "Why?"})
    assert (second.status_code, second.headers["retry-after"]) == (503, "60")
    httpx.post(url + where + "/stop")
    wait_until(lambda: not example.answers)  # it is forgotten
    assert "not there any more" in httpx.get(f"{url}/?answer=unknown").text
    question(url)
    wait_until(lambda: model.speaking)  # until the server ends, which is before all this is undone


# ---- The model behind an endpoint ----


def chunk(text, reason=None):
    return f"data: {json.dumps({'choices': [{'delta': {'content': text}, 'finish_reason': reason}]})}\n\n"


DONE = "data: [DONE]\n\n"
WHOLE = [chunk("So\u2028 \ud83d").replace("\n", "\r\n"), 'data: {"choices": []}\n\n', chunk(None), DONE, chunk("x")]
BROKEN = "The model's answer broke off."


def stream_of(events):
    return StreamingResponse(events, media_type="text/event-stream")


def stream(*events):
    return stream_of(iter(events))


def failing():
    yield chunk("So")
    raise ConnectionError


@pytest.mark.parametrize(
    ("response", "said", "reason"),
    [
        (lambda: stream(*WHOLE), "So\u2028 ?", ""),
        (lambda: PlainTextResponse("no", 401), "", "The model refuses this server's key."),
        (lambda: PlainTextResponse("no", 429, {"Retry-After": "20"}), "", "The model is busy. Ask again in 20 s."),
        (lambda: PlainTextResponse("no", 429, {"Retry-After": "<b>"}), "", "The model is busy. Ask again later."),
        (lambda: PlainTextResponse("no", 500), "", "The model has answered with status 500."),
        (lambda: HTMLResponse("<h1>Log in</h1>"), "", "The model's answer is no event stream."),
        (lambda: stream(chunk("So")), "So", BROKEN),
        (lambda: stream_of(failing()), "So", BROKEN),
        (lambda: stream(chunk("So", "length")), "So", "The model's answer is at its limit and ends here."),
        (lambda: stream(chunk("So", "content_filter")), "So", BROKEN),
        (lambda: stream(chunk("So", "stop")), "So", ""),
        (lambda: stream('data: {"error": {}}\n\n'), "", "The model has reported an error."),
        (lambda: stream("data: [1]\n\n"), "", "The model's answer cannot be understood."),
    ],
)
def test_an_endpoint_that_answers_badly_is_told_of_in_a_sentence(serving, monkeypatch, response, said, reason):
    asked = []

    async def complete(request):
        asked.append((request.headers["authorization"], await request.json()))
        return response()

    base = serving(Starlette(routes=[Route("/v1/chat/completions", complete, methods=["POST"])]))
    assert listened(f"{base}/v1/", monkeypatch) == (said, reason)
    (key, body), *_ = asked
    assert (key, body["stream"], body["messages"][-1]["content"]) == ("Bearer secret", True, "Why?")


def listened(base, monkeypatch):
    """What the endpoint's model has said, and why it did not go on."""
    monkeypatch.setenv("OPENAI_BASE_URL", base)
    monkeypatch.setenv("OPENAI_API_KEY", "secret")

    async def listen():
        said = []
        try:
            async for text in endpoint.words("Why?"):
                said.append(text)  # noqa: PERF401  # what was said before an error counts
        except ModelError as error:
            return "".join(said), str(error)
        return "".join(said), ""

    return asyncio.run(listen())


def test_an_endpoint_that_is_not_there(monkeypatch):
    assert listened("http://127.0.0.1:1", monkeypatch) == ("", "The model cannot be reached.")


def test_stop_closes_the_request_to_the_endpoint(watching, serving, ask, model, question, monkeypatch):
    told = []

    async def speak():
        try:
            while True:
                yield chunk(" on")
                await asyncio.sleep(0.01)
        finally:
            told.append("nobody listens")

    async def complete(request):
        return stream_of(speak())

    base = serving(Starlette(routes=[Route("/chat/completions", complete, methods=["POST"])]))
    monkeypatch.setenv("OPENAI_BASE_URL", base)
    monkeypatch.setattr(example, "words", endpoint.words)
    url = watching(example).url
    where = question(url)
    stream = ask(url, where)
    assert [stream.event(), stream.event()[1]] == [RETRY, 'data: [0,0,"<p>on</p>\\n"]']
    httpx.post(url + where + "/stop")
    wait_until(lambda: told)


def test_where_an_endpoint_is_named_it_is_asked(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    try:
        assert importlib.reload(example).words is endpoint.words
    finally:
        monkeypatch.delenv("OPENAI_BASE_URL")
        importlib.reload(example)
    assert example.words is ngram.words


def test_it_is_started_as_a_folder_too(monkeypatch):
    served = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: served.append((app, options)))
    runpy.run_module("examples.model_stream", run_name="__main__")
    assert served == [(example.app, {"timeout_graceful_shutdown": 1})]


# ---- The model of the example's own ----


def test_the_small_model_says_the_same_for_the_same_prompt_and_writes_markdown(monkeypatch):
    monkeypatch.setattr(ngram, "PACE", 0)

    async def said(prompt):
        return "".join([word async for word in ngram.words(prompt)])

    texts = [asyncio.run(said(f"What is an event stream? {number}")) for number in range(30)]
    assert texts[0] == asyncio.run(said("What is an event stream? 0"))
    assert all(text.startswith("## What an event stream is") for text in texts)
    pages = "".join(map(fresh, texts))
    assert all(f"<{tag}" in pages for tag in ("h2", "ul", "ol", "li", "pre", "table", "a href", "blockquote", "strong"))


# ---- The page ----

NASTY = (
    "\n> - said\n>   1. deep\n\n| a | b |\n|--:|---|\n| `1` | <b> |\n\n1. x\n\n   y\n2. [z](/z)\n\nEnd *of* it  \nall"
)
AS_ELEMENTS = """texts => texts.map(text => {
    const answer = document.createElement("article");
    answer.innerHTML = text;
    return answer.innerHTML;
})"""
LOOK_ON = """
window.seen = {};
window.EventSource = class extends EventSource {
    constructor(...args) {
        super(...args);
        const look = event => {  // after the page's own script
            const answer = document.querySelector("article");
            seen[event.lastEventId] = answer.innerHTML;
            if (!getSelection().rangeCount && answer.children.length > 2) {
                getSelection().selectAllChildren(answer.children[1]);
            }
        };
        queueMicrotask(() => { for (const type of ["message", "late"]) this.addEventListener(type, look); });
    }
};
"""


def test_each_event_makes_of_the_page_what_a_fresh_rendering_would_until_it_is_stopped_or_left(
    page, serving, model, monkeypatch
):
    monkeypatch.setattr(answer, "GRACE", 3600)
    model.words = [(TEXT + NASTY)[place : place + 2] for place in range(0, len(TEXT + NASTY), 2)]
    page.add_init_script(LOOK_ON)
    page.goto(serving(example.app))
    page.get_by_label("Your question").fill("Why?")
    page.get_by_role("button", name="Ask").click()
    page.get_by_text("This is the whole answer.").wait_for()
    written, number, expected = blocks.Blocks(), 0, {}
    for word in model.words:
        number += len(written.add(word))
        expected[str(number)] = written.html
    to_elements = (
        "texts => texts.map(text => Object.assign(document.createElement('article'), { innerHTML: text }).innerHTML)"
    )
    shown = dict(zip(expected, page.evaluate(to_elements, list(expected.values())), strict=True))
    seen = page.evaluate("seen")
    assert {number: seen[number] for number in shown if number != "0"} == shown
    assert page.evaluate("String(getSelection())") == "Because it is so:"  # in a block that was finished long ago
    model.holds = True
    page.get_by_label("Your question").fill("And now?")
    page.get_by_role("button", name="Ask").click()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped.").wait_for()
    wait_until(lambda: not model.speaking)
    page.get_by_label("Your question").fill("And then?")
    page.get_by_role("button", name="Ask").click()
    page.get_by_text("Writing …").wait_for()
    page.goto("about:blank")
    wait_until(lambda: not model.speaking)
    assert len(model.prompts) == 3
