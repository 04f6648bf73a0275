"""Background work: enqueued in the transaction that made it necessary, shallow, and fit to run twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

import structlog
from psycopg.types.json import Jsonb

from regulars.platform.unit import Unit, Units

attempts_max: Final = 5
lease: Final = timedelta(minutes=10)
_log = structlog.get_logger(__name__)

Work: TypeAlias = Callable[[Mapping[str, Any], datetime], Awaitable[None]]

_ENQUEUE: Final = b"""
INSERT INTO jobs (id, kind, key, payload, enqueued_at, run_at, attempts)
VALUES (%(id)s, %(kind)s, %(key)s, %(payload)s, %(at)s, %(run_at)s, 0) ON CONFLICT DO NOTHING"""

_CLAIM: Final = b"""
UPDATE jobs SET leased_until = %(until)s, attempts = attempts + 1
 WHERE id = (SELECT id FROM jobs
              WHERE finished_at IS NULL AND failed_because IS NULL AND run_at <= %(at)s
                AND (leased_until IS NULL OR leased_until < %(at)s) AND kind = ANY(%(kinds)s)
              ORDER BY run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, kind, payload, attempts"""

_FINISH: Final = b"UPDATE jobs SET finished_at = %(at)s, leased_until = NULL WHERE id = %(id)s"
_RETRY: Final = b"UPDATE jobs SET run_at = %(run_at)s, leased_until = NULL WHERE id = %(id)s"
_FAIL: Final = b"UPDATE jobs SET failed_because = %(because)s, leased_until = NULL WHERE id = %(id)s"


@dataclass(frozen=True, slots=True)
class _Claimed:
    id: UUID
    kind: str
    payload: dict[str, Any]
    attempts: int


async def enqueue(
    unit: Unit, kind: str, *, key: str = "", payload: Mapping[str, Any] | None = None, run_at: datetime | None = None
) -> None:
    """Asks for work. While a job of this kind and key waits, asking again adds nothing."""
    await unit.run(
        _ENQUEUE,
        id=unit.new_id(),
        kind=kind,
        key=key,
        payload=Jsonb(dict(payload or {})),
        at=unit.at,
        run_at=run_at or unit.at,
    )


async def run_due(units: Units, works: Mapping[str, Work], at: datetime) -> int:
    """Runs what is due, one job after another; how many ran. A job that raises is tried again later, at most
    `attempts_max` times in all, and then kept with its reason."""
    ran = 0
    while True:
        async with units.open(at=at) as unit:
            job = await unit.row(_CLAIM, _Claimed, at=at, until=at + lease, kinds=list(works))
        if job is None:
            return ran
        try:
            await works[job.kind](job.payload, at)
        except Exception as error:
            _log.exception("job_failed", kind=job.kind, attempt=job.attempts)
            async with units.open(at=at) as unit:
                if job.attempts >= attempts_max:
                    await unit.run(_FAIL, id=job.id, because=f"{type(error).__name__}: {error}"[:1000])
                else:
                    await unit.run(_RETRY, id=job.id, run_at=at + timedelta(seconds=2**job.attempts))
        else:
            async with units.open(at=at) as unit:
                await unit.run(_FINISH, id=job.id, at=at)
        ran += 1
