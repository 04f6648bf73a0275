"""The disk is full: senders are told 503, and once there is room all goes on by itself."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.entrypoints.served import until
from tests.faults.conductor import Conductor, conducted
from tests.faults.journal import lines
from tests.faults.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
disk_mb = 400


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={disk_mb}m", "none", place], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a small file system may not be mounted here")
    for one in [place, *place.parents]:
        if one.owner() == place.owner() and one.stat().st_mode & 0o011 != 0o011:
            one.chmod(one.stat().st_mode | 0o011)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(place: Path) -> Path:
    """Leaves no room at all."""
    balloon = place / "balloon"
    with balloon.open("wb", buffering=0) as file:
        for size in (2**20, 4096):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return balloon


def statuses(conductor: Conductor, since: float) -> set[int]:
    return {
        line["status"]
        for line in lines(conductor.stack.client_journal)
        if line["kind"] == "answer" and line["t"] > since
    }


def test_a_full_disk_is_told_and_heals(small_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def begin(stack: Stack) -> None:
        (stack.folder / "data").symlink_to(small_disk / "data")
        (small_disk / "data").mkdir()
        stack.part()

    with conducted(seed=7, begin=begin) as conductor:
        conductor.send(rate=100)
        began = time.time()
        balloon = fill(small_disk)
        conductor.note("disk full")
        until(lambda: 503 in statuses(conductor, began), seconds=60, what="503")
        time.sleep(5)
        told = statuses(conductor, began)
        os.unlink(balloon)
        conductor.note("room again")
        room_at, began_s = time.time(), time.monotonic()
        until(lambda: 200 in statuses(conductor, room_at), seconds=60, what="an acknowledgement")
        healed_after = time.monotonic() - began_s
        findings = conductor.finish()
        assert not findings.offenders, conductor.report(findings)
        assert told <= {0, 200, 503}
        with capsys.disabled():
            print(f"\nhealed after {healed_after:.1f} s; {findings.figures}")  # noqa: T201
