"""Where the project lies that this package belongs to, the tools installed there, and the command as it is typed."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_MODULES = ROOT / "node_modules"
# In the project's own environment, or in one that is active.
_OWN = ".venv/Scripts/streamside" if os.name == "nt" else ".venv/bin/streamside"
COMMAND = _OWN if Path(sys.prefix) == ROOT / ".venv" else "streamside"
