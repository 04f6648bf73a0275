"""The machine's clock is set under a running product: no timer fires early, none is lost. Needs libfaketime."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.faults.conductor import conducted
from tests.faults.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
LIBRARIES = [*Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), Path("/usr/lib/faketime/libfaketime.so.1")]
HOUR_S = 3600
half_speed_s = 4.0


@pytest.fixture
def library() -> Path:
    found = [one for one in LIBRARIES if one.exists()]
    if not found:
        pytest.skip("libfaketime is not installed")
    return found[0]


def test_no_timer_fires_early_and_none_is_lost_when_the_clock_is_set(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = tmp_path / "clock"
    shown.write_text("+0")

    def set_clock(by_s: int) -> None:
        coming = tmp_path / "coming"
        coming.write_text(f"{by_s:+d}")
        os.replace(coming, shown)

    def begin(stack: Stack) -> None:
        # PostgreSQL, which is started without these, keeps the true time, and so do the witnesses.
        stack.part(
            LD_PRELOAD=str(library),
            FAKETIME_TIMESTAMP_FILE=str(shown),
            FAKETIME_NO_CACHE="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
        )

    with conducted(seed=4, begin=begin) as conductor:
        conductor.send(rate=60)
        for step_s in (HOUR_S, 25 * HOUR_S, -HOUR_S):
            set_clock(step_s)
            conductor.note(f"clock {step_s:+d} s")
            time.sleep(6)
            set_clock(0)
            time.sleep(6)
        with conductor.stack.database() as database:
            (ahead,) = database.execute("SELECT extract(epoch FROM max(at) - now()) FROM passages").fetchone() or (0,)
        findings = conductor.finish(clock_spare_s=half_speed_s)
        assert not findings.offenders, conductor.report(findings)
        assert float(ahead) < 1, f"steps were taken {ahead} s before their time"
        with capsys.disabled():
            print(f"\n{findings.figures}")  # noqa: T201
