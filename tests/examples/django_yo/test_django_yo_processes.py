import os
import re
import signal
from pathlib import Path

import pytest

from tests.patience import PATIENCE

FOLDER = Path(__file__).resolve().parents[3] / "examples" / "django_yo"
SEND = """
import examples.django_yo
from examples.django_yo.models import Yo
Yo.objects.create(from_user_id=2, to_user_id=1)
"""
LOSE = f"""
import examples.django_yo
from examples.django_yo import demo
demo.prepare()
{SEND}
demo.clear()
"""


def yo(number, sender, receiver):
    return ["event: yo", f'data: {{"id": {number}, "text": "yo from {sender} to {receiver}"}}']


def test_with_redis_two_workers_and_a_command_are_one(workers, visitor, listening, send):
    (one, two), run = workers
    ann, ben = visitor(one, "ann", "in the test"), visitor(two, "ben", "in the test")
    here, there, anns = listening(one), listening(two), listening(two, "/events/mine", ann)  # one session for both
    send(ben, 1)
    send(ann, 2)
    for stream in (here, there):
        assert [stream.event(), stream.event()] == [yo(1, "ben", "ann"), yo(2, "ann", "ben")]
    run(SEND)
    assert here.event() == there.event() == yo(3, "ben", "ann")
    assert [anns.event(), anns.event()] == [yo(1, "ben", "ann"), yo(3, "ben", "ann")]


def test_what_happens_in_another_process_shows_in_the_page(workers, page):
    (one, _), run = workers
    page.goto(one)
    page.get_by_text("listening").wait_for()
    for _ in range(2):
        run(SEND)
    page.get_by_text("yo from ben to ann").nth(1).wait_for()


def test_what_is_lost_while_redis_is_down_leaves_a_trace(processes, tmp_path):
    nowhere = {"REDIS_URL": "redis://127.0.0.1:1", "TMPDIR": str(tmp_path)}
    printed, _ = processes(LOSE, **nowhere).communicate(timeout=PATIENCE)
    assert "Error calling" in printed
    assert "Connection" in printed


# Without a limit to uvicorn's patience, nothing but the example can end its streams.
ALONE = "import runpy, uvicorn; run = uvicorn.run; uvicorn.run = lambda app, **_: run(app, port=0)\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no way to send one process a Ctrl-C")
@pytest.mark.parametrize("start", [f"run_path({str(FOLDER)!r}", "run_module('examples.django_yo'"])
def test_it_runs_alone_and_stops_with_a_stream_open(processes, address, listening, visitor, send, tmp_path, start):
    process = processes(f"{ALONE}runpy.{start}, run_name='__main__')", TMPDIR=str(tmp_path))
    said = process.stdout.readline()
    url = address(process)
    stream = listening(url)
    send(visitor(url, "ben", re.search(r"password is (\S+)", said)[1]), 1)
    assert stream.event() == yo(1, "ben", "ann")
    assert list(tmp_path.glob("yo-*"))
    process.send_signal(signal.SIGINT)
    assert stream.response.read() == b""  # which complains when it is cut off
    said, _ = process.communicate(timeout=PATIENCE)
    assert "Application shutdown complete" in said
    assert "Cancel" not in said  # as uvicorn does with streams that have not ended by themselves
    assert "Traceback" not in said
    assert not list(tmp_path.glob("yo-*")), "the database has gone too"
