"""PostgreSQL's own programs (`pg_dump`, `pg_restore`), run against any server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from regulars.platform.postgres import launch
from regulars.platform.postgres.server import ServerDidNotStart, binaries
from regulars.shared.errors import Unavailable

words_max: Final = 1_000
end_timeout_s: Final = 5.0
niceness: Final = 10


class ToolFailed(Unavailable):
    """One of PostgreSQL's own programs failed."""


def program(name: str) -> str:
    """The program that comes along, or else one of the system's. Raises ToolFailed."""
    with contextlib.suppress(ServerDidNotStart):
        brought = binaries() / name
        if brought.is_file():
            return str(brought)
    found = shutil.which(name)
    if found is None:
        raise ToolFailed(f"{name} is missing: install PostgreSQL's client programs.")
    return found


async def run_tool(name: str, arguments: Sequence[str], *, url: str | None = None) -> str:
    """Runs a program to its end; what it printed. Raises ToolFailed with its last words."""
    async with running_tool(name, arguments, url=url) as process:
        return await finished(name, process)


@asynccontextmanager
async def running_tool(
    name: str, arguments: Sequence[str], *, url: str | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs a program at a low priority. It ends with the block, and with this process, however that ends."""
    environment = {"PATH": os.defpath, "LC_ALL": "C"}
    if url is not None:
        # What stands on a command line can be read by everybody on the machine.
        parts = conninfo_to_dict(url)
        password = parts.pop("password", None)
        if password is not None:
            environment["PGPASSWORD"] = str(password)
        arguments = [f"--dbname={make_conninfo('', **parts)}", *arguments]
    process = await asyncio.create_subprocess_exec(
        *_command(program(name), arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    try:
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
        yield process
    finally:
        await _end(process)


async def finished(name: str, process: asyncio.subprocess.Process) -> str:
    """What the program printed, once it has ended well. Raises ToolFailed."""
    out, err = await process.communicate()
    if process.returncode != 0:
        words = " ".join(err.decode(errors="replace").split())
        raise ToolFailed(f"{name} failed: {words[-words_max:] or f'it ended with {process.returncode}'}")
    return out.decode(errors="replace")


def _command(path: str, arguments: Sequence[str]) -> list[str]:
    who = [str(os.geteuid()), str(os.getegid()), str(os.getpid())]
    return [sys.executable, "-IS", str(Path(launch.__file__)), *who, path, *arguments]


async def _end(process: asyncio.subprocess.Process) -> None:
    for how in ("terminate", "kill"):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            getattr(process, how)()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), end_timeout_s)
