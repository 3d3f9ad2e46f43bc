"""What an example's page will ask for is fetched ahead: once, however many examples name it."""

import json
import subprocess
from pathlib import Path

from streamside.setup import node

SCRIPT = Path(__file__).parents[2] / "blog/live/page/assets-ahead.js"
PROGRAM = """
const asked = [];
globalThis.fetch = async (url) => { asked.push(url.split("/live/")[1]); throw new TypeError("no network"); };
const { fetchAssets } = await import(process.argv[1]);
const htmx = "https://cdn.jsdelivr.net/npm/htmx.org@2.0.7/dist/htmx.min.js";
await fetchAssets({ "one.py": htmx });
await fetchAssets({ "two.py": `${htmx} https://cdn.jsdelivr.net/npm/@picocss/pico@2.1.1/css/pico.classless.min.css` });
process.stdout.write(JSON.stringify(asked));
"""


def test_each_file_is_fetched_once_and_that_it_cannot_be_is_no_error() -> None:
    command = [node(), "--input-type=module", "--eval", PROGRAM, SCRIPT.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert not done.returncode, done.stderr
    assert json.loads(done.stdout) == [
        "frame/probe.js",
        "assets/htmx.org@2.0.7/dist/htmx.min.js",
        "assets/@picocss/pico@2.1.1/css/pico.classless.min.css",
    ]
