"""What is fetched to start Python: ahead of the press as little as a slow connection is to carry, then the rest."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from streamside.setup import node

LIVE = Path(__file__).parents[2] / "blog/live"
SCRIPTS = ["pyodide.asm.mjs", "pyodide.mjs"]
SIZES = dict(zip(SCRIPTS, (270_000, 8_000), strict=True)) | {
    "pyodide.asm.wasm": 3_500_000,
    "boot.zip": 1_600_000,
    "started.bin": 4_700_000,
}
# A cache of promises stands for the browser's, a function for its network; every look at the clock takes `TICK`.
PROGRAM = """
const [script, tick, isAsked, responseEnd] = JSON.parse(process.argv[1]);
const { gzipSync } = await import("node:zlib");
const asked = [], told = [], signals = new Set();
let time = 0;
performance.now = () => (time += tick);
globalThis.PerformanceResourceTiming = class {
  encodedBodySize = 270_000;
  responseStart = 0;
  responseEnd = responseEnd;
};
performance.getEntriesByName = () => (responseEnd ? [new PerformanceResourceTiming()] : []);
Object.defineProperty(globalThis, "navigator", { value: { serviceWorker: { controller: null } }, configurable: true });
globalThis.caches = { open: async () => undefined };
const noise = crypto.getRandomValues(new Uint8Array(60_000));
const size = [...noise, ...Array(9).fill([...noise]).flat()];
const module = Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, 0, 0xc2, 0xcf, 0x24, 1, 120, ...size]);
globalThis.fetch = async (url, { signal, priority }) => {
  const name = url.split("/").at(-1);
  asked.push([name, priority]);
  signals.add(signal);
  return new Response(gzipSync(name === "pyodide.asm.wasm" ? module : noise));
};
const { Fetching } = await import(script);
const ending = new AbortController();
const fetching = new Fetching((...progress) => told.push(progress), ending.signal);
if (isAsked) fetching.ask();
const scripts = fetching.scripts(Promise.resolve());
const files = fetching.files();
await scripts;
for (let turn = 0; turn < 300; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
const ahead = asked.splice(0);
fetching.ask();
await Promise.all([files.module, files.memory]);
const isSnapshot = await files.isSnapshot;
const isOfOne = signals.size === 1 && signals.has(ending.signal);
process.stdout.write(JSON.stringify([ahead, asked, isSnapshot, told.at(-1), isOfOne]), () => process.exit());
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The module, beside a table of files."""
    folder = tmp_path_factory.mktemp("live")
    for name in ("package.json", "page/after.js", "page/idle.js", "page/python-files.js", "shared/kept-files.js"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(LIVE / name, folder / name)
    files = {name: f"files/{name}" for name in SIZES}
    (folder / "bundle.js").write_text(f"globalThis.streamside = {json.dumps({'files': files, 'sizes': SIZES})};\n")
    return (folder / "page/python-files.js").as_uri()


def fetch(script: str, tick: float, *, is_asked: bool = False, network: float = 0) -> Any:
    arguments = json.dumps([script, tick, is_asked, network])
    command = [node(), "--input-type=module", "--eval", PROGRAM, arguments]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_a_slow_connection_carries_little_before_the_reader_asks(script: str) -> None:
    ahead, afterwards, is_snapshot, _, is_of_one = fetch(script, tick=1000)
    assert sorted(ahead) == [[name, "low"] for name in sorted(["boot.zip", *SCRIPTS])]
    assert sum(SIZES[name] for name, _ in ahead) < 2_000_000
    assert afterwards == [["pyodide.asm.wasm", "auto"]]
    assert not is_snapshot
    assert is_of_one  # whoever gives up stops all of it


def test_a_quick_one_carries_all_of_it(script: str) -> None:
    ahead, afterwards, is_snapshot, (loaded, size, is_size_known), _ = fetch(script, tick=0)
    assert {name for name, _ in ahead} == {*SIZES} - {"boot.zip"}
    assert afterwards == []
    assert is_snapshot
    assert size == sum(SIZES.values()) - SIZES["boot.zip"]
    assert is_size_known
    assert 0 < loaded < size


def test_a_busy_page_does_not_take_a_quick_one_for_slow(script: str) -> None:
    for is_asked in (False, True):
        _, _, is_snapshot, _, _ = fetch(script, tick=1000, is_asked=is_asked, network=10)
        assert is_snapshot
    ahead, _, is_snapshot, _, _ = fetch(script, tick=1000, network=1000)
    assert not is_snapshot
    assert "pyodide.asm.wasm" not in dict(ahead)


def test_nothing_is_held_back_from_who_has_asked(script: str) -> None:
    ahead, afterwards, is_snapshot, _, _ = fetch(script, tick=1000, is_asked=True)
    assert sorted(ahead) == [[name, "auto"] for name in sorted({*SIZES} - {"started.bin"})]
    assert afterwards == []
    assert not is_snapshot
