"""Killed at any moment: nothing acknowledged is lost, nothing happens twice. `make faults` does more of it."""

from __future__ import annotations

import pytest

from tests.faults.conductor import CHECKPOINTS, conducted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_nothing_is_lost_or_doubled_however_often_it_is_killed(capsys: pytest.CaptureFixture[str]) -> None:
    with conducted(seed=1) as conductor:
        conductor.send(rate=150)
        conductor.kill_at(*CHECKPOINTS)
        for what in ("postgres", "backend", "all", "guard"):
            conductor.harm(what)
        findings = conductor.finish()
        assert not findings.offenders, conductor.report(findings)
        assert set(conductor.passed) == set(CHECKPOINTS), conductor.report(findings)
        with capsys.disabled():
            print(f"\n{findings.figures}")  # noqa: T201
