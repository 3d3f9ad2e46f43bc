"""What is deployed: unit, image and probes are parsed, agree with the program, and what they start runs."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import yaml
from packaging.requirements import Requirement

from examples import in_service as example
from streamside.catalogue import Project
from streamside.process import free_port
from streamside.supervised import supervised
from tests.patience import PATIENCE

FOLDER = Path(example.__file__).parent
PYTHON = "/srv/.venv/bin/python"  # where the unit has it
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")


def service():
    unit = ConfigParser(strict=False)
    unit.optionxform = str
    unit.read(FOLDER / "in-service.service")
    return unit["Service"]


def pod():
    return yaml.safe_load((FOLDER / "deployment.yaml").read_text())["spec"]["template"]["spec"]


def compose():
    return yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]["stream"]


def instructions():
    lines = (FOLDER / "Containerfile").read_text().splitlines()
    return [tuple(line.split(" ", 1)) for line in lines if line and not line.startswith("#")]


def instruction(name):
    (value,) = [value for each, value in instructions() if each == name]
    return value


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze here")
def test_systemd_has_nothing_to_say_against_the_unit(tmp_path):
    unit = tmp_path / "in-service.service"
    unit.write_text((FOLDER / unit.name).read_text().replace(PYTHON, sys.executable))  # which has to be there
    said = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=PATIENCE)
    about_us = [line for line in said.stderr.splitlines() if unit.name in line]
    assert (said.returncode, about_us) == (0, [])


def test_all_supervisors_have_the_patience_that_the_program_needs():
    grace = int(re.search(r"timeout_graceful_shutdown=(\d+)", (FOLDER / "__main__.py").read_text())[1])
    needed = example.DRAIN + grace
    patience = [int(service()["TimeoutStopSec"]), pod()["terminationGracePeriodSeconds"]]
    patience.append(int(compose()["stop_grace_period"].removesuffix("s")))
    assert all(needed * 1.5 <= each for each in patience)
    probe = pod()["containers"][0]["readinessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] < example.DRAIN, "they learn it while there is time"


def test_there_are_files_and_memory_for_all_streams():
    others = int(re.search(r"OTHERS = (\d+)", (FOLDER / "__main__.py").read_text())[1])
    files = [int(service()["LimitNOFILE"]), compose()["ulimits"]["nofile"]]
    assert all(each > example.MAX_STREAMS + others + 50 for each in files)
    assert service()["MemoryMax"] == "256M"
    assert compose()["mem_limit"] == "256m"
    assert pod()["containers"][0]["resources"]["limits"] == {"memory": "256Mi"}


def test_the_image_installs_what_the_program_says_that_it_needs():
    assert {name for name, _ in instructions()} == {"FROM", "RUN", "WORKDIR", "COPY", "USER", "EXPOSE", "CMD"}
    pip, *words = shlex.split(instruction("RUN").removeprefix("pip install"))
    assert pip == "--no-cache-dir"
    assert words == Project().example("in_service").metadata["dependencies"]
    assert all(metadata.version(need.name) in need.specifier for need in map(Requirement, words))
    assert instruction("USER").isdecimal(), "Kubernetes' runAsNonRoot asks for a number"
    assert re.fullmatch(r"python:3\.\d+-slim", instruction("FROM"))


@posix
def test_the_command_of_the_image_serves_what_it_copies_and_the_probes_find_it(tmp_path):
    """Without an engine, and so with the packages and the user that are here."""
    pattern, target = instruction("COPY").split()
    (tmp_path / target).mkdir()
    for file in FOLDER.glob(pattern):
        shutil.copy(file, tmp_path / target)
    command, port = json.loads(instruction("CMD")), free_port()
    assert command[-1] == "0.0.0.0"
    assert [sys.executable, *shlex.split(service()["ExecStart"])[1:-2]] == [sys.executable, *command[1:-2]]
    process = subprocess.Popen(
        [sys.executable, *command[1:-1], "127.0.0.1", "--port", str(port)],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        container = pod()["containers"][0]
        probes = [container[name]["httpGet"] for name in ("readinessProbe", "livenessProbe")]
        assert {probe["port"] for probe in probes} == {int(instruction("EXPOSE"))}
        assert [answer(port, probe["path"]) for probe in probes] == [200, 200]
        _, program, *options = compose()["healthcheck"]["test"]
        assert program == "python"
        check = [sys.executable, *(option.replace(":8000", f":{port}") for option in options)]
        assert subprocess.run(check, timeout=PATIENCE).returncode == 0
        process.terminate()
        while (ready := answer(port, "/ready")) == 200:
            pass
        assert (ready, answer(port, "/live")) == (503, 200), "it drains"
        process.terminate()  # a second signal: we have no time for that
        process.wait(PATIENCE)
        assert subprocess.run(check, capture_output=True, timeout=PATIENCE).returncode == 1
    finally:
        process.kill()
        process.wait()


def answer(port, path):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE).status
        except HTTPError as refused:
            return refused.code
        except OSError:  # it does not listen yet
            assert time.monotonic() < deadline
            time.sleep(0.05)


@posix
def test_a_port_that_is_taken_is_told_without_a_traceback():
    with supervised(example, {"DRAIN = 5": "DRAIN = 0"}) as first:
        port = first.url.rpartition(":")[2]
        command = [sys.executable, "-m", "examples.in_service", "--port", port]
        second = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert second.returncode not in (0, None)
    assert "Traceback" not in second.stderr
    assert "ddress already in use" in second.stderr
