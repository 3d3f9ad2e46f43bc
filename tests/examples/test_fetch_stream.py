"""The parser and the reader in Node, the server with real requests, the page in both browsers."""

import base64
import json
import re
import subprocess
import time

import pytest

from examples import fetch_stream as example
from streamside.setup import node
from tests.event_streams import CASES
from tests.patience import PATIENCE

READER = {"Authorization": "Bearer sesame", "Content-Type": "application/json"}

READ = """
let input = "";
for await (const piece of process.stdin) input += piece;
const read = (pieces) => {
    const parser = new EventParser("");
    const decoder = new TextDecoder();
    const events = [];
    for (const piece of pieces) {
        const text = decoder.decode(piece, { stream: true });
        if (text) parser.transform(text, { enqueue: (event) => events.push(event) });
    }
    return [events.map(Object.values), parser.lastEventId, parser.retry ?? null];
};
for (const [name, stream, ...expected] of JSON.parse(input)) {
    const bytes = new Uint8Array(Buffer.from(stream, "base64"));
    const cuts = [...bytes.keys()].map((cut) => [bytes.subarray(0, cut), bytes.subarray(cut)]);
    for (const pieces of [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte)), ...cuts]) {
        const got = JSON.stringify(read(pieces));
        if (got !== JSON.stringify(expected)) console.log(name, pieces.map((each) => each.length), got, expected);
    }
}
"""


def in_node(program, **more):
    source = example.PARSER + example.EVENTS + program
    done = subprocess.run(
        [node(), "--input-type=module", "--eval", source], capture_output=True, text=True, timeout=PATIENCE, **more
    )
    assert done.stderr == ""
    return done.stdout


def test_the_parser_reads_every_case_of_the_format_at_every_split():
    cases = [
        [name, base64.b64encode(case.stream).decode(), case.events, case.last_event_id, case.reconnection_time]
        for name, case in CASES.items()
    ]
    assert len(cases) > 120
    assert in_node(READ, input=json.dumps(cases)) == ""


def test_the_parser_has_thirty_lines():
    assert len(example.PARSER.strip().splitlines()) <= 33


# Answers as they are told, one for each request; pauses take no time and are noted.
ATTEMPTS = """
Math.random = () => 1;
const pauses = [], sent = [], reasons = [];
globalThis.setTimeout = (go) => void queueMicrotask(go);
const answers = ANSWERS;
globalThis.fetch = async (url, { headers, signal, method }) => {
    sent.push(headers.get("Last-Event-ID"));
    const { status = 200, type = "text/event-stream; charset=utf-8", pieces = [], then } = answers.shift();
    if (status === 0) throw new TypeError("Failed to fetch");
    signal.addEventListener("abort", () => reasons.push(signal.reason.name));
    const start = (controller) => {
        signal.addEventListener("abort", () => controller.error(signal.reason));
        for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
        if (then === "break") setImmediate(() => controller.error(new TypeError("network error")));
        else if (then !== "wait") controller.close();
    };
    return new Response(new ReadableStream({ start }), { status, headers: { "Content-Type": type } });
};
const controller = new AbortController();
const asked = { method: "POST", headers: {}, signal: controller.signal, onlost: (pause) => pauses.push(pause) };
const seen = [];
let error = null;
try {
    for await (const { type, data } of events("names", asked)) {
        seen.push(data);
        if (type === "done") break;
        if (type === "abort") controller.abort();
        if (type === "slow") await new Promise(setImmediate);
        if (type === "json") JSON.parse(data);
    }
} catch (caught) { error = `${caught.name} ${caught.message}`; }
console.log(JSON.stringify({ seen, sent, pauses, error, reasons }));
"""
DONE = {"pieces": ["event: done\ndata: end\n\n"], "then": "wait"}


def attempts(*answers):
    return json.loads(in_node(ATTEMPTS.replace("ANSWERS", json.dumps(answers))))


def test_the_reader_comes_back_with_what_was_seen_and_waits_longer_each_time():
    refused = {"status": 0}, {"status": 503, "type": "text/plain", "pieces": ["later"]}, {"status": 429}
    ran = attempts({"pieces": ["id: 1\nda", "ta: a\n\nid: 2\n\n"]}, *refused, DONE)
    assert ran["seen"] == ["a", "end"]
    assert ran["sent"] == [None, "2", "2", "2", "2"]
    assert ran["pauses"] == [1000, 2000, 4000, 8000]
    assert ran["error"] is None
    assert ran["reasons"][-1:] == ["AbortError"]  # who breaks off the loop closes the connection
    ran = attempts({"pieces": ["retry: 70\n\n"]}, *[{"status": 0}] * 9, {"pieces": ["data: a\n\n"]}, DONE)
    assert ran["pauses"][:3] == [70, 140, 280]
    assert ran["pauses"][-2:] == [30_000, 70]  # at most; and after an event the first one again


def test_what_was_parsed_and_not_seen_before_the_connection_broke_is_asked_for_again():
    two = "event: slow\nid: 1\ndata: a\n\nid: 2\ndata: b\n\n"
    ran = attempts({"pieces": [two], "then": "break"}, {"pieces": ["id: 2\ndata: b\n\n"]}, DONE)
    assert ran["seen"] == ["a", "b", "end"]
    assert ran["sent"][:2] == [None, "1"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 401, "type": "text/plain", "pieces": ["Who are you?"]}, "Error 401: Who are you?"),
        ({"type": "text/html", "pieces": ["<p>Sign in"]}, "Error 200: <p>Sign in"),
    ],
)
def test_an_answer_that_will_not_change_is_the_end(answer, error):
    ran = attempts(answer)
    assert (ran["seen"], ran["error"], ran["pauses"]) == ([], error, [])


