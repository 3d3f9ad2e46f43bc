"""Lessons in the real JupyterLab, in a browser: Run All with frames open, twice; what is saved; the ways to a frame.

Every night's CI runs this. On every change `test_setup` starts JupyterLab and ends it, `test_lessons` runs each lesson
in its kernel, and `test_notebook_frame` looks at a frame without JupyterLab around it.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from streamside.catalogue import Lesson, Project
from streamside.paths import ROOT
from streamside.site.volatile_outputs import same
from tests.conftest import opened

PROJECT = Project()
BASE = "/hub/user/ann/"
CHOSEN = "10-publish-subscribe"
# What goes on counting in Django's memory, of which a kernel has one: a second run tells other numbers.
NUMBERS = re.compile(r'(?<=id\\":) \d+|(?<=  ) +')  # with the blanks that a table makes room for them by
LESSONS = [lesson for lesson in PROJECT.documents if any(lesson.code)]
pytestmark = [pytest.mark.timeout(600), pytest.mark.nightly]

OPEN = """async (path) => {
    const widget = await jupyterapp.commands.execute("docmanager:open", { path });
    await widget.context.ready;
    await widget.sessionContext.ready;
    await widget.sessionContext.session.kernel.info;
}"""
RUN_ALL = "() => jupyterapp.commands.execute('notebook:run-all-cells')"
RUN = """async (beginnings) => {
    const { content } = jupyterapp.shell.currentWidget;
    for (const beginning of beginnings) {
        const isIt = ({ model }) => model.sharedModel.source.includes(beginning);
        content.activeCellIndex = content.widgets.findIndex(isIt);
        await jupyterapp.commands.execute("notebook:run-cell");
    }
}"""
OUTPUTS = """() => [...jupyterapp.shell.currentWidget.content.model.cells]
    .filter((cell) => cell.type === "code").map((cell) => cell.outputs.toJSON())"""
HEIGHT = "(pane) => pane.offsetHeight / parseFloat(getComputedStyle(document.documentElement).fontSize)"  # in rem
SAVE = "() => jupyterapp.shell.currentWidget.context.save()"
CLOSE = """async () => {
    const { currentWidget } = jupyterapp.shell;
    await currentWidget.sessionContext.shutdown();
    currentWidget.dispose();
}"""


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server such as a hub starts, with its token."""
    folder = tmp_path_factory.mktemp("jupyter")
    folders = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("RUNTIME", "CONFIG", "DATA")}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = [f"--ServerApp.port={port}", f"--ServerApp.base_url={BASE}", "--LabApp.expose_app_in_browser=True"]
    options += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--no-browser"]
    command = [sys.executable, "-m", "streamside", "lab", "--", *options]
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **folders}, stdout=log, stderr=log)
        try:
            yield _address(folder / "log", process)
        finally:
            process.terminate()
            process.wait()


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    """What the server says of itself, as soon as it can be reached: it says so before it listens."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(rf"(http://127\.0\.0\.1:(\d+){BASE}lab)/tree/notebooks(\?token=\w+)", log.read_text()):
            with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", int(found[2]))):
                return found[1] + found[3]
        time.sleep(0.1)
    pytest.fail(log.read_text())


@pytest.fixture(scope="module")
def lab(jupyterlab: str, browser: Browser) -> Iterator[Page]:
    """JupyterLab in a page."""
    with opened(browser) as page:
        page.set_default_timeout(120_000)
        page.goto(jupyterlab)
        page.wait_for_function("() => window.jupyterapp")
        page.evaluate("() => jupyterapp.restored")
        yield page


def said(outputs: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """What cells say in words: in JupyterLab, the HTML of examples and tasks is another."""
    kept = ("name", "text", "ename", "evalue")
    words = [
        [
            {"plain": output.get("data", {}).get("text/plain")} | {key: output[key] for key in kept if key in output}
            for output in cell
        ]
        for cell in outputs
    ]
    return json.loads(NUMBERS.sub("", json.dumps(words)))


def stored(lesson: Lesson) -> list[list[dict[str, Any]]]:
    return said([cell["outputs"] for cell in lesson.notebook["cells"] if cell["cell_type"] == "code"])


def differences(lesson: Lesson, outputs: list[list[dict[str, Any]]]) -> list[Any]:
    pairs = zip(stored(lesson), said(outputs), strict=True)
    return [(before, after) for before, after in pairs if not same(_joined(before), _joined(after))]


def _joined(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Text is stored in lines, and printed in pieces."""
    whole = [
        {key: "".join(value) if isinstance(value, list) else value for key, value in output.items()}
        for output in outputs
    ]
    merged: list[dict[str, Any]] = []
    for output in whole:
        if merged and "text" in output and "text" in merged[-1]:
            merged[-1]["text"] += output["text"]
        else:
            merged.append(output)
    return merged


