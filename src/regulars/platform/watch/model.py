"""What operators see: what waits and since when, how ticks went, who is at work, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["queue", "timers", "messages", "rejections"]


@dataclass(frozen=True, slots=True)
class Waits:
    """What a domain declares to wait for something.

    `select` takes %(at)s and %(count_max)s and yields one row: `many`, counted no further than `count_max`;
    `oldest_at`, the instant since which the oldest waits or is due; `of`, what that one belongs to. It must not grow
    dearer with what is stored: every part reads an index from its end, and stops.
    """

    kind: Kind
    name: str
    select: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits now. With `more` there is more than `count`."""

    kind: Kind
    name: str
    count: int
    more: bool
    oldest_at: datetime | None
    late_s: float
    of: str | None


@dataclass(frozen=True, slots=True)
class Ticks:
    """The last tick that did something, and those of the last minutes that this process ran."""

    last_at: datetime | None
    last_s: float
    median_s: float
    p95_s: float
    per_minute: float


NO_TICKS: Final = Ticks(None, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class FailingLoop:
    """A background loop whose every round has raised since an instant."""

    loop: str
    since: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Fed:
    """How far the warehouse was when it was last fed: everything recorded before `through` is in it."""

    dialect: str
    seq: int
    through: datetime


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a process says of itself with every beat."""

    accepted_per_s: float = 0.0
    recorded_per_s: float = 0.0
    ticks: Ticks = NO_TICKS
    failing: Sequence[FailingLoop] = ()
    fed: Fed | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """One process of this installation. It is alive when it was heard of lately."""

    role: Literal["all", "web", "worker"]
    host: str
    pid: int
    version: str
    started_at: datetime
    seen_at: datetime
    stopped_at: datetime | None
    alive: bool
    failing: Sequence[FailingLoop]


@dataclass(frozen=True, slots=True)
class WarehouseLag:
    """What was recorded and is not in the warehouse yet, counted no further than a ceiling, and for how long."""

    dialect: str
    rows: int
    more: bool
    late_s: float
    through: datetime


@dataclass(frozen=True, slots=True)
class DiskPart:
    name: Literal["database", "warehouse", "other"]
    bytes: int


@dataclass(frozen=True, slots=True)
class Disk:
    """The data folder of the process that answers, and the volume it lies on. A database that is elsewhere is counted
    as it says itself, and lies on another volume."""

    folder: str
    parts: Sequence[DiskPart]
    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Versions:
    regulars: str
    python: str
    postgresql: str
    schema: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong: a code that stays the same, a sentence, since when if that is known, and what to do."""

    code: str
    what: str
    since: datetime | None
    advice: str


@dataclass(frozen=True, slots=True)
class Held:
    """Sending is held, and since when, by whom and why. So many messages wait for it to be released, and so many of
    those may have been sent before the database was restored; with `more` there are more of both."""

    since: datetime
    by: str
    because: str
    waiting: int
    doubtful: int
    more: bool


@dataclass(frozen=True, slots=True)
class Status:
    """How the installation is at an instant. `warehouse` is null when there is none, or none was ever fed; `held` when
    messages go out."""

    at: datetime
    waiting: Sequence[Waiting]
    ticks: Ticks
    accepted_per_s: float
    recorded_per_s: float
    warehouse: WarehouseLag | None
    held: Held | None
    disk: Disk
    versions: Versions
    processes: Sequence[Process]
    findings: Sequence[Finding]

    def of(self, kind: Kind, name: str) -> Waiting:
        return next(one for one in self.waiting if (one.kind, one.name) == (kind, name))
