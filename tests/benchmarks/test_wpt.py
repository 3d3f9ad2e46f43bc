"""The application that serves the public suite: what its own server makes of scripts and of handlers."""

from collections.abc import Callable
from typing import Any

import httpx

from benchmarks.wpt import pages
from benchmarks.wpt_app import Checkout

FILES = {
    "eventsource/one.any.js": "// META: title=One\n// META: global=window,worker\n",
    "eventsource/two.window.js": "",
    "eventsource/other.window.js": 'new EventSource("resources/cors.py")',
    "eventsource/deep/three.worker.js": "",
    "eventsource/four.htm": "<script src=/resources/testharness.js></script>",
    "eventsource/resources/no.htm": "<script src=/resources/testharness.js></script>",
    "eventsource/resources/answer.py": """
import time
def main(request, response):
    time.sleep(0.001)
    response.set_cookie(b"seen", request.GET.first(b"name", b"nobody"))
    return (202, b"Said"), [(b"Content-Type", b"text/event-stream")], b"data: " + request.headers.get(b"Accept")
""",
    "eventsource/resources/said.event_stream": "data: {{headers[accept]}}",
}


def test_it_serves_what_the_suites_own_server_does(serving: Callable[[Any], str]) -> None:
    names = list(pages(FILES))
    assert names == [
        "eventsource/one.any.html",
        "eventsource/one.any.worker.html",
        "eventsource/one.any.sharedworker.html",
        "eventsource/two.window.html",
        "eventsource/deep/three.worker.html",
        "eventsource/four.htm",
    ]
    with httpx.Client(base_url=serving(Checkout(FILES)), headers={"accept": "me"}) as client:
        said = [client.get(f"/{name}").text for name in names]
        assert "<title>One</title>" in said[0]
        assert 'src="/eventsource/one.any.js"' in said[0]
        assert 'new Worker("/eventsource/one.any.worker.js")' in said[1]
        assert 'new SharedWorker("/eventsource/one.any.worker.js")' in said[2]
        assert 'new Worker("/eventsource/deep/three.worker.js")' in said[4]
        assert '"/eventsource/one.any.js"' in client.get("/eventsource/one.any.worker.js").text
        answer = client.get("/eventsource/resources/answer.py?name=a%20b")
        assert (answer.status_code, answer.text, answer.headers["set-cookie"]) == (202, "data: me", "seen=a b; Path=/")
        assert client.get("/eventsource/resources/said.event_stream?pipe=sub").text == "data: me"
        assert client.get("/eventsource/nothing.html").status_code == 404