@contextmanager
def opened_there(lab: Page, lesson: Lesson) -> Iterator[None]:
    """With a lesson open in JupyterLab; its file is afterwards what it was."""
    before = lesson.file.read_bytes()
    lab.evaluate(OPEN, lesson.path)
    try:
        yield
    finally:
        lab.evaluate(CLOSE)
        lesson.file.write_bytes(before)


@contextmanager
def unreachable(lab: Page, addresses: re.Pattern[str]) -> Iterator[None]:
    """Requests to these addresses fail."""
    lab.context.route(addresses, lambda route: route.abort())
    yield
    lab.context.unroute(addresses)


def run_twice(lesson: Lesson, lab: Page, addresses: re.Pattern[str]) -> None:
    """Run All with nobody looking, and again while all its frames, which have these addresses, are open and running."""
    before = lesson.file.read_bytes()
    lab.evaluate(RUN_ALL)
    assert differences(lesson, lab.evaluate(OUTPUTS)) == []
    frames = lab.locator(".streamside-frame iframe")
    expect(frames).to_have_count(sum(len(re.findall(r"^live\(", text, re.M)) for _, text in lesson.code))
    watching = []
    for frame in frames.all():
        expect(frame).to_have_attribute("src", addresses)
        another = lab.context.new_page()
        another.goto(frame.get_attribute("src"))
        another.get_by_role("button", name="Run", exact=True).click()
        expect(another.locator("live-example")).to_have_attribute("state", "running")
        watching.append(another)
    lab.bring_to_front()
    lab.evaluate(RUN_ALL)
    assert differences(lesson, lab.evaluate(OUTPUTS)) == []
    for another in watching:
        expect(another.locator("live-example")).to_have_attribute("state", "running")
        another.close()
    lab.evaluate(SAVE)
    assert lesson.file.read_bytes() == before


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.file.stem)
def test_a_lesson_runs_twice_with_its_frames_open_and_is_saved_as_it_was(lesson: Lesson, lab: Page):
    with opened_there(lab, lesson):
        run_twice(lesson, lab, re.compile(r"^http://127\.0\.0\.1:\d+/"))


def test_behind_a_hub_a_lesson_runs_twice_and_its_frame_goes_through_the_proxy(lab: Page, jupyterlab: str):
    """Ports of the kernel's machine cannot be reached there. Without a proxy either, the frame says what is missing."""
    lesson = next(lesson for lesson in LESSONS if lesson.file.stem == CHOSEN)
    port = re.search(r":(\d+)/", jupyterlab)[1]
    with opened_there(lab, lesson), unreachable(lab, re.compile(rf"http://127\.0\.0\.1:(?!{port}/)")):
        run_twice(lesson, lab, re.compile(rf"^http://127\.0\.0\.1:{port}{BASE}proxy/\d+/"))
        lab.evaluate(RUN, ["live("])  # which brings it into sight
        frame, app = lab.locator(".streamside-frame iframe"), lab.frame_locator(".streamside-frame iframe")
        app.get_by_role("button", name="Run", exact=True).click()
        expect(app.locator("live-example")).to_have_attribute("state", "running")
        expect(app.locator(".wire-list .browser.open").first).to_be_attached()  # htmx is there, and listens
        inside = app.frame_locator("iframe")
        inside.get_by_role("textbox").fill("Through the proxy.")
        inside.get_by_role("button", name="Publish").click()
        expect(inside.get_by_role("list")).to_contain_text("Through the proxy.")
        expect(app.locator(".wire-list")).to_contain_text("Through the proxy.")
        app.get_by_role("button", name="Cut the cable").click()
        expect(app.locator(".wire-list")).to_contain_text("The cable was cut.")
        assert frame.bounding_box()["height"] == app.locator("body").bounding_box()["height"]
        assert app.locator(".live-app").first.evaluate(HEIGHT) == pytest.approx(20, abs=0.1)  # what `height=` is else
        lab.evaluate(RUN, ["task(\n    1,"])
        check = lab.locator(".streamside-check[data-task='1']")
        check.get_by_role("button", name="Check task 1").click()
        expect(check.get_by_role("status")).to_contain_text("Missing: ")
        with unreachable(lab, re.compile("/proxy/")):
            lab.evaluate(RUN, ["live("])
            output = lab.locator(".streamside-frame")
            expect(output.get_by_role("status")).to_contain_text("neither directly nor through jupyter-server-proxy")
            expect(output.locator("pre.transcript")).to_be_visible()
