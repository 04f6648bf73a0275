"""The product as its users start it: a process of its own, ended by its own process id."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

PROGRAM: Final = str(Path(sys.executable).with_name("regulars"))
ready_timeout_s: Final = 90.0
stop_timeout_s: Final = 30.0
ENVIRONMENT: Final = {
    name: value
    for name, value in os.environ.items()
    if name != "PYTHONDONTWRITEBYTECODE" and not name.startswith("REGULARS_")
}
"""As on a machine in use: what Python has compiled once, it keeps."""


@dataclass(frozen=True, slots=True)
class Served:
    process: subprocess.Popen[bytes]
    data: Path
    port: int
    seconds_to_ready: float

    def keys(self) -> dict[str, str]:
        """The write key and an admin key."""
        told = subprocess.run(
            [PROGRAM, "keys", "--data", str(self.data), "--json"],
            check=True,
            capture_output=True,
            timeout=60,
            env=ENVIRONMENT,
        )
        keys: dict[str, str] = json.loads(told.stdout)
        return keys

    def kill(self) -> None:
        """Ends server and database as a power cut would."""
        postmaster = postmaster_of(self.data)
        self.process.kill()
        if postmaster is not None:
            with suppress(ProcessLookupError):
                os.kill(postmaster, signal.SIGKILL)
        self.process.wait(stop_timeout_s)


def postmaster_of(data: Path) -> int | None:
    with suppress(OSError, ValueError, IndexError):
        return int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def start(data: Path, *, role: str = "all") -> Served:
    """Starts it and waits until it says that it is ready."""
    return await _start([PROGRAM, "serve", "--data", str(data), "--role", role], data, "/health/ready")


async def _start(command: list[str], data: Path, path: str) -> Served:
    port = free_port()
    began = perf_counter()
    process = subprocess.Popen(  # noqa: ASYNC220  (it outlives this call)
        [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT
    )
    while not await asyncio.to_thread(_answers, port, path):
        if process.poll() is not None or perf_counter() - began > ready_timeout_s:
            process.kill()
            raise RuntimeError(f"{command} did not become ready")
        await asyncio.sleep(0.01)
    return Served(process, data, port, perf_counter() - began)


@asynccontextmanager
async def serving(data: Path, *, role: str = "all") -> AsyncIterator[Served]:
    served = await start(data, role=role)
    try:
        yield served
    finally:
        await _stop(served)


@asynccontextmanager
async def echoing(data: Path) -> AsyncIterator[Served]:
    """The same web server with nothing behind it."""
    served = await _start([sys.executable, "-m", "benchmarks.echo"], data, "/health/ready")
    try:
        yield served
    finally:
        await _stop(served)


async def _stop(served: Served) -> None:
    served.process.terminate()
    try:
        await asyncio.to_thread(served.process.wait, stop_timeout_s)
    except subprocess.TimeoutExpired:
        served.process.kill()


async def client(work: str, **what: Any) -> dict[str, Any]:
    """Runs the client in a process of its own, so that it shares no interpreter with what it measures."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.client", stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT
    )
    out, _ = await asyncio.wait_for(process.communicate(json.dumps({"work": work, **what}).encode()), 600)
    if process.returncode:
        raise RuntimeError(f"the client failed at {work}")
    told: dict[str, Any] = json.loads(out)
    return told


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
