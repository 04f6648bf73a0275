"""What the data folder takes, by part, and what is left of its volume."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from regulars.platform.watch.model import Disk, DiskPart

files_max: Final = 200_000
"""So that whatever somebody has put into the folder, a look at it ends."""

Part: TypeAlias = Literal["database", "warehouse", "other"]
_PARTS: Final[dict[str, Part]] = {"postgres": "database", "postgres.new": "database"}


def measure(folder: Path, *, database_bytes: int = 0) -> Disk:
    """`database_bytes`: the size of a database that is not in the folder. Walks the folder: call it in a thread."""
    sizes: Counter[Part] = Counter({"database": database_bytes})
    left = files_max
    for entry in _entries(folder):
        part = _PARTS.get(entry.name) or ("warehouse" if entry.name.startswith("warehouse") else "other")
        bytes_, files = _size(entry, left)
        sizes[part] += bytes_
        left -= files
    near = next(path for path in (folder, *folder.parents) if path.exists())
    volume = shutil.disk_usage(near)
    parts = [DiskPart(name, sizes[name]) for name in get_args(Part)]
    return Disk(str(folder), parts, volume.free, volume.total)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _size(entry: os.DirEntry[str], files_left: int) -> tuple[int, int]:
    """What it takes on the disk, holes left out, and how many files that were. What vanishes meanwhile takes none."""
    total, files, waiting = 0, 0, [entry]
    while waiting and files < files_left:
        one = waiting.pop()
        files += 1
        try:
            if one.is_dir(follow_symlinks=False):
                waiting.extend(_entries(Path(one.path)))
            else:
                total += 512 * one.stat(follow_symlinks=False).st_blocks
        except OSError:
            continue
    return total, files
