import sys
from importlib import import_module
from pathlib import Path

import uvicorn

# `python -m examples.django_yo` knows the package that this belongs to; `python examples/django_yo` has to find it.
folder = Path(__file__).resolve().parent
sys.path.insert(0, str(folder.parent))
yo = import_module(__package__ or folder.name)

if __name__ == "__main__":
    print(f"Sign in as {' or '.join(yo.demo.USERS)}; the password is {yo.demo.PASSWORD}", flush=True)
    uvicorn.run(yo.app, timeout_graceful_shutdown=1)
