"""Python in the page: how it starts, what it runs, and how it is ended."""

import pytest
from playwright.sync_api import Error

from streamside import catalogue
from streamside.site import bundle
from tests.browser.laboratory import COUNTER, Laboratory
from tests.browser.recordings import LESSONS, recordings
from tests.patience import PATIENCE


def test_a_page_with_an_obstacle_says_so_in_one_sentence(fresh: Laboratory) -> None:
    assert fresh.page.evaluate("runtime.obstacle()") is None
    fresh.page.evaluate(
        "Object.defineProperty(navigator.serviceWorker, 'getRegistration', { value: async () => { throw 1; } })"
    )
    assert "service worker" in fresh.page.evaluate("runtime.obstacle()")
    fresh.page.evaluate("delete globalThis.DecompressionStream")
    assert "too old" in fresh.page.evaluate("runtime.obstacle()")


def test_the_first_example_streams_into_its_page_and_stops_when_that_is_left(fresh: Laboratory) -> None:
    run = fresh.run(name="basic_stream")
    run.wait("run.wire.some((each) => each.what === 'error')")
    events = run.wire(kind="source", what="event")[:11]
    assert [event["data"] for event in events] == [*(f"<p>message number {n}</p>" for n in range(10)), "<p>DONE</p>"]
    assert run.frame().locator("p").count() >= 11
    request = run.wire(kind="request", path="/sse-stream")[0]
    # None comes before its time, and the first one not with the last.
    times = [event["time"] - request["time"] for event in events]
    assert all(time > 500 * number - 50 for number, time in enumerate(times)), times
    assert times[0] < 5000
    assert dict(request["headers"])["accept"] == "text/event-stream"
    chunks = run.wire(kind="chunk", connection=request["connection"])
    assert "".join(chunk["text"] for chunk in chunks).startswith("event: progress\ndata: <p>message number 0</p>\n\n")
    stream = f"each.connection === {request['connection']}"
    run.wait(f"run.wire.some((each) => each.kind === 'end' && each.by === 'server' && {stream})")
    steps = fresh.page.evaluate("steps")
    assert [fraction for _, fraction, *_ in steps] == sorted(fraction for _, fraction, *_ in steps)
    assert {step for step, *_ in steps} == {"Fetching Python", "Starting Python", "Starting the server", "Running"}
    run.wait("run.wire.filter((each) => each.kind === 'request').length >= 3")  # the browser comes back
    error = run.wire(kind="source", what="error")[0]
    again = run.wire(kind="request")[2]
    assert error["retryIn"] is None  # nobody has measured it yet
    assert again["time"] - error["time"] > 2500
    assert again["source"] == request["source"]
    assert len(fresh.page.workers) == 1
    fresh.page.goto("about:blank")
    while fresh.page.workers:  # or the test's time limit
        fresh.page.wait_for_timeout(20)
    fresh.page.go_back()
    fresh.page.wait_for_function("window.ready")


def test_the_examples_that_no_lesson_runs_in_its_page_run_in_one(laboratory: Laboratory) -> None:
    """The others run at once in test_live_lessons."""
    shown = {recording.example for lesson in LESSONS for recording in recordings(lesson)}
    for example in catalogue.Project().examples:
        if not example.obstacle and example.name not in shown:
            run = laboratory.run(name=example.name, isFolder=example.is_folder)
            run.frame().locator("h1").wait_for()
            assert "Traceback" not in run.log


def test_two_examples_share_one_python(laboratory: Laboratory) -> None:
    first, second = laboratory.run(COUNTER), laboratory.run(COUNTER)
    second.wait("run.wire.filter((each) => each.what === 'event').length > 3")
    assert len(laboratory.page.workers) == 1
    first.call("stop()")
    first.wait_for_log("finally")
    count = len(second.wire(what="event"))
    second.wait(f"run.wire.filter((each) => each.what === 'event').length > {count + 5}")
    assert "finally" not in second.log
    assert "begin" in first.log
    first.wait("run.wire.filter((each) => each.kind === 'end' && each.by === 'server').length === 2")  # page, stream


@pytest.mark.parametrize(
    ("program", "message", "line"),
    [
        ("app = 1\ndef f(:\n", "SyntaxError: invalid syntax", 2),
        ("\n\nimport numpy\n", "There is no module “numpy” in this page: it has the tutorial's own packages only.", 3),
        ("def f():\n    return 1 / 0\n\nprint('begun')\nf()\n", "ZeroDivisionError: division by zero", 2),
        ("x = 1\n", "The example has no “app”: the server needs an ASGI application of that name.", None),
    ],
)
def test_a_program_that_does_not_start(laboratory: Laboratory, program: str, message: str, line: int | None) -> None:
    failure = laboratory.page.evaluate(
        """(source) =>
          run("program", { files: { "program.py": source } })
            .catch(({ name, message, line, log }) => ({ name, message, line, log }))""",
        program,
    )
    printed = failure.pop("log")
    assert ("begun\nTraceback" in printed) == ("begun" in program)
    assert failure == {"name": "StartError", "message": message, "line": line}
    laboratory.run(COUNTER).wait("run.log.includes('begin')")  # and another one does


