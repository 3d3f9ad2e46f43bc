"""A client that vanishes without a word, as if its cable was pulled: the way back to it is taken away."""

import json
import shutil
import subprocess
import sys

import pytest

from streamside.paths import ROOT
from tests.patience import PATIENCE

OWN_NETWORK = ["unshare", "--map-root-user", "--net"]
PROGRAM = """
import json, re, socket, subprocess, time
from urllib.request import urlopen
from examples import in_service
from streamside.supervised import supervised

def number(service, name):
    text = urlopen(service.url + "/metrics").read().decode()
    return float(re.search(rf"(?m)^{re.escape(name)} (.+)$", text)[1])

def ip(*words):
    subprocess.run(["ip", *words], check=True)

ip("link", "set", "lo", "up")
told = []
for limit in 1_000, 60_000:
    with supervised(in_service, {"UNACKNOWLEDGED = 30_000": f"UNACKNOWLEDGED = {limit}"}) as service:
        with socket.socket() as client:
            client.bind(("127.0.0.2", 0))
            client.connect(("127.0.0.1", int(service.url.rpartition(":")[2])))
            client.sendall(b"GET /events HTTP/1.1\\r\\nhost: localhost\\r\\n\\r\\n")
            client.recv(1000)
            ip("route", "add", "blackhole", "127.0.0.2", "table", "local")
            deadline = time.monotonic() + (20 if limit == 1_000 else 3)
            while number(service, "streams_open") and time.monotonic() < deadline:
                time.sleep(0.1)
            left = number(service, 'streams_ended_total{why="left"}')
            told.append([number(service, "streams_open"), left])
            ip("route", "del", "blackhole", "127.0.0.2", "table", "local")
print(json.dumps(told))
"""


def may_have_a_network_of_its_own():
    if sys.platform != "linux" or not shutil.which("unshare") or not shutil.which("ip"):
        return False
    return subprocess.run([*OWN_NETWORK, "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not may_have_a_network_of_its_own(), reason="no network of one's own: needs Linux, unshare and ip")
def test_the_limit_for_what_nobody_acknowledges_finds_it_and_without_it_nobody_does():
    done = subprocess.run(
        [*OWN_NETWORK, sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [[0, 1], [1, 0]]
