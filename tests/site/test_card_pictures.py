"""The pictures of cards are taken of running examples, once; without a browser that is said, and the build goes on."""

import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streamside.catalogue import Project
from streamside.site import card_pictures, cards
from tests import browsers
from tests.browser.stand_in import RUNTIME
from tests.site.test_cards import publish
from tests.small_tutorial import render


def take(project: Project) -> int:
    """In a thread of its own: in this one Playwright may be running already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(card_pictures.take, project).result()


@pytest.mark.nightly
def test_each_first_example_is_run_and_shown_once(
    tutorial: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(card_pictures, "PROGRAMS", [browsers.program(browsers.CHROMIUM)])
    monkeypatch.setattr(card_pictures, "RUNNING", 0)
    project = publish(tutorial)
    render(tutorial)
    runtime = tutorial / "_site/live/page/run-example.js"
    runtime.write_text(RUNTIME)
    old = tutorial / ".cache/cards/01-a-0.png"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"of what is no more")
    assert take(project) == 2
    assert "taking 2 pictures" in capsys.readouterr().err
    assert not old.exists()
    picture = cards.kept(project.lessons[0]).read_bytes()
    assert struct.unpack(">II", picture[16:24]) == (1200, 630)  # a PNG's width and height
    assert take(project) == 0
    assert capsys.readouterr().err == ""


def test_without_a_browser_there_is_no_picture(
    tutorial: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    program = tutorial / "chromium"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(card_pictures, "PROGRAMS", [str(program)])
    project = publish(tutorial)
    render(tutorial)
    assert take(project) == 0
    assert "cards stay without pictures: no Chromium starts (" in capsys.readouterr().err
