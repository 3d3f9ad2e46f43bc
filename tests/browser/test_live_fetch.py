"""Event streams that a page's script fetches: what the Wire is told of them, and that the server hears of an abort."""

from tests.browser.laboratory import COUNTER, Laboratory

POSTED = (
    COUNTER.replace("let source = listen();", "const controller = new AbortController();")
    .replace(
        "def stream(request):", "async def stream(request):\n    print(dict(request.headers), await request.body())"
    )
    .replace('Route("/stream", stream)', 'Route("/stream", stream, methods=["POST"])')
)
READ = """
(async () => {
  const { signal } = controller;
  const asked = new Request("stream", { method: "POST", body: '{"a": "é"}', headers: { Authorization: "Bearer x" } });
  const response = await fetch(asked, { signal });
  const body = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("data: 3")) text += (await body.read()).value;
  const toTheEnd = async () => { while (!(await body.read()).done); };
  globalThis.ending = toTheEnd().catch((error) => error.name);
  return [response.url, [...response.headers.keys()]];
})()
"""


def test_a_fetch_is_told_with_what_it_sends_and_who_ends_it(laboratory: Laboratory) -> None:
    run = laboratory.run(POSTED)
    url, names = run.inside(READ)
    assert "streamside" not in f"{url}{names}"
    (asked,) = run.wire(kind="request", method="POST")
    assert (asked["body"], asked["more"]) == ('{"a": "é"}', 0)
    assert dict(asked["headers"])["authorization"] == "Bearer x"
    assert asked["fetch"]
    lines = [line for chunk in run.wire(connection=asked["connection"], kind="chunk") for line in chunk["lines"]]
    assert [line["event"]["data"] for line in lines if line["event"]][:2] == ["0", "1"]
    assert "streamside" not in run.log
    run.inside("controller.abort()")
    assert run.inside("ending") == "AbortError"
    run.wait("run.wire.some(({ kind }) => kind === 'fetch')")
    (end,) = run.wire(kind="end", connection=asked["connection"])
    assert end["by"] == "client"
    run.wait_for_log("finally")
    (told,) = run.wire(kind="fetch")
    assert (told["what"], told["connection"]) == ("aborted", asked["connection"])
    assert told["reason"].startswith("AbortError")

    run.inside("fetch('./', { signal: (globalThis.late = new AbortController()).signal }).then((page) => page.text())")
    run.inside("late.abort()")  # there is nothing left of it
    run.call("cable.cut()")
    failure = run.inside("fetch('stream', { method: 'POST' }).catch((error) => `${error}`)")
    run.wait("run.wire.filter(({ kind }) => kind === 'fetch').length > 1")
    (failed,) = run.wire(kind="fetch")[1:]
    assert (failed["what"], failed["reason"]) == ("failed", failure)
