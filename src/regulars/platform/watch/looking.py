"""One look at everything operators watch. What it costs is bounded, whatever is stored."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

from psycopg_pool import AsyncConnectionPool

from regulars.platform.unit import Connection, Unit, Units
from regulars.platform.watch.disk import measure
from regulars.platform.watch.model import (
    NO_TICKS,
    Disk,
    Fed,
    Held,
    Status,
    Ticks,
    Versions,
    Waiting,
    Waits,
    WarehouseLag,
)
from regulars.platform.watch.policy import findings
from regulars.platform.watch.processes import Row, heard_of, sql

Pools: TypeAlias = Mapping[str, AsyncConnectionPool[Connection]]
count_max: Final = 10_000
"""Whatever waits is counted no further: that many entries of an index take a few milliseconds."""
fresh_for_s: Final = 2.0
disk_fresh_for_s: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Counted:
    many: int
    oldest_at: datetime | None
    of: str | None


@dataclass(frozen=True, slots=True)
class _Server:
    version: str
    schema: str
    bytes: int


class Watch:
    """`waits` is what the domains declare. `tail` counts what lies in the log after %(after)s, up to %(count_max)s.
    `hold` yields a row if sending is held: `since`, `by`, `because`, and `waiting` and `doubtful`, counted up to
    %(count_max)s."""

    def __init__(
        self,
        units: Units,
        waits: Sequence[Waits],
        tail: bytes,
        hold: bytes,
        *,
        folder: Path,
        embedded: bool,
        version: str,
        pools: Pools | None = None,
    ) -> None:
        self._units = units
        self._waits = waits
        self._tail = tail
        self._hold = hold
        self._folder = folder
        self._embedded = embedded
        self._version = version
        self.pools: Pools = pools or {}
        self._looking = asyncio.Lock()
        self._seen: tuple[float, Status] | None = None
        self._disk: tuple[float, Disk] | None = None
        self._database_bytes = 0

    async def look(self) -> Status:
        """As it was two seconds ago at most: however many ask, the database is asked once."""
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if self._seen is None or now - self._seen[0] > fresh_for_s:
                self._seen = (now, await self.look_anew())
            return self._seen[1]

    @property
    def last(self) -> Status | None:
        """What the last look saw."""
        return self._seen[1] if self._seen else None

    def forget(self) -> None:
        """Nothing is known any more."""
        self._seen = None

    async def look_anew(self) -> Status:
        disk_is_due = self._disk_is_due()
        async with self._units.open() as unit:
            waiting = [await self._waiting(unit, waits) for waits in self._waits]
            rows = await heard_of(unit)
            warehouse = await self._warehouse(unit, rows)
            held = await self._held(unit)
            server = await unit.row(sql["server"], _Server, sized=disk_is_due and not self._embedded)
            at = unit.at
        assert server is not None
        if disk_is_due:
            self._database_bytes = server.bytes
        processes = [row.shown(at) for row in rows]
        alive = [row.said() for row, process in zip(rows, processes, strict=True) if process.alive]
        return _judged(
            Status(
                at=at,
                waiting=waiting,
                ticks=_ticks(rows),
                accepted_per_s=sum(one.accepted_per_s for one in alive),
                recorded_per_s=sum(one.recorded_per_s for one in alive),
                warehouse=warehouse,
                held=held,
                disk=await self._measured(),
                versions=Versions(self._version, platform.python_version(), server.version, server.schema),
                processes=processes,
                findings=(),
            )
        )

    async def _waiting(self, unit: Unit, waits: Waits) -> Waiting:
        found = await unit.row(waits.select, _Counted, at=unit.at, count_max=count_max)
        assert found is not None
        return Waiting(
            kind=waits.kind,
            name=waits.name,
            count=found.many,
            more=found.many >= count_max,
            oldest_at=found.oldest_at,
            late_s=_late_s(found.oldest_at, unit.at),
            of=found.of,
        )

    async def _held(self, unit: Unit) -> Held | None:
        rows = await unit.records(self._hold, count_max=count_max)
        return Held(**rows[0], more=rows[0]["waiting"] >= count_max) if rows else None

    async def _warehouse(self, unit: Unit, rows: Sequence[Row]) -> WarehouseLag | None:
        """By what the last that fed it has said; how much is missing since is counted in the log."""
        said: list[Fed] = [numbers.fed for row in rows if (numbers := row.said()).fed is not None]
        if not said:
            return None
        fed = max(said, key=lambda one: one.through)
        many = int(await unit.value(self._tail, after=fed.seq, count_max=count_max))
        late_s = _late_s(fed.through, unit.at) if many else 0.0
        return WarehouseLag(fed.dialect, many, many >= count_max, late_s, fed.through)

    def _disk_is_due(self) -> bool:
        return self._disk is None or asyncio.get_running_loop().time() - self._disk[0] > disk_fresh_for_s

    async def _measured(self) -> Disk:
        if self._disk is None or self._disk_is_due():
            disk = await asyncio.to_thread(measure, self._folder, database_bytes=self._database_bytes)
            self._disk = (asyncio.get_running_loop().time(), disk)
        return self._disk[1]


def _judged(status: Status) -> Status:
    return replace(status, findings=findings(status))


def _ticks(rows: Sequence[Row]) -> Ticks:
    """Those of whoever ticked last: one process ticks at a time."""
    ticked = [ticks for row in rows if (ticks := row.said().ticks).last_at is not None]
    return max(ticked, key=lambda one: one.last_at.timestamp() if one.last_at else 0.0, default=NO_TICKS)


def _late_s(since: datetime | None, at: datetime) -> float:
    return round(max(0.0, (at - since).total_seconds()), 3) if since else 0.0
