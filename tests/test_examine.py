"""The examination as text and as JSON, and its exit status."""

import json

from streamside import examine
from tests import wrong_streams


def test_a_line_for_each_finding_and_a_status(capsys):
    with wrong_streams.serving() as server:
        assert examine.run(f"{server.url}/missing", {}, 1, as_json=False) == 1
        head, line, last = capsys.readouterr().out.splitlines()
        assert head.startswith(f"{server.url}/missing: ")
        assert head.endswith(" s, 1 request")
        assert line == (
            "wrong  status        404. An event source gives up for good at any status but 200 "
            "(notebooks/09-open-close-resume.html). Answer 200, or correct the address."
        )
        assert last == "1 wrong, 0 to be weighed"
        assert examine.run(f"{server.url}/right", {}, 0.3, as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["url"], said["requests"]) == (f"{server.url}/right", 4)
    assert len(said["findings"]) == 17
    assert said["findings"][0] == {
        "verdict": "ok",
        "about": "status",
        "what": "200",
        "why": "",
        "lesson": "",
        "remedy": "",
    }
