import os
import signal
import sys
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import uvicorn

# `python -m examples.redis_stream` knows this file's package; `python examples/redis_stream` has to find it.
folder = Path(__file__).resolve().parent
sys.path.insert(0, str(folder.parent))
package = __package__ or folder.name

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # uvicorn ends first; without this, nobody would end Redis
    with ExitStack() as stack:
        if not os.environ.get("REDIS_URL"):  # before the workers start: all of them have the same
            embedded = import_module(f"{package}.embedded")
            os.environ["REDIS_URL"] = stack.enter_context(embedded.redis_of_our_own())
        print(f"Redis is at {os.environ['REDIS_URL']}", flush=True)
        uvicorn.run(f"{package}:app", timeout_graceful_shutdown=0.5)  # as many workers as WEB_CONCURRENCY says
