"""A WebSocket in an example's page: as the standard has it, in the Wire, and on a cable."""

import pytest

from tests.browser.laboratory import Laboratory, Run
from tests.browser.web_sockets import OPEN, SOCKETS, VISITS


@pytest.fixture
def run(laboratory: Laboratory) -> Run:
    """The program with WebSockets, running."""
    running = laboratory.run(SOCKETS)
    running.inside(OPEN)
    return running


def test_it_does_what_the_standard_says(run: Run) -> None:
    for act, expected in VISITS:
        assert run.inside(act) == expected, act
    run.wait_for_log("left 3001 enough")
    run.wait_for_log("left 4002 as you wish")
    run.wait_for_log("left 1005")
    assert f"origin {run.page.evaluate('location.origin')} ws://" in run.log


def test_its_handshake_and_its_messages_are_in_the_wire(run: Run) -> None:
    run.inside(VISITS[0][0])
    run.wait("run.wire.some((each) => each.kind === 'end' && each.why === 'The WebSocket is closed.')")
    request = run.wire(kind="request")[-1]
    number = request["connection"]
    assert (request["method"], request["path"]) == ("GET", "/echo")
    assert {"upgrade": "websocket", "sec-websocket-protocol": "one, two"}.items() <= dict(request["headers"]).items()
    [response] = run.wire(kind="response", connection=number)
    assert (response["status"], dict(response["headers"])["sec-websocket-protocol"]) == (101, "one")
    frames = [
        [each[key] for key in ("by", "what", "text", "size")] for each in run.wire(kind="frame", connection=number)
    ]
    words = [["bytes", "61", 1], ["text", "\ufffdé", 5], ["bytes", "02 03", 2], ["bytes", "00", 1]]
    for by in ("client", "server"):
        assert [each[1:] for each in frames if each[0] == by] == [*words, ["close", "3001 enough", 8]]


TALK = """
globalThis.talk = [];
globalThis.socket = new WebSocket("echo");
for (const type of ["open", "message", "error", "close"])
  socket.addEventListener(type, ({ data, code }) => talk.push(data ?? code ?? type));
new Promise((resolve) => socket.addEventListener("open", () => resolve(talk)));
"""


def test_the_cable_cuts_delays_and_limits_it(run: Run) -> None:
    heard = f"{run.name}.frame.contentWindow.talk"
    run.inside(TALK)
    run.call("cable.cut()")
    run.wait(f"{heard}.join() === 'open,1006'")
    run.wait_for_log("left 1006")
    assert "1006" in run.wire(kind="end")[-1]["why"]
    assert not run.wire(kind="frame")  # no goodbye
    run.inside(f"{TALK}; 0")
    run.wait(f"{heard}.join() === 'error,1006'")
    run.call("cable.mend()")
    run.call("cable.answer(503)")
    run.inside(f"{TALK}; 0")
    run.wait(f"{heard}.join() === 'error,1006'")
    run.call("cable.hold(true)")  # which a proxy does not do to a WebSocket
    run.inside(TALK)
    run.call("cable.delay(400)")
    run.inside("socket.send('late')")
    run.wait(f"{heard}.includes('late')")
    run.call("cable.delay(0)")
    run.call("cable.rate(50)")
    run.inside("socket.send('s'.repeat(48))")
    run.wait(f"{heard}.length === 3")
    for said, answer in zip(run.wire(kind="frame", by="client"), run.wire(kind="frame", by="server"), strict=True):
        assert answer["time"] - said["time"] > 390, answer


@pytest.mark.parametrize(
    ("leave", "codes", "close"),
    [
        ("(run) => { run.frame.src = 'about:blank'; }", "1001", None),
        ("(run) => run.frame.remove()", "1001", None),
        ("(run) => run.running.cable.restart()", "1012", 1012),
        ("(run) => run.running.stop()", "1006|1012", 1006),  # the service worker or Python may be first
    ],
    ids=["left", "removed", "restart", "stop"],
)
def test_whoever_goes_is_heard_of(run: Run, leave: str, codes: str, close: int | None) -> None:
    run.inside(TALK)
    run.page.evaluate(f"() => {{ {run.name}.talk = {run.name}.frame.contentWindow.talk; }}")
    run.page.evaluate(f"({leave})({run.name})")
    run.wait(f"/left ({codes})/.test(run.log)")
    if close:
        run.wait(f"[{close}, 1012].includes(run.talk.at(-1))")
    if close == 1012:
        assert run.wire(kind="frame")[-1]["text"] == "1012"
