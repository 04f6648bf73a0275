"""A note says to the next life of a process what the last was at."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from regulars.platform.note import bytes_max, note_in

DIES = """
import os, sys
from pathlib import Path
from regulars.platform.note import note_in
with note_in(Path(sys.argv[1]), "tick") as note:
    note.write(b"at the first thing, which takes long to say")
    note.write(sys.argv[2].encode())
    os.kill(os.getpid(), 9)
"""


def die(folder: Path, said: str) -> None:
    assert subprocess.run([sys.executable, "-c", DIES, str(folder), said], check=False).returncode == -signal.SIGKILL


def test_what_a_killed_process_was_at_is_known_to_the_next(tmp_path: Path) -> None:
    die(tmp_path / "data", "at the second")
    with note_in(tmp_path / "data", "tick") as note:
        assert note.read() == b"at the second"
        note.write(b"")
        assert note.read() == b""


def test_nobody_takes_the_note_of_a_process_that_lives(tmp_path: Path) -> None:
    with note_in(tmp_path, "tick") as mine:
        mine.write(b"mine")
        die(tmp_path, "another's")
        with note_in(tmp_path, "tick") as next_one:
            assert next_one.read() == b"another's"
        assert mine.read() == b"mine"
    with note_in(tmp_path, "tick") as again:
        assert again.read() == b"mine"


def test_all_that_will_ever_be_written_has_its_place_on_the_disk_from_the_start(tmp_path: Path) -> None:
    with note_in(tmp_path, "tick") as note:
        assert note.read() == b""
        assert [file.stat().st_size for file in tmp_path.iterdir()] == [bytes_max]


def test_where_no_file_can_be_made_the_note_is_kept_as_long_as_the_process(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("no folder")
    with note_in(taken, "tick") as note:
        note.write(b"at it")
        assert note.read() == b"at it"
