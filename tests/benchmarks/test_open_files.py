"""The measurements start on systems that count no open files, and allow themselves what they need on the others."""

import os
import subprocess
import sys

import pytest

from benchmarks import open_files
from streamside.paths import ROOT


def test_windows_which_has_no_such_limit():
    windows = "import psutil, sys; sys.modules['resource'] = None"  # psutil needs it here
    program = f"{windows}; from benchmarks import fanout; fanout.open_files.allow(9)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
def test_it_is_raised_as_far_as_is_permitted_and_never_lowered():
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    hard = before[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
        open_files.allow(400)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 400
        open_files.allow(350)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 400
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
