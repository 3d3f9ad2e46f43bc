"""The cable between a page and its server: cut, slow, late, held back, answered in place of the server."""

import random

import pytest

from tests.browser.laboratory import COUNTER, Laboratory


@pytest.mark.parametrize(
    "leave",
    [
        "(run) => run.frame.contentWindow.eval('source.close()')",
        "(run) => run.frame.remove()",
        "(run) => { run.frame.src = 'about:blank'; }",
        "(run) => run.running.cable.cut()",
        "(run) => run.running.cable.restart()",
        "(run) => run.running.stop()",
    ],
)
def test_whoever_leaves_cancels_the_generator(laboratory: Laboratory, leave: str) -> None:
    run = laboratory.run(COUNTER)
    run.wait("run.wire.filter((each) => each.what === 'event').length > 3")
    assert "finally" not in run.log
    laboratory.page.evaluate(f"({leave})({run.name})")
    run.wait_for_log("finally")
    assert "Traceback" not in run.log


def test_no_event_is_lost_or_doubled_over_fifty_cuts(laboratory: Laboratory) -> None:
    run = laboratory.run(COUNTER)
    pauses = [random.Random(4).randint(0, 60) for _ in range(50)]
    laboratory.page.evaluate(
        f"""async (pauses) => {{
          const {{ running: {{ cable }}, frame: {{ contentWindow }} }} = {run.name};
          const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
          for (const pause of pauses) {{
            const count = contentWindow.eval("events.length");
            while (contentWindow.eval("events.length") === count) await wait(10);
            await wait(pause);
            await cable.cut();
            await cable.mend();
          }}
        }}""",
        pauses,
    )
    events = [int(number) for number in run.inside("events")]
    assert len(events) >= 50
    assert events == list(range(len(events)))
    run.wait("run.wire.filter((each) => each.kind === 'end' && each.by === 'network').length >= 50")
    reconnects = [dict(each["headers"]) for each in run.wire(kind="request", path="/stream")][1:]
    assert all("last-event-id" in headers for headers in reconnects if headers), reconnects


def test_who_waits_in_a_cut_cable_is_told_at_once(laboratory: Laboratory) -> None:
    run = laboratory.run(COUNTER)
    run.wait("run.wire.some((each) => each.what === 'event')")
    run.call("cable.cut()")
    run.wait("run.wire.some((each) => each.kind === 'waiting')")
    [waiting] = run.wire(kind="waiting")
    assert (waiting["method"], waiting["path"], waiting["source"]) == ("GET", "/stream", 1)
    run.call("cable.mend()")
    run.wait("run.wire.filter((each) => each.what === 'open').length === 2")
    assert run.wire(kind="request")[-1]["connection"] == waiting["connection"]


CABLE = COUNTER.replace("asyncio.sleep(pause)", "asyncio.sleep(0.05)")


def test_a_cable_can_be_slow_late_and_hold_everything_back(laboratory: Laboratory) -> None:
    run = laboratory.run(CABLE, cable={"delay": 400})
    run.wait("run.wire.filter((each) => each.what === 'event').length > 3")
    request, response = run.wire(kind="request", path="/stream")[0], run.wire(kind="response")[1]
    assert response["time"] - request["time"] > 390
    run.call("cable.delay(0)")
    run.call("cable.hold(true)")
    held = -1
    while held < (held := len(run.wire(kind="chunk"))):  # what was on its way may still arrive
        laboratory.page.wait_for_timeout(600)
    run.call("cable.hold(false)")
    run.wait(f"run.wire.filter((each) => each.kind === 'chunk').length > {held + 8}")
    run.call("cable.rate(100)")
    run.wait("run.wire.filter((each) => each.kind === 'chunk' && each.text.length <= 10).length > 12")
    pieces = [chunk for chunk in run.wire(kind="chunk") if len(chunk["text"]) <= 10]
    speed = 1000 * sum(len(piece["text"]) for piece in pieces[1:]) / (pieces[-1]["time"] - pieces[0]["time"])
    assert speed < 110


def test_the_next_answer_can_be_503_or_204(laboratory: Laboratory) -> None:
    run = laboratory.run(COUNTER)
    run.call("cable.answer(503)")
    run.call("cable.cut()")
    run.call("cable.mend()")
    run.wait("run.wire.some((each) => each.what === 'error' && each.readyState === 2)")
    run.wait("run.wire.some((each) => each.status === 503)")
    run.call("cable.answer(204)")
    run.inside("source = listen(); 0")
    run.wait("run.wire.filter((each) => each.what === 'error' && each.readyState === 2).length === 2")
    run.wait("run.wire.some((each) => each.status === 204)")
    run.inside("source = listen(); 0")  # once only
    run.wait("run.wire.at(-1).what === 'event'")


def test_a_restarted_server_begins_anew_and_its_clients_return(laboratory: Laboratory) -> None:
    run = laboratory.run(COUNTER)
    run.wait("run.wire.filter((each) => each.what === 'event').length > 3")
    run.call("cable.restart()")
    run.wait("run.log.split('begin').length === 3")
    run.wait("run.wire.some((each) => each.why === 'The server was stopped.')")


SEVENTH = """
(async () => {
  const soon = () => new Promise((resolve) => setTimeout(resolve, 50));
  source.close();
  const all = Array.from({ length: 8 }, (_, number) => new EventSource(`stream?${number}`));
  let seen = "waits";
  while (all.filter(({ readyState }) => readyState === EventSource.OPEN).length < 6) await soon();
  const fetched = fetch("/").then(() => { seen = "came"; });
  for (let turn = 0; turn < 4; turn++) await soon();
  const states = all.map(({ readyState }) => readyState).join("");
  const before = seen;
  all[0].close();
  while (all[6].readyState !== EventSource.OPEN) await soon();
  all[1].close();
  while (all[7].readyState !== EventSource.OPEN) await soon();
  all[2].close();
  await fetched;
  for (const each of all) each.close();
  return [states, before, seen];
})()
"""


def test_a_visitor_has_six_connections_as_over_http_1(laboratory: Laboratory) -> None:
    run = laboratory.run(COUNTER)
    run.wait("run.wire.some((each) => each.what === 'event')")
    assert run.inside(SEVENTH) == ["11111100", "waits", "came"]
    waiting = run.wire(kind="waiting")
    assert [(each["path"], each["what"]) for each in waiting] == [
        (path, "connections") for path in ("/stream?6", "/stream?7", "/")
    ]
    sent = [each["connection"] for each in run.wire(kind="request")]
    assert {each["connection"] for each in waiting} < set(sent)
