"""A note that outlives its process. It says what the process is at, so that its next life learns of what it died."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import structlog

notes_max: Final = 64
bytes_max: Final = 4096
"""One page: whoever is killed has written it whole or not at all."""
_log = structlog.get_logger(__name__)


class Note:
    """A line in a file, written anew in place. It is not made durable: what kills a process leaves to the system what
    it has written. After the machine itself has stopped, it may say anything that was ever in it, or nothing.

    Without a file it is kept in memory, and ends with the process."""

    def __init__(self, file: int | None = None) -> None:
        self._file = file
        self._said = b""

    def read(self) -> bytes:
        """Empty if nothing was written, or it cannot be read."""
        if self._file is not None:
            with suppress(OSError):
                return os.pread(self._file, bytes_max, 0).partition(b"\n")[0].strip(b" \0")
        return self._said

    def write(self, said: bytes) -> None:
        """In place of what it said before: one line, in UTF-8, of less than `bytes_max`. What cannot be written is not
        kept: a note is not worth a failure."""
        self._said = said
        if self._file is not None:
            with suppress(OSError):
                os.pwrite(self._file, said + b"\n", 0)


@contextmanager
def note_in(folder: Path, name: str) -> Iterator[Note]:
    """The first of the notes of this name in the folder that no living process has, with what a dead one left in it.
    Several processes on one folder have each their own: whoever has one holds the lock of its file, which ends with the
    process."""
    file = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = _first_free(folder, name)
    except OSError as error:
        _log.warning("no_note_can_be_kept", folder=str(folder), error=str(error))
    try:
        yield Note(file)
    finally:
        if file is not None:
            os.close(file)


def _first_free(folder: Path, name: str) -> int | None:
    for number in range(notes_max):
        file = os.open(folder / f"{name}-{number}.note", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file).st_size < bytes_max:  # Room for all that is ever written, also when the disk is full.
                os.pwrite(file, os.pread(file, bytes_max, 0).ljust(bytes_max), 0)
        except BlockingIOError:
            os.close(file)
        except OSError:
            os.close(file)
            raise
        else:
            return file
    return None
