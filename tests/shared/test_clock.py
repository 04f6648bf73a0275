"""Whatever is done to the machine's clock, ours never goes back, fires nothing early for a moment's mistake, and comes
to agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.shared.clock import SystemClock, believed_after_s

AT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Machine:
    """Its clock can be set; how long it has run cannot."""

    def __init__(self) -> None:
        self.ran_s = 100.0
        self.off = timedelta()

    def now(self) -> datetime:
        return AT + timedelta(seconds=self.ran_s - 100) + self.off

    def clock(self, not_before: datetime | None = None) -> SystemClock:
        clock = SystemClock(machine=self.now, running_s=lambda: self.ran_s)
        clock.begin(not_before=not_before)
        return clock

    def watched(self, clock: SystemClock, seconds: float) -> datetime:
        """What our clock shows after so long, having been asked every second."""
        at = clock.now()
        for _ in range(int(seconds)):
            self.ran_s += 1
            now = clock.now()
            assert now >= at
            at = now
        return at


@pytest.mark.parametrize("step", [HOUR, 25 * HOUR])
def test_a_clock_that_is_set_forward_for_a_moment_is_not_followed(step: timedelta) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.off = step
    assert machine.watched(clock, 200) == machine.now() - step
    machine.off = timedelta()
    assert machine.watched(clock, 10) == machine.now()


def test_a_clock_that_stays_set_forward_is_followed() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.off = HOUR
    assert machine.watched(clock, believed_after_s + 1) == machine.now()


def test_a_clock_that_is_set_back_is_waited_for_at_half_speed() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.off = -HOUR
    began = clock.now()
    assert machine.watched(clock, 600) - began == timedelta(seconds=300)
    assert machine.watched(clock, 6700) == machine.now()


def test_what_has_been_decided_by_is_not_gone_back_behind() -> None:
    machine = Machine()
    clock = machine.clock(not_before=AT + HOUR)
    assert clock.now() == AT + HOUR
    assert machine.watched(clock, 7300) == machine.now()


@given(st.lists(st.tuples(st.floats(0, 400), st.floats(-100_000, 100_000)), max_size=12))
def test_it_never_goes_back_and_never_fires_early_by_more_than_is_believed(steps: list[tuple[float, float]]) -> None:
    machine = Machine()
    clock = machine.clock()
    shown = [clock.now()]
    for seconds, off_s in steps:
        machine.ran_s += seconds
        machine.off = timedelta(seconds=off_s)
        shown.append(clock.now())
    assert shown == sorted(shown)
    machine.off = timedelta()
    machine.ran_s += 400_000
    clock.now()
    machine.ran_s += 400_000
    assert clock.now() == machine.now()
