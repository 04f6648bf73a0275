"""A process that needs more memory than there is, and is killed for it by the kernel."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import psutil

from tests.faults.memory import Ceiling
from tests.faults.stack import Stack

room_bytes = 12 * 2**20
askers = 24
killed_within_s = 20.0


def starve(stack: Stack, process: psutil.Process, room: Ceiling, killed: Callable[[], None]) -> bool:
    """Tells as soon as the kernel has killed it. False if it can do with what it has."""
    before = room.killed
    room.lift()
    room.take_in(process.pid)
    room.set(room_bytes)
    until_s = time.monotonic() + killed_within_s
    with ThreadPoolExecutor(askers) as crowd:
        for _ in range(askers):
            crowd.submit(ask_for_much, stack, room, before, until_s)
        while room.killed == before:
            if time.monotonic() > until_s:
                room.lift()
                return False
            time.sleep(0.005)
        killed()
    return True


def ask_for_much(stack: Stack, room: Ceiling, before: int, until_s: float) -> None:
    """Batches as large as they may be, until somebody has died of them."""
    call = {"type": "track", "anonymousId": "crowd", "event": "Page Viewed", "properties": {"x": "y" * 300}}
    calls = [{**call, "messageId": f"probe-{number}"} for number in range(1000)]
    auth = httpx2.BasicAuth(stack.write_key, "")
    with httpx2.Client(base_url=stack.url, auth=auth, timeout=5) as http:
        while room.killed == before and time.monotonic() < until_s:
            with contextlib.suppress(httpx2.TransportError):
                http.post("/v1/import", json={"batch": calls})
