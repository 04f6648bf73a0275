"""There is no more memory: the kernel kills who needs it, and nothing that was acknowledged is lost. Needs root and
Linux's control groups."""

from __future__ import annotations

import pytest

from tests.faults.conductor import conducted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
times = 3


def test_killed_for_want_of_memory_it_is_back_and_nothing_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    with conducted(seed=8) as conductor:
        if "memory" in conductor.cannot:
            pytest.skip("no ceiling can be set for memory here")
        conductor.send(rate=100)
        for _ in range(times):
            conductor.harm("memory")
        findings = conductor.finish()
        assert not findings.offenders, conductor.report(findings)
        assert conductor.done["memory"] == times
        with capsys.disabled():
            print(f"\n{findings.figures}")  # noqa: T201