def test_an_example_that_does_not_exist(laboratory: Laboratory) -> None:
    with pytest.raises(Error, match="The program of this example could not be fetched"):
        laboratory.run(name="nothing")
    laboratory.run(COUNTER).wait("run.log.includes('begin')")  # and another one runs


LOOP = COUNTER.replace("            await asyncio.sleep(pause)", "            while number > 3: pass")


def test_an_endless_loop_does_not_keep_the_page_nor_stop(laboratory: Laboratory) -> None:
    other, run = laboratory.run(COUNTER), laboratory.run(LOOP)
    run.wait("run.wire.filter((each) => each.what === 'event').length >= 2")
    assert laboratory.page.evaluate("1 + 1") == 2
    check = f"(({{ running }}) => {{ const said = running.check('[]', []); running.stop(); return said; }})({run.name})"
    assert laboratory.page.evaluate(check).startswith("Python was busy when the program was stopped")
    other.wait("run.ended !== null")
    assert other.page.evaluate(f"{other.name}.ended") == "Python did not stop and was ended."
    laboratory.run(COUNTER).wait("run.wire.filter((each) => each.what === 'event').length > 3")


def test_two_that_do_not_stop_are_both_ended(laboratory: Laboratory) -> None:
    runs = [laboratory.run(COUNTER), laboratory.run(LOOP)]
    runs[1].wait("run.wire.filter((each) => each.what === 'event').length >= 2")
    stopped = "Promise.allSettled([runs[0].running.stop(), runs[1].running.stop()])"
    assert laboratory.page.evaluate(f"{stopped}.then((all) => all.map(({{ status }}) => status))") == ["fulfilled"] * 2
    laboratory.run(COUNTER).wait("run.wire.filter((each) => each.what === 'event').length > 3")


def test_a_run_waits_until_what_was_stopped_before_has_ended(laboratory: Laboratory) -> None:
    run = laboratory.run(LOOP)
    run.wait("run.wire.filter((each) => each.what === 'event').length >= 2")
    laboratory.page.evaluate("void runs[0].running.stop()")
    laboratory.run(COUNTER).wait("run.wire.filter((each) => each.what === 'event').length > 3")


GIVE_UP = """(source) => {
  const giveUp = new AbortController();
  const before = steps.length;
  const options = { files: { "program.py": source }, signal: giveUp.signal };
  const failed = run("program", options).catch((error) => error.message);
  const isStarting = () => steps.slice(before).some(([step]) => step === "Starting the server");
  const waiting = setInterval(() => isStarting() && giveUp.abort(), 50);
  return failed.finally(() => clearInterval(waiting));
}"""


def test_an_endless_loop_while_starting_can_be_given_up(laboratory: Laboratory) -> None:
    why = laboratory.page.evaluate(GIVE_UP, "while True: pass")
    assert why == "Python did not stop and was ended."
    laboratory.run(COUNTER).wait("run.log.includes('begin')")


WAITING = """
import asyncio

async def app(scope, receive, send):
    print("starting")
    try:
        await asyncio.Event().wait()
    finally:
        print("given up")
"""


def test_giving_up_what_does_not_start_leaves_the_others_alone(laboratory: Laboratory) -> None:
    other = laboratory.run(COUNTER)
    assert isinstance(laboratory.page.evaluate(GIVE_UP, WAITING), str)
    count = len(other.wire(what="event"))
    other.wait(f"run.wire.filter((each) => each.what === 'event').length > {count + 5}")
    assert other.page.evaluate(f"{other.name}.ended") is None


FLOOD = COUNTER.replace("            await asyncio.sleep(pause)", "            print('line', number)")
HEARD = "run.wire.filter((each) => each.what === 'event').map((each) => each.data)"


def test_a_stream_without_await_waits_for_its_page_and_ends_with_its_client(laboratory: Laboratory) -> None:
    run = laboratory.run(FLOOD)
    run.wait("run.floods.length === 2")
    assert any("prints more" in sentence for sentence in run.floods)
    assert any("sends faster" in sentence for sentence in run.floods)
    run.inside("source.close()")
    run.wait_for_log("finally")
    heard = run.page.evaluate(f"((run) => {HEARD})({run.name})")
    assert heard == [str(number) for number in range(len(heard))]  # none is lost, each is told after its bytes
    assert not run.wire(unheard=True)
    assert int(run.log.rpartition("line ")[2].split()[0]) < len(heard) + 1_000  # as far ahead as there is room


