"""A ceiling for the memory of a process, held by the kernel: who needs more is killed by it, as on a machine that is
full. Control groups of Linux, in either version; they need root."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path("/sys/fs/cgroup")


class Ceiling:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._old = (folder / "memory.limit_in_bytes").exists()

    def take_in(self, process: int) -> None:
        (self._folder / "cgroup.procs").write_text(str(process))

    def set(self, room: int) -> None:
        """So many bytes more than those have that are below it; what they had before they came is not counted."""
        used = int((self._folder / ("memory.usage_in_bytes" if self._old else "memory.current")).read_text())
        (self._folder / ("memory.limit_in_bytes" if self._old else "memory.max")).write_text(str(used + room))

    def lift(self) -> None:
        name, most = ("memory.limit_in_bytes", "-1") if self._old else ("memory.max", "max")
        (self._folder / name).write_text(most)

    @property
    def killed(self) -> int:
        """How many processes the kernel has killed for want of memory."""
        told = (self._folder / ("memory.oom_control" if self._old else "memory.events")).read_text()
        return sum(int(line.split()[1]) for line in told.splitlines() if line.startswith("oom_kill "))


@contextlib.contextmanager
def ceiling(name: str) -> Iterator[Ceiling | None]:
    """None where the kernel, or whoever this runs as, has no such thing."""
    folder = _make(name)
    if folder is None:
        yield None
        return
    try:
        yield Ceiling(folder)
    finally:
        above = folder.parent / "cgroup.procs"
        for process in (folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):
                above.write_text(process)
        with contextlib.suppress(OSError):
            folder.rmdir()


def _make(name: str) -> Path | None:
    old, new = ROOT / "memory", ROOT / "cgroup.subtree_control"
    with contextlib.suppress(OSError):
        if (old / "memory.oom_control").exists():
            folder = old / f"{name}-{os.getpid()}"
            folder.mkdir()
            return folder
        if new.exists():
            new.write_text("+memory")
            folder = ROOT / f"{name}-{os.getpid()}"
            folder.mkdir()
            return folder
    return None
