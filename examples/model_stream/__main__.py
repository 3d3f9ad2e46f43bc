import sys
from importlib import import_module
from pathlib import Path

import uvicorn

# `python -m examples.model_stream` knows this file's package; `python examples/model_stream` has to find it.
folder = Path(__file__).resolve().parent
sys.path.insert(0, str(folder.parent))
example = import_module(__package__ or folder.name)

if __name__ == "__main__":
    uvicorn.run(example.app, timeout_graceful_shutdown=1)
