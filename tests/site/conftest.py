from pathlib import Path

import pytest

from tests import small_tutorial


@pytest.fixture
def tutorial(tmp_path: Path) -> Path:
    """The sources of a small tutorial."""
    return small_tutorial.write(tmp_path)
