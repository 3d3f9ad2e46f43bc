"""The server of a notebook's frames: its pages, what they ask for, what they are told; all below a secret."""

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from streamside import catalogue, notebook_frames
from streamside.catalogue import Project
from streamside.exercises import event, to_json
from streamside.notebook_frames import Frames
from streamside.paths import ROOT
from tests.test_cable import WHOLE

PROGRAM = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        print(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": b"data: one\\n\\n", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
"""


@pytest.fixture(scope="module")
def frames() -> Iterator[Frames]:
    frames = Frames()
    yield frames
    frames.stop()


def visit(frames: Frames, steps: Any) -> Any:
    async def main() -> Any:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{frames.port}/{frames.secret}/") as client:
            return await steps(client)

    return asyncio.run(main())


def test_a_page_has_the_element_and_all_that_it_names(frames: Frames):
    number = frames.add("A <title>", "<live-example></live-example>")

    async def steps(client):
        page = await (await client.get(f"{number}.html")).text()
        names = ["live/page/live-example.js", "live/notebook/python.js", "theme/live.css", "live/frame/probe.js"]
        names += ["live/examples/basic_stream.py", "live/examples/django_yo.json"]
        names += ["live/assets/htmx.org@2.0.7/dist/htmx.min.js"]
        found = {name: await client.get(name) for name in names}
        wrong = ["9.html", "live/../../secret", "live/examples/none.py", "live/assets/none@1/x.js", "live/tab-a/x-1/"]
        wrong += ["/alive", "/other-secret/0.html"]
        return (
            page,
            {name: (each.status, await each.text()) for name, each in found.items()},
            [(await client.get(name)).status for name in wrong],
        )

    page, found, wrong = visit(frames, steps)
    assert "<title>A &lt;title&gt;</title>" in page
    assert {status for status, _ in found.values()} == {200}
    assert found["live/examples/basic_stream.py"][1] == Project().example("basic_stream").text
    assert "\nimport " not in found["live/frame/probe.js"][1]
    assert wrong == [404, 404, 404, 404, 503, 404, 404]


def test_modules_that_stand_in_have_what_those_of_a_page_have():
    """The page's own modules name it: what they import of the others is there."""
    table = json.loads(notebook_frames.PAGE.partition('importmap">')[2].partition("</script>")[0])["imports"]
    for name, other in table.items():
        assert (ROOT / "blog" / name).is_file()
        text = (ROOT / "blog" / other).read_text(encoding="utf-8")
        for module in (ROOT / "blog/live/page").glob("*.js"):
            if f"live/page/{module.name}" not in "".join(table):
                for line in module.read_text(encoding="utf-8").splitlines():
                    if line.endswith(f'from "./{Path(name).name}";') and line.startswith("import {"):
                        for imported in line.partition("{")[2].partition("}")[0].split(","):
                            assert f" {imported.strip()}" in text.replace("(", " "), (module.name, imported)


def test_no_module_of_a_frame_needs_the_table_of_the_sites_files():
    """Which is written when the site is made, and which a notebook has not: `streamside.files` and so on."""
    replaced = json.loads(notebook_frames.PAGE.partition('importmap">')[2].partition("</script>")[0])["imports"]
    live = ROOT / "blog/live"
    table = {(live.parent / name).resolve(): live.parent / other for name, other in replaced.items()}
    waiting, seen = [live / "notebook/frame.js"], set()
    while waiting:
        module = waiting.pop()
        text = module.read_text(encoding="utf-8")
        assert "/* global streamside */" not in text, module.name
        seen.add(module)
        imported = {(module.parent / name).resolve() for name in re.findall(r'(?:from|import)[ (]"(\..+?\.js)"', text)}
        waiting += {table.get(each, each) for each in imported} - seen
    assert live / "page/run-example.js" in seen


async def listen(client: aiohttp.ClientSession, told: list[dict[str, Any]]) -> None:
    """Collect what a page is told."""
    async with client.get("local/tab-a1/wire") as stream:
        async for line in stream.content:
            if line.startswith(b"data: "):
                told += json.loads(line.removeprefix(b"data: "))


async def until(told: list[dict[str, Any]], **wanted: object) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            for entry in told:
                if wanted.items() <= (entry.get("message") or entry).items():
                    return entry
            await asyncio.sleep(0.02)


def test_an_example_runs_for_a_page_until_its_file_changes_or_the_page_goes(frames, tmp_path: Path, monkeypatch):
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=lambda *_: ["django_yo"])
    (tmp_path / "examples/made_up.py").write_text(PROGRAM)
    monkeypatch.setattr(notebook_frames, "Project", lambda: catalogue.Project(tmp_path))
    monkeypatch.setattr(notebook_frames, "PATIENCE", 0.0)
    told: list[dict[str, Any]] = []

    async def steps(client):
        async def ask(kind: str, **message: object) -> Any:
            return await (await client.post(f"local/tab-a1/{kind}", data=json.dumps(message))).json()

        listening = asyncio.create_task(listen(client, told))
        await until(told, kind="clock")
        about = {"example": "made_up", "environment": {}}
        wrong = await ask("start", server="made_up-1", files={"made_up.py": "1 / 0"}, **about)
        for server in ("made_up-2", "made_up-3"):
            assert await ask("start", server=server, files={"made_up.py": PROGRAM}, **about) is None
        await ask("cable", server="made_up-2", cable={**WHOLE, "delay": 1})
        stream = await client.get(
            "live/tab-a1/made_up-2/x?streamside-source=s-1", headers={"accept": "text/event-stream"}
        )
        await until(told, kind="chunk", text="data: one\n\n")
        resumption = await ask("resumption", source="s-1")
        unsolved = await ask("check", see=to_json([event("message", "one")]), messages=[], now=0)
        (tmp_path / "examples/made_up.py").write_text(PROGRAM + "\n")
        ended = await until(told, kind="ended", server="made_up-2")
        await until(told, kind="end", by="server", why="The server was stopped.")
        stream.close()
        running = frames._tabs["tab-a1"].servers
        await ask("start", server="made_up-4", files={"made_up.py": PROGRAM}, **about)
        assert list(running) == ["made_up-4"]
        listening.cancel()
        async with asyncio.timeout(20):
            while running:  # noqa: ASYNC110  (nothing tells)
                await asyncio.sleep(0.02)
        return wrong, resumption, unsolved, ended

    wrong, resumption, unsolved, ended = visit(frames, steps)
    assert wrong == {"message": "ZeroDivisionError: division by zero"}
    assert {"kind": "log", "server": "made_up-2", "text": "/x"} in told
    assert resumption == {"lastEventId": "", "reconnectionTime": None}
    assert unsolved.startswith("Missing: an event")
    assert ended["why"] == "The files of the example made_up have changed: Run starts it as they are now."
