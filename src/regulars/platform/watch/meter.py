"""What one process has seen of itself lately: kept in memory, written to the database with every beat."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from regulars.platform.telemetry import REGISTRY
from regulars.platform.watch.model import NO_TICKS, FailingLoop, Fed, Numbers, Ticks

ticks_kept_max: Final = 2_000
ticks_of: Final = timedelta(minutes=5)
rates_of: Final = timedelta(minutes=1)


class Meter:
    """Told by the loops; asked by the beat. Cheap enough for every tick."""

    def __init__(self) -> None:
        self._ticks: deque[tuple[datetime, float]] = deque(maxlen=ticks_kept_max)
        self._samples: deque[tuple[datetime, float, int]] = deque()
        self._failing: dict[str, FailingLoop] = {}
        self._recorded = 0
        self._fed: Fed | None = None

    @property
    def fed(self) -> Fed | None:
        return self._fed

    def ticked(self, at: datetime, seconds: float, recorded: int) -> None:
        self._ticks.append((at, seconds))
        self._recorded += recorded

    def feeding(self, dialect: str, seq: int, through: datetime) -> None:
        """All that was recorded before `through` is in the warehouse, the log up to `seq`."""
        self._fed = Fed(dialect, seq, through)

    def failed(self, loop: str, at: datetime, error: BaseException) -> None:
        """The error's name alone: its words may hold addresses and secrets, and stay in the log."""
        before = self._failing.get(loop)
        self._failing[loop] = FailingLoop(loop, before.since if before else at, type(error).__name__)

    def went_well(self, loop: str) -> None:
        self._failing.pop(loop, None)

    def failing(self, loop: str) -> FailingLoop | None:
        return self._failing.get(loop)

    def read(self, at: datetime) -> Numbers:
        accepted = REGISTRY.get_sample_value("regulars_intake_messages_total", {"outcome": "accepted"}) or 0.0
        self._samples.append((at, accepted, self._recorded))
        while at - self._samples[0][0] > rates_of:
            self._samples.popleft()
        began, accepted_then, recorded_then = self._samples[0]
        over_s = max((at - began).total_seconds(), 1.0)
        return Numbers(
            accepted_per_s=round((accepted - accepted_then) / over_s, 2),
            recorded_per_s=round((self._recorded - recorded_then) / over_s, 2),
            ticks=self._summary(at),
            failing=list(self._failing.values()),
            fed=self._fed,
        )

    def _summary(self, at: datetime) -> Ticks:
        if not self._ticks:
            return NO_TICKS
        last_at, last_s = self._ticks[-1]
        recent = sorted(seconds for when, seconds in self._ticks if at - when <= ticks_of) or [last_s]
        full = len(self._ticks) == ticks_kept_max
        over = min(ticks_of, at - self._ticks[0][0]) if full else ticks_of
        return Ticks(
            last_at=last_at,
            last_s=round(last_s, 4),
            median_s=round(median(recent), 4),
            p95_s=round(recent[int(0.95 * (len(recent) - 1))], 4),
            per_minute=round(60 * len(recent) / max(over.total_seconds(), 1.0), 1),
        )
