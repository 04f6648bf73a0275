"""Journals of the processes that are never killed: one JSON object a line, written before anything follows from it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Journal:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", buffering=1)

    def close(self) -> None:
        self._file.close()

    def note(self, kind: str, **what: Any) -> None:
        self._file.write(json.dumps({"kind": kind, "t": time.time(), **what}) + "\n")


class Tail:
    """A journal that grows, read on from where one came to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0

    def more(self) -> Iterator[dict[str, Any]]:
        """What has been noted since; a line that is just being written is not."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._place)
                while (line := file.readline()).endswith(b"\n"):
                    self._place += len(line)
                    yield json.loads(line)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """All that has been noted so far."""
    return Tail(path).more()