def test_a_chunk_of_many_events_comes_in_pieces(laboratory: Laboratory) -> None:
    many = COUNTER.replace('yield "retry: 20', 'yield "data: x\\n\\n" * 1500 + "retry: 20')
    run = laboratory.run(many)
    run.wait("run.wire.filter((each) => each.what === 'event').length > 1500")
    longest = max(each["text"].count("\n") for each in run.wire(kind="chunk"))
    assert longest < 1000


LIFESPAN = COUNTER.replace(
    "app = Starlette(",
    """from contextlib import asynccontextmanager

@asynccontextmanager
async def lifespan(app):
    print("startup")
    yield
    print("shutdown")

app = Starlette(lifespan=lifespan, """,
)


def test_the_application_starts_up_and_shuts_down(laboratory: Laboratory) -> None:
    run = laboratory.run(LIFESPAN)
    run.wait_for_log("begin")
    run.wait("run.wire.some((each) => each.what === 'event')")
    run.page.evaluate(f"({run.name}.frame.remove(), {run.name}.running.stop())")  # in one go, as the page does
    run.wait_for_log("finally\nshutdown")
    run.wait("run.wire.some((each) => each.kind === 'end')")
    run.page.evaluate("new Promise((resolve) => setTimeout(resolve, 100))")  # by then the page's account has come
    assert not run.wire(what="error")


RARE = """
import random, time
from starlette.responses import PlainTextResponse

async def app(scope, receive, send):
    if scope["type"] == "http":
        time.sleep(0.01)
        import xmlrpc.client, email.mime.audio, tzdata
        await PlainTextResponse(f"{random.random()} {xmlrpc.client.dumps((1,))[:8]}")(scope, receive, send)
"""
# A second from each look at the clock to the next, and the browser has no account of its own.
SLOW = "performance.now = ((time) => () => (time += 1000))(0); performance.getEntriesByName = () => [];"
QUICK = "performance.now = () => 0;"
SAVING = "Object.defineProperty(navigator, 'connection', { value: { saveData: true } });"
KEPT = """async (end) => {
  const kept = await (await caches.open("streamside /some/prefix/")).keys();
  return kept.some(({ url }) => url.endsWith(end));
}"""


@pytest.mark.parametrize(
    ("script", "left_out", "kept"),
    [
        (QUICK, "boot.zip", ["started.bin.packed", "wasm.packed"]),
        pytest.param(SLOW, "started.bin", ["started.bin.packed", "boot.zip.packed"], marks=pytest.mark.nightly),
        (SLOW + SAVING, "started.bin", ["boot.zip.packed"]),
    ],
    ids=["quick", "slow", "saving"],
)
def test_python_starts_from_what_comes_sooner_and_fetches_rare_modules_on_demand(
    fresh: Laboratory, script: str, left_out: str, kept: list[str]
) -> None:
    page, asked, numbers = fresh.page, [], set()
    page.on("request", lambda request: asked.append(request.url.rpartition("-")[2].removesuffix(".packed")))
    page.add_init_script(script)
    for visit in ("first", "second"):
        asked.clear()
        fresh.open()
        fresh.run(name="basic_stream").wait("run.wire.some((each) => each.what === 'event')")
        assert "all.zip" not in asked
        assert set(asked) & {*bundle.PACKED} == ({*bundle.PACKED} - {left_out} if visit == "first" else set())
        number, marshalled = fresh.run(RARE).inside("document.body.textContent").split()
        assert marshalled == "<params>"
        assert "all.zip" in asked
        numbers.add(number)
        while not all(page.evaluate(KEPT, name) for name in ("basic_stream.py", "asm.mjs.packed", *kept)):
            page.wait_for_timeout(50)  # or the test's time limit
    assert page.evaluate(KEPT, "started.bin.packed") == ("started.bin.packed" in kept)
    assert len(numbers) == 2


def test_tabs_are_independent(laboratory: Laboratory) -> None:
    other = Laboratory(laboratory.page.context.new_page(), laboratory.url)
    other.page.set_default_timeout(1000 * PATIENCE)
    other.open()
    first, second = laboratory.run(COUNTER), other.run(COUNTER)
    for run in (first, second):
        run.wait("run.wire.filter((each) => each.what === 'event').length > 3")
    second.call("cable.cut()")
    other.page.close()
    count = len(first.wire(what="event"))
    first.wait(f"run.wire.filter((each) => each.what === 'event').length > {count + 20}")
    assert "finally" not in first.log