def test_what_is_no_json_ends_the_loop_and_closes_the_connection():
    ran = attempts({"pieces": ["event: json\ndata: {\n\n"], "then": "wait"})
    assert ran["error"].startswith("SyntaxError")
    assert ran["reasons"] == ["AbortError"]


def test_an_abort_ends_the_reader_while_it_reads():
    ran = attempts({"pieces": ["event: abort\ndata: a\n\n"], "then": "wait"})
    assert ran["seen"] == ["a"]
    assert ran["error"].startswith("AbortError")
    assert len(ran["sent"]) == 1


def post(ask, url, text, **headers):
    return ask(url, "/names", "POST", {**READER, **headers}, json.dumps({"text": text}).encode())


def named(number, character, name):
    return [f"id: {number}", "event: name", f"data: {json.dumps({'character': character, 'name': name})}"]


def test_a_text_is_named_resumed_and_said_where_it_cannot_be(watching, ask, clock, capsys):
    clock.run()
    url = watching(example).url
    stream = post(ask, url, "a\u0308")
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.header("cache-control") == "no-store, no-transform"
    assert stream.header("x-accel-buffering") == "no"
    first, second = named(1, "a", "LATIN SMALL LETTER A"), named(2, "\u0308", "COMBINING DIAERESIS")
    done = ["event: done", 'data: {"count": 2}']
    assert stream.rest() == [first, second, done]
    assert clock.asked == [0.5] * 2
    assert post(ask, url, "a\u0308", **{"Last-Event-ID": "1"}).rest() == [second, done]
    assert post(ask, url, "a\u0308", **{"Last-Event-ID": "2"}).rest() == [done]
    failed = [["event: failed", 'data: {"message": "U+000A has no name."}']]
    assert post(ask, url, "a\nb").rest() == [named(1, "a", "LATIN SMALL LETTER A"), *failed]
    surrogate = ask(url, "/names", "POST", READER, b'{"text": "\\ud800"}').rest()
    assert surrogate == [["event: failed", 'data: {"message": "U+D800 has no name."}']]
    assert "named 1 of 3" in capsys.readouterr().out


REFUSED = [
    (401, b'{"text": "a"}', {"Authorization": ""}),
    (401, b'{"text": "a"}', {"Authorization": "Bearer Sesame"}),
    (401, b'{"text": "a"}', {"Authorization": "Bearer \xe9"}),
    (400, b'{"text": 1}', {}),
    (400, b"\xff", {}),
    (400, b"[" * 1900, {}),
    (413, b'"' + b"a" * 3000 + b'"', {}),
    (400, b'{"text": "a"}', {"Last-Event-ID": "2"}),
    (400, b'{"text": "a"}', {"Last-Event-ID": "9" * 5000}),
]


def test_what_is_not_answered_with_a_stream_says_why(watching, ask, clock):
    url = watching(example).url
    for status, body, headers in REFUSED:
        answer = ask(url, "/names", "POST", READER | headers, body)
        assert answer.status == status
        assert answer.header("content-type") == "text/plain; charset=utf-8"
        assert answer.response.read().endswith((b".", b"?"))
        assert (answer.header("www-authenticate") == "Bearer") == (status == 401)
    assert clock.asked == []


def wait_until_nobody_sleeps(clock):
    deadline = time.monotonic() + PATIENCE
    while clock.sleepers:
        assert time.monotonic() < deadline, "the generator goes on for nobody"
        time.sleep(0.01)


def test_the_page_asks_is_told_why_not_and_leaves(watching, page, clock, capsys):
    watched = watching(example)
    page.goto(watched.url)
    state, names = page.locator("#state"), page.locator("#names li")
    page.get_by_label("Token").fill("open")
    page.get_by_role("button", name="Name them").click()
    page.get_by_text("401: Who are you?").wait_for()
    page.get_by_label("Token").fill("sesame")
    page.get_by_role("button", name="Name them").click()
    for asked in (1, 2):
        clock.tick(asked)
        names.nth(asked - 1).wait_for()
    assert names.all_inner_texts() == ["Z LATIN CAPITAL LETTER Z", "o LATIN SMALL LETTER O"]
    assert state.inner_text() == "Naming …"
    page.get_by_role("button", name="Stop").click()
    wait_until_nobody_sleeps(clock)
    assert state.inner_text() == "Stopped"

    page.get_by_label("Text").fill("<\n")
    page.get_by_role("button", name="Name them").click()
    clock.tick(4)
    page.get_by_text("< LESS-THAN SIGN").wait_for()
    clock.tick(5)
    page.get_by_text("U+000A has no name.").wait_for()
    assert [request.headers["accept"] for request in watched.to("/names")] == ["*/*"] * 3

    page.get_by_role("button", name="Name them").click()
    clock.tick(6)
    page.get_by_text("< LESS-THAN SIGN").wait_for()
    page.goto("about:blank")
    wait_until_nobody_sleeps(clock)
    assert capsys.readouterr().out.split("\n") == ["named 2 of 10", "named 1 of 2", "named 1 of 2", ""]
    page.goto(watched.url)
    page.get_by_label("Token").fill("é€")  # no header can carry it
    page.get_by_role("button", name="Name them").click()
    page.get_by_text(re.compile("String|headers", re.IGNORECASE)).wait_for()


def test_in_firefox_the_stream_is_read_and_let_go(watching, tab, clock):
    tab.open(watching(example).url)
    tab.press("main", "Name them")
    clock.tick()
    tab.wait("document.querySelector('#names').innerText.includes('Z LATIN CAPITAL LETTER Z')")
    tab.press("main", "Stop")
    wait_until_nobody_sleeps(clock)
