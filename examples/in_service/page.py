"""The page: the news and, where all can see them for once, the numbers."""

SCRIPT = """
const [news, state] = document.querySelectorAll("output");
const numbers = document.querySelector("pre");
const SILENT = 45_000, UNSEEN = 60_000;  // milliseconds: of a dead stream; until a hidden page lets go of its own
let source, heard, waiting, lastEventId = "";

function open() {
    clearTimeout(waiting);
    source?.close();
    heard = Date.now();
    source = new EventSource("events?" + new URLSearchParams({ last_event_id: lastEventId }));
    source.onopen = () => { state.textContent = "open"; };
    source.onerror = () => {
        state.textContent = "lost";
        // A refusal such as a proxy's 502 closes it for good. Not all pages come back at one moment.
        if (source.readyState === EventSource.CLOSED) waiting = setTimeout(open, 5_000 + 10_000 * Math.random());
    };
    for (const type of ["joined", "reset", "message"]) source.addEventListener(type, hear);
}

function hear({ type, data, lastEventId: id }) {
    heard = Date.now();
    lastEventId = id;
    if (type === "message") news.textContent = data;
}

function close() {
    source.close();
    state.textContent = "closed, while nobody looks";
}

document.addEventListener("visibilitychange", () => {
    clearTimeout(waiting);
    if (document.hidden) waiting = setTimeout(close, UNSEEN);
    else if (source.readyState === EventSource.CLOSED || Date.now() - heard > SILENT) open();
});

async function count() {
    const answer = await fetch("metrics");
    const lines = (await answer.text()).split("\\n");
    numbers.textContent = lines.filter((line) => line.startsWith("stream")).join("\\n");
}

open();
setInterval(() => document.hidden || count().catch(() => {}), 2_000);
"""

PAGE = f"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>In service</title>
    <link rel="stylesheet" href="https://cdn.jsdelivr.net/npm/@picocss/pico@2.1.1/css/pico.classless.min.css">
    <style>pre {{ font-size: 0.75rem; white-space: pre-wrap }}</style>
  </head>
  <body>
    <main>
      <h1>In service</h1>
      <p>News: <output>none yet</output> · Stream: <output>not heard of yet</output></p>
      <pre tabindex="0" role="group" aria-label="Metrics">What /metrics says comes here.</pre>
    </main>
    <script type="module">{SCRIPT}</script>
  </body>
</html>
"""
