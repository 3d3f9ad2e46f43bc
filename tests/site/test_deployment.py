"""The table of a deployment's files, which the service worker brings with it."""

import hashlib
import json
from pathlib import Path

from streamside.site import deployment


def table(site: Path) -> dict[str, str]:
    first, _, script = (site / "service-worker.js").read_text().partition(";\n")
    assert script == "console.log(1);"
    files: dict[str, str] = json.loads(first.removeprefix("globalThis.deployment = "))
    return files


def test_the_table_has_each_file_but_the_worker_with_its_digest(tmp_path: Path) -> None:
    files = {"index.html": b"<p>", "live/assets/x@1.0/x.js": b"", "notebooks/ü.ipynb": b"{}"}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "service-worker.js").write_text("console.log(1);")
    deployment.complete(tmp_path)
    assert table(tmp_path) == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def test_what_is_made_now_counts_and_what_stays_as_it_is_too(tmp_path: Path) -> None:
    (tmp_path / "kept.html").write_text("kept")
    (tmp_path / "made.html").write_text("before")
    (tmp_path / "staged").write_text("staged")
    (tmp_path / "service-worker.js").write_text("console.log(1);")
    copies = {"service-worker.js": tmp_path / "service-worker.js", "copied.js": tmp_path / "staged"}
    names = [*copies, "kept.html", "made.html"]
    deployment.enter(names, {"made.html": b"made"}, copies, tmp_path)
    contents = {"kept.html": b"kept", "made.html": b"made", "copied.js": b"staged"}
    assert table(tmp_path) == {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def test_a_site_without_a_service_worker_has_no_table(tmp_path: Path) -> None:
    deployment.enter(["index.html"], {"index.html": b""}, {}, tmp_path)
    assert not list(tmp_path.iterdir())
