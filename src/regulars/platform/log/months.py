"""The log's parts, one a calendar month (UTC) of when events came in: made ahead of time, or at the latest when the
first event of a month is to be recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from regulars.platform.statements import load_statements
from regulars.platform.tick import Tick
from regulars.platform.unit import Unit

sql: Final = load_statements("regulars.platform.log")
ahead: Final = 2
"""How many months are there before anything comes in: this one and the next."""
shortest_month: Final = timedelta(days=28)
_SEEN: Final = "log_months"


def month_of(at: datetime) -> datetime:
    """Its first instant."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def months_after(month: datetime, many: int) -> datetime:
    """The first instant of the month so many after (or, below zero, before) a month."""
    place = month.year * 12 + month.month - 1 + many
    return month.replace(year=place // 12, month=place % 12 + 1)


async def log_begins(unit: Unit) -> datetime | None:
    """From when on the log is whole; None while nothing was ever taken out of it."""
    begins: datetime | None = await unit.value(sql["log_begins"])
    return begins


async def make_ahead(unit: Unit) -> int:
    """Makes the parts of this month and the next; how many were missing."""
    this = month_of(unit.at)
    made: int = await unit.value(sql["add_months"], instants=[months_after(this, n) for n in range(ahead)])
    return made


async def make_room(tick: Tick, first_at: datetime, last_at: datetime) -> None:
    """Makes the parts for what the tick has taken, that came in between these instants. It asks only of months that it
    has not seen there; what this tick makes is seen by the next, since it is lost with this one."""
    seen: set[datetime] = tick.memory.setdefault(_SEEN, set())
    wanted = {month_of(first_at), month_of(last_at)}
    if wanted <= seen and last_at - first_at < shortest_month:
        return
    if not await tick.value(sql["add_months_of_tick"]):
        seen |= wanted
