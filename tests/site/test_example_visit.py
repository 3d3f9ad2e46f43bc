"""What an example does when it is imported and asked for its page, told by a program of its own."""

import json
import subprocess
import sys

from streamside.paths import ROOT

APP = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the page"})
"""
PROGRAMS = {
    "good": APP,
    "busy": f"import socket\nopen('made', 'w').close()\nsocket.create_server(('', 0)).close()\n{APP}",
    "broken": "import json\n\ndef f():\n    raise ValueError('no')\n\nf()\n",
    "empty": "",
}


def test_each_is_visited_for_itself(tmp_path):
    paths = [tmp_path / f"{name}.py" for name in PROGRAMS]
    for path, text in zip(paths, PROGRAMS.values(), strict=True):
        path.write_text(text)
    command = [sys.executable, "-m", "streamside.site.example_visit", *map(str, paths)]
    done = subprocess.run(command, cwd=ROOT if sys.platform == "win32" else tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    good, busy, broken, empty = json.loads(done.stdout)
    assert good == {"work": [], "status": 200, "page": "the page"}
    assert busy["work"] == ["it opens made for writing", "socket.bind"]
    assert broken == {"error": "ValueError: no", "file": str(paths[2]), "line": 4}
    assert empty == {"error": "it defines no `app`", "file": None, "line": None}
