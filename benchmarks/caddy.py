"""Caddy before a server, with nothing but what that takes; told to read its file again, or killed and started."""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path

from streamside.listening_program import free_port

CONFIGURATION = """{{
	admin unix/{folder}/admin
	persist_config off
	auto_https off
}}
http://127.0.0.1:{port} {{
	reverse_proxy {server}
}}
"""


class Caddy:
    """A proxy at `url`."""

    def __init__(self, folder: Path, server: str) -> None:
        """`server` is the address of that which it stands before."""
        self.folder, port = folder, free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.file = folder / "Caddyfile"
        self.file.write_text(CONFIGURATION.format(folder=folder, port=port, server=server), encoding="utf-8")
        self.process: Process | None = None

    async def start(self) -> None:
        """Start; it listens soon."""
        self.process = await self.caddy("run")

    async def reload(self) -> None:
        """Have it read its file anew, and return when it has."""
        await (await self.caddy("reload", "--force")).wait()

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def caddy(self, *command: str) -> Process:
        program = shutil.which("caddy") or str(Path(sys.executable).with_name("caddy"))
        home = {**os.environ, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)}
        file = ["--config", str(self.file), "--adapter", "caddyfile"]
        return await asyncio.create_subprocess_exec(program, *command, *file, env=home, stdout=DEVNULL, stderr=DEVNULL)

    async def __aenter__(self) -> "Caddy":
        await self.start()
        while not await self.listens():  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.01)
        return self

    async def listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(*self.url.removeprefix("http://").split(":"))
        except OSError:
            if self.process.returncode is not None:
                raise SystemExit("caddy did not start: start it by hand to see why") from None
            return False
        writer.close()
        return True

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            await self.kill()
