"""The event sources of a page: as before to its scripts, they reconnect and resume as to any server."""

import re

from tests.browser.laboratory import COUNTER, Laboratory


def test_only_the_browsers_own_reconnect_says_the_last_event_id(laboratory: Laboratory) -> None:
    run = laboratory.run(COUNTER)
    run.wait("run.wire.filter((each) => each.what === 'event').length > 3")
    run.inside("source.close()")
    run.inside("source = listen(); 0")  # the same address, a new event source
    run.wait("run.log.split('begin 0').length === 3")
    run.call("cable.cut()")
    run.wait("run.wire.some((each) => each.what === 'error')")
    [error] = run.wire(what="error")[:1]
    assert error["retryIn"] == 20
    run.call("cable.mend()")
    run.wait("run.log.split('begin').length === 4")
    assert re.search(r"begin [1-9]", run.log)
    request = run.wire(kind="request", path="/stream")[-1]
    assert dict(request["headers"])["last-event-id"] == error["willSend"]


def test_the_event_source_of_the_page_is_as_before(laboratory: Laboratory) -> None:
    run = laboratory.run(COUNTER)
    assert re.search(r"/program-\d+/stream$", run.inside("source.url"))
    assert (
        run.inside("source instanceof EventSource && EventSource.CLOSED === 2 && source.constructor.name")
        == "EventSource"
    )
    assert run.inside("new EventSource('stream?a=1#b').url").endswith("/stream?a=1#b")
    assert run.inside("try { new EventSource('http://[') } catch (error) { error.name }") == "SyntaxError"


WORKER = (
    COUNTER.replace("HTMLResponse,", "HTMLResponse, Response,")
    .replace('Route("/", page)', 'Route("/", page), Route("/worker.js", lambda request: worker(request))')
    .replace(
        "let source = listen();",
        "const worker = new Worker('/worker.js'); worker.onmessage = (event) => events.push(event.data);"
        "const inFrame = [], frame = document.createElement('iframe'); tell = (data) => inFrame.push(data);"
        "frame.srcdoc = `<script>source = new EventSource('stream');"
        "source.addEventListener('number', (event) => parent.tell(event.data))</${'script'}>`;"
        "document.body.append(frame);",
    )
    + """
def worker(request):
    # Named, or it may be forgotten while it waits to reconnect: nobody listens to its open, message and error.
    script = "const source = new EventSource('stream'); source.addEventListener('number', tell)"
    script += "; function tell(event) { postMessage(event.data); }"
    return Response(script, media_type="text/javascript")
"""
)


def test_event_sources_in_a_worker_and_in_a_srcdoc_frame_resume_after_a_cut(laboratory: Laboratory) -> None:
    run = laboratory.run(WORKER)
    both = "run.frame.contentWindow.eval('Math.min(events.length, inFrame.length)')"
    run.wait(f"{both} > 3")
    run.call("cable.cut()")
    before = run.inside("[events.length, inFrame.length]")
    run.call("cable.mend()")
    run.wait(f"{both} > {max(before) + 3}")
    for name in ("events", "inFrame"):
        numbers = [int(each) for each in run.inside(name)]
        assert numbers == list(range(len(numbers))), name
    run.inside("worker.terminate(); frame.remove()")
    run.wait("run.log.split('finally').length === 5")


def test_204_ends_a_stream_for_good(laboratory: Laboratory) -> None:
    run = laboratory.run(
        COUNTER.replace(
            "    first =",
            "    if 'last-event-id' in request.headers:\n        return Response(status_code=204)\n    first =",
        ).replace("HTMLResponse,", "HTMLResponse, Response,")
    )
    run.wait("run.wire.filter((each) => each.what === 'event').length > 3")
    run.call("cable.cut()")
    run.call("cable.mend()")
    run.wait("run.wire.some((each) => each.what === 'error' && each.readyState === 2)")
    run.wait("run.wire.some((each) => each.status === 204)")
    assert run.wire(kind="end", by="server")
