"""An example's own packages: how much of them has come is told, and who stops ends the fetching."""

import json
import shutil
import subprocess
from pathlib import Path

from streamside.setup import node

LIVE = Path(__file__).parents[2] / "blog/live"
# A cache of promises stands for the browser's, a function for its network: half of the archive comes, then nothing.
PROGRAM = """
const [script] = process.argv.slice(1);
Object.defineProperty(globalThis, "navigator", { value: { serviceWorker: { controller: null } }, configurable: true });
globalThis.caches = { open: async () => undefined };
const signals = [], told = [];
globalThis.fetch = async (url, { signal }) => {
  signals.push(signal);
  signal.throwIfAborted();
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(600_000));
      signal.addEventListener("abort", () => controller.error(signal.reason));
    },
  });
  return new Response(body);
};
const { ExamplePackages } = await import(script);
const packages = { archive: "files/0-own.zip", size: 1_200_000 };
const given = new ExamplePackages(packages, new AbortController().signal, async () => {});
const [one, other] = [new AbortController(), new AbortController()];
const waits = [one, other].map(({ signal }) => given.wait((...each) => told.push(each), signal));
while (told.length < 4) await new Promise((resolve) => setTimeout(resolve, 1));
one.abort();
const first = await waits[0].catch(({ message }) => message);
const isKept = !signals[0].aborted && !given.isGivenUp;
other.abort();
const second = await waits[1].catch(({ message }) => message);
const ended = new AbortController();
const without = new ExamplePackages(packages, ended.signal, async () => {});
ended.abort(new Error("Python was ended."));
const third = await without.wait(() => {}).catch(({ message }) => message);
process.stdout.write(JSON.stringify([told, first, isKept, second, signals[0].aborted && given.isGivenUp, third]));
"""


def test_bytes_are_told_and_the_last_who_stops_ends_the_fetching(tmp_path: Path) -> None:
    shutil.copytree(LIVE, tmp_path / "live")
    (tmp_path / "live/bundle.js").write_text("globalThis.streamside = { files: {}, sizes: {} };\n")
    script = (tmp_path / "live/page/example-packages.js").as_uri()
    command = [node(), "--input-type=module", "--eval", PROGRAM, script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert not done.returncode, done.stderr
    told, first, is_kept, second, is_over, third = json.loads(done.stdout)
    step = "Fetching the example’s packages"
    assert told[0] == [step, 0.9]
    assert told[-1] == [step, 0.925, "0.6 of 1.2 MB"]
    assert (first, is_kept) == ("It was stopped.", True)
    assert (second, is_over) == ("It was stopped.", True)
    assert third == "The example’s packages: Python was ended."
