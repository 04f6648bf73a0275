"""The guard: a parent of the server that does nothing but start it again when it was killed.

The server is forked from it, all modules read already, so that one killed for want of memory answers again in seconds.
What libraries read only when they need it, the guard reads while its first server starts.
A server that cannot start has its reasons, and is not started again; one that was up and was killed is, for as long as
it takes.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Final

import structlog

from regulars.platform.postgres.launch import PR_SET_PDEATHSIG

START_AGAIN: Final = 75
"""The exit code of a server that lost its database before it was ready: EX_TEMPFAIL. The guard alone sees it."""
BY_PYARROW: Final = ("pandas",)
"""What it reads when the first rows go to the warehouse."""
short_life_s: Final = 3.0
pause_max_s: Final = 4.0
_TOLD_BY: Final = (signal.SIGINT, signal.SIGTERM)
_log = structlog.get_logger(__name__)


def stand_guard(ahead: Sequence[str] = ()) -> None:
    """Returns in the server, once for each of its lives; the guard itself leaves with the server's exit code.

    `ahead`: modules that every life would otherwise read by itself, just when it has most to do.

    Linux alone tells a child that its parent is gone, and nobody must serve a folder unguarded and unseen: elsewhere
    there is no guard, and this returns at once.
    """
    if sys.platform != "linux":
        return
    told: list[int] = []
    server = 0

    def tell(number: int, _: object) -> None:
        told.append(number)
        if server:
            os.kill(server, number)

    for number in _TOLD_BY:
        signal.signal(number, tell)
    pause_s, first = 0.0, True
    while True:
        signal.pthread_sigmask(signal.SIG_BLOCK, _TOLD_BY)
        began, guard, server = time.monotonic(), os.getpid(), os.fork()
        if server == 0:
            _begin(guard)
            return
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _TOLD_BY)
        if first:
            _read(ahead)
        code = _code_of(server)
        server = 0
        if told or code == 0 or (code > 0 and first and code != START_AGAIN):
            sys.exit(code if code >= 0 else int(-code not in told))
        first = False
        pause_s = min(pause_max_s, 2 * pause_s + 0.25) if time.monotonic() - began < short_life_s else 0.0
        how = {"signal": signal.Signals(-code).name} if code < 0 else {"code": code}
        _log.error("server_ended", again_in_s=pause_s, **how)
        time.sleep(pause_s)
        if told:
            sys.exit(0)


def _read(modules: Sequence[str]) -> None:
    for name in modules:
        with suppress(ImportError):
            import_module(name)


def _code_of(server: int) -> int:
    """The server's exit code, once it has ended. Where the guard is the first process, as in a container, it inherits
    what others left behind, and must not leave it lying about: a dead PostgreSQL would be taken for a running one."""
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == server:
            return os.waitstatus_to_exitcode(status)


def _begin(guard: int) -> None:
    """Makes the forked process one that is told what it is told, and never outlives its guard."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != guard:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _TOLD_BY)
