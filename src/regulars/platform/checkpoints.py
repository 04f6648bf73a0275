"""Named moments at which a test of faults kills this process, or stops it. None is armed in any other run, and then
nothing happens at them.

A file holds a line for each life of the process: the moment, the how-manieth time it is passed, such as
`tick.before_commit 3`, and perhaps `stop`. The first line is read once, at the start, and taken out when its moment has
come, so that the process that takes over lives to the next, or on.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Final

NAMES: Final = (
    "intake.before_commit",
    "intake.after_commit",
    "tick.after_claim",
    "tick.after_step",
    "tick.before_commit",
    "tick.after_commit",
    "claim.before_commit",
    "claim.after_commit",
    "send.before_io",
    "send.after_io",
    "outcome.before_commit",
    "outcome.after_commit",
    "warehouse.before_commit",
    "warehouse.after_commit",
)

_armed: dict[str, int] = {}
_strike = signal.SIGKILL
_file: Path | None = None


def arm(file: Path | None) -> None:
    """Reads which moment is to be this process's last. Without a file, or a line in it, none is."""
    global _file, _strike  # noqa: PLW0603  (one process, one death)
    _armed.clear()
    _file = file
    lines = file.read_text().splitlines() if file is not None and file.exists() else []
    if lines:
        name, times, *stop = lines[0].split()
        if name not in NAMES:
            raise ValueError(f"There is no checkpoint {name!r}.")
        _armed[name] = int(times)
        _strike = signal.SIGSTOP if stop == ["stop"] else signal.SIGKILL


def checkpoint(name: str) -> None:
    if name not in _armed:
        return
    _armed[name] -= 1
    if _armed[name] > 0 or _file is None:
        return
    lines = _file.read_text().splitlines(keepends=True)
    if lines and lines[0].startswith(name):  # Who armed it may have thought better of it.
        coming = _file.with_suffix(".coming")
        coming.write_text("".join(lines[1:]))
        coming.replace(_file)
        os.kill(os.getpid(), _strike)
