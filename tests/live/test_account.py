"""What the service worker tells a tab: no more at a time than it draws; and what the tab takes for a flood."""

import json
import subprocess
from pathlib import Path
from typing import Any

from streamside.setup import node

LIVE = Path(__file__).parents[2] / "blog/live"
ACCOUNT = """
const { Account } = await import(process.argv[1]);
const timers = [];
globalThis.setTimeout = (act) => timers.push(act);
const posted = [];
const account = new Account((message) => posted.push(message));
const soon = () => new Promise(setImmediate);
const sizes = [];
const look = async () => { await soon(); sizes.push(posted.map(({ entries }) => entries.length)); };
account.add("one", { kind: "a" });
account.add("one", { kind: "b" });
await look();
for (let n = 0; n < 62; n++) account.add("one", { kind: "c" });
await look();
let told = false;
account.add("two", { kind: "d" });
account.told().then(() => (told = true));
await look();
const before = told;
account.drawn(2);
await look();
for (let n = 0; n < 100; n++) account.add("one", { kind: "e" });
account.add("one", { kind: "f" });
account.send();
account.add("one", { kind: "g" });
await look();
timers.at(-1)();
await look();
const counts = posted.map(({ count }) => count);
console.log(JSON.stringify({ sizes, before, told, first: posted[0].entries[0], counts }));
"""
FLOOD = """
const { Flood } = await import(process.argv[1]);
const told = [];
let now = 0;
const flood = new Flood(() => told.push(now));
for (now = 0; now < 900; now += 100) flood.notice(now);
for (now = 5000; now < 9000; now += 100) flood.notice(now);
console.log(JSON.stringify(told));
"""


def run(script: str, module: str) -> Any:
    command = [node(), "--input-type=module", "-e", script, (LIVE / module).as_uri()]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_a_tab_is_told_no_more_than_it_draws() -> None:
    seen = run(ACCOUNT, "service-worker/account.js")
    assert seen["first"]["server"] == "one"
    assert seen["first"]["message"]["kind"] == "a"
    assert seen["first"]["message"]["time"] > 1.7e12  # since 1970
    together, more, full, drawn, forced, forgotten = seen["sizes"]
    assert together == [2]
    assert more == full == [2, 62]
    assert not seen["before"]
    assert drawn == [2, 62, 1]
    assert seen["told"]
    assert forced == [2, 62, 1, 101]  # asked for: all of it, at once
    assert forgotten == [2, 62, 1, 101, 1]  # a tab that says nothing for long is told all the same
    assert seen["counts"] == [2, 64, 65, 166, 167]


def test_a_burst_is_no_flood_and_a_flood_is_told_once() -> None:
    assert run(FLOOD, "page/flood.js") == [6000]
