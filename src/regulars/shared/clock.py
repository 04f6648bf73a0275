"""The only place that asks the machine what time it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

step_min: Final = timedelta(seconds=2)
believed_after_s: Final = 300.0


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


def _machine() -> datetime:
    return datetime.now(UTC)


def _running_s() -> float:
    """Seconds that nobody can set; where the system tells, those in which the machine slept are among them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SystemClock:
    """The machine's clock, made fit to decide by: it never goes back, and does not follow every jump.

    Set forward, the machine's clock is believed once it has stood for five minutes, so that one set wrong for a moment
    fires no timers early. Set back, ours goes on at half its speed until both agree: what was to happen in a while
    still does, later by at most as long again.
    """

    def __init__(
        self,
        *,
        machine: Callable[[], datetime] = _machine,
        running_s: Callable[[], float] = _running_s,
    ) -> None:
        self._machine, self._running_s = machine, running_s
        self._at, self._ran_s = machine(), running_s()
        self._jumped_at_s: float | None = None

    def begin(self, *, not_before: datetime | None) -> None:
        """Behind what has been decided by already it does not go back either."""
        if not_before is not None:
            self._at = max(self.now(), not_before)

    def now(self) -> datetime:
        ran_s, shown = self._running_s(), self._machine()
        passed = timedelta(seconds=ran_s - self._ran_s)
        expected = self._at + passed
        if shown - expected <= step_min:
            self._jumped_at_s = None
            at = max(shown, self._at + passed / 2)
        else:
            self._jumped_at_s = ran_s if self._jumped_at_s is None else self._jumped_at_s
            at = shown if ran_s - self._jumped_at_s >= believed_after_s else expected
        self._at, self._ran_s = at, ran_s
        return at


class SetClock:
    """A clock that shows what it was set to: simulations and tests move it by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at
