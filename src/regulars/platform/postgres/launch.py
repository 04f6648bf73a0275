"""Starts PostgreSQL as a child that dies with its parent and, for root, as an unprivileged user.

Run as a program (`python launch.py UID GID PARENT PROGRAM ARGUMENT…`), because what it does to its own process must
happen between fork and exec, where a threaded Python must not run code of its own.

PostgreSQL refuses to run as root. A data folder below a closed parent (/root is one) is out of reach of any other
user, so where a parent is closed, one capability is kept: to search folders, not to be root.
"""

import ctypes
import itertools
import os
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
LINUX_CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def keep_search_right(libc: ctypes.CDLL) -> None:
    """Keeps the right to search closed folders over the coming exec, if this process has it to keep."""
    header, sets = _Header(LINUX_CAPABILITY_VERSION_3, 0), (_Sets * 2)()
    libc.capget(ctypes.byref(header), ctypes.byref(sets))
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if sets[0].permitted & 1 << capability:
            kept = (_Sets * 2)(_Sets(*[1 << capability] * 3), _Sets())
            libc.capset(ctypes.byref(header), ctypes.byref(kept))
            libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)
            return


def main() -> None:
    uid, gid, parent = (int(word) for word in sys.argv[1:4])
    program = sys.argv[4:]
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if os.geteuid() == 0 and uid != 0:
        reachable = all(os.stat(path).st_mode & 0o001 for path in parents(program))
        if libc and not reachable:
            libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
        if libc and not reachable:
            keep_search_right(libc)
    os.chdir("/")
    if libc and parent:
        # After the change of user, which would clear it. SIGINT is PostgreSQL's fast shutdown.
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606  (replacing this process is the purpose)


def parents(program: list[str]) -> list[str]:
    """Every folder above the program and above the data folder (the argument after -D)."""
    paths = [program[0], *(after for word, after in itertools.pairwise(program) if word == "-D")]
    above: set[str] = set()
    for path in paths:
        folder = os.path.dirname(os.path.abspath(path))
        while folder not in above:
            above.add(folder)
            folder = os.path.dirname(folder)
    return sorted(above)


if __name__ == "__main__":
    main()
