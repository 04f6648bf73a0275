"""The processes of an installation, each with one row that it writes itself."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from regulars.platform.settings import Role
from regulars.platform.statements import load_statements
from regulars.platform.unit import Unit, Units
from regulars.platform.watch.meter import Meter
from regulars.platform.watch.model import Numbers, Process
from regulars.platform.watch.policy import is_alive

processes_shown_max: Final = 100
kept_for: Final = timedelta(days=7)
sql: Final = load_statements(__package__)


@dataclass(frozen=True, slots=True)
class Row:
    """A process as it wrote itself down."""

    id: UUID
    role: Role
    host: str
    pid: int
    version: str
    started_at: datetime
    seen_at: datetime
    stopped_at: datetime | None
    numbers: dict[str, Any]

    def said(self) -> Numbers:
        """What a process of another version says and we do not know is left out."""
        return msgspec.convert(self.numbers, Numbers)

    def shown(self, at: datetime) -> Process:
        alive = is_alive(self.seen_at, self.stopped_at, at)
        return Process(
            role=self.role,
            host=self.host,
            pid=self.pid,
            version=self.version,
            started_at=self.started_at,
            seen_at=self.seen_at,
            stopped_at=self.stopped_at,
            alive=alive,
            failing=self.said().failing if alive else (),
        )


class Heart:
    """Writes down every few seconds that this process lives and how it does."""

    def __init__(self, units: Units, meter: Meter, *, role: Role, version: str) -> None:
        self._units = units
        self._meter = meter
        self._role = role
        self._version = version
        self._started_at = units.clock.now()
        self._id: UUID | None = None

    async def beat(self, at: datetime, *, stopped: bool = False) -> None:
        numbers = msgspec.to_builtins(self._meter.read(at))
        async with self._units.open(at=at) as unit:
            if self._id is None:
                await unit.run(sql["forget_processes"], before=at - kept_for)
            self._id = self._id or unit.new_id()
            await unit.run(
                sql["beat"],
                id=self._id,
                role=self._role,
                host=socket.gethostname(),
                pid=os.getpid(),
                version=self._version,
                started_at=self._started_at,
                at=at,
                stopped_at=at if stopped else None,
                numbers=Jsonb(numbers),
            )


async def heard_of(unit: Unit) -> list[Row]:
    """The latest first."""
    return await unit.rows(sql["processes"], Row, limit=processes_shown_max)
