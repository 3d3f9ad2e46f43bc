"""Where the project lies that this package belongs to, and the tools that it has installed there."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_MODULES = ROOT / "node_modules"
