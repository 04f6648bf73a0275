"""Takes months out of the log that nobody needs there any more: they are in the warehouse.

Nobody waits for it. What is taken out is decided between two ticks, in a moment; then PostgreSQL lets those finish that
still look at it (`DETACH … CONCURRENTLY`), and what is left is a table of nobody's that is dropped. Interrupted
anywhere, the next round goes on where this one stopped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from psycopg import errors
from psycopg import sql as composed

from regulars.platform.log.months import month_of, months_after, sql
from regulars.platform.postgres.migrate import turn_now
from regulars.platform.tick import exclude_ticks
from regulars.platform.unit import Connection, Unit, Units

detach_patience_s: Final = 5
"""So long a part that is leaving waits for those who look at it. It is out of everybody's sight already."""
lock_patience_ms: Final = 300
finalize_patience_ms: Final = 900
"""So long new months could not be made."""
BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
"""Whoever asks since then asks for all of the past."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """Since when rules may ask for what happened, at `BEGINNING` for all of the past, and which of them does."""

    since: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Needs:
    """Who else needs the log. `fed`: up to which event the warehouse has it all. `asked`: what rules may ask for.
    `mentioned`: statements, each yielding the first event that something unfinished still mentions, or nothing."""

    fed: int
    asked: Callable[[Unit], Awaitable[Asked]]
    mentioned: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    first: datetime | None
    until: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """What a part holds."""

    events: int
    last_seq: int | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class LogSize:
    """How many parts the log has, what it takes on the disk, about how many events that is (0 while nobody has looked),
    and from when on it is whole: None while nothing was taken out of it."""

    parts: int
    bytes: int
    events: int
    begins: datetime | None


@dataclass(frozen=True, slots=True)
class Stays:
    """A month that is old enough, and why it is in the log all the same."""

    part: Part
    because: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A month that is to be taken out."""

    part: Part
    held: Held


async def log_size(unit: Unit) -> LogSize:
    """As PostgreSQL knows it without counting."""
    size = await unit.row(sql["log_size"], LogSize)
    assert size is not None
    return size


async def remove_month(units: Units, *, at: datetime, months: int, needs: Needs) -> Stays | Decided | None:
    """Finishes what was begun; then takes out the oldest month if it lies wholly before the last so many and nobody
    needs it. None where there is none."""
    if not await finish(units, at=at):
        return None
    async with units.open(at=at) as unit:
        part = await unit.row(sql["oldest_before"], Part, until=months_after(month_of(at), -months))
    if part is None:
        return None
    found = await _decide(units, part, at=at, needs=needs)
    if isinstance(found, Decided):
        _log.info("log_month_removed", part=part.name, until=part.until.isoformat(), events=found.held.events)
        await finish(units, at=at)
    return found


async def _decide(units: Units, part: Part, *, at: datetime, needs: Needs) -> Stays | Decided:
    """Reads the part only when nobody is known to need it, and before it keeps ticks waiting; between two ticks it
    makes sure that nothing has changed since."""
    async with units.open(at=at) as unit:
        if because := await _needed(unit, part, needs):
            return Stays(part, because)
        held = await unit.row(sql["held_inside"], Held, first=part.first, until=part.until)
    assert held is not None
    async with units.open(at=at) as unit:
        await exclude_ticks(unit)
        if because := await _needed(unit, part, needs, held):
            return Stays(part, because)
        given = {"name": part.name, "events": held.events, "last_seq": held.last_seq}
        if not await unit.run(sql["decide_removal"], **given, at=unit.at):
            return Stays(part, "another process takes it out")
    return Decided(part, held)


async def _needed(unit: Unit, part: Part, needs: Needs, held: Held | None = None) -> str | None:
    """Why a part must stay, as far as that is known: without what it holds, by its bounds and last event alone."""
    last_seq: int | None = await unit.value(sql["last_seq_inside"], first=part.first, until=part.until)
    if held is not None and last_seq != held.last_seq:
        return "something was added to it just now"
    if (last_seq or 0) > needs.fed:
        return "the warehouse does not have all of it yet"
    asked = await needs.asked(unit)
    if part.until > asked.since:
        past = "all of the past" if asked.since == BEGINNING else f"what happened since {asked.since:%Y-%m-%d}"
        return f"{asked.by} may ask for {past}"
    if held is not None and held.last_at is not None and held.last_at >= asked.since:
        return f"an event of {held.last_at:%Y-%m-%d} was told in it, before its time, and {asked.by} may ask for it"
    for statement in needs.mentioned:
        mentioned = await unit.value(statement)
        if mentioned is not None and last_seq is not None and mentioned <= last_seq:
            return "a journey or a message that is under way began with one of its events"
    return None


async def finish(units: Units, *, at: datetime) -> bool:
    """Does what was decided. False when that is not possible now: while a backup is made, or somebody migrates, or
    looks at it for long."""
    async with units.connection() as connection, _by_itself(connection), turn_now(connection) as ours:
        if not ours:
            return False
        try:
            while await _step(connection, at):
                continue
        except (errors.LockNotAvailable, errors.QueryCanceled) as error:
            _log.info("log_month_waits", because=str(error).splitlines()[0])
            return False
    return True


async def _step(connection: Connection, at: datetime) -> bool:
    """One statement, each by itself; whether there may be more to do."""
    row = await (await connection.execute(sql["undone_removal"])).fetchone()
    if row is None:
        return False
    name, attached, leaving, there = row
    part = composed.Identifier(name)
    if leaving:
        await _patience(connection, statement_ms=finalize_patience_ms, lock_ms=finalize_patience_ms)
        await connection.execute(composed.SQL("ALTER TABLE events DETACH PARTITION {} FINALIZE").format(part))
    elif attached:
        await _patience(connection, statement_ms=1_000 * detach_patience_s, lock_ms=1_000 * detach_patience_s)
        await connection.execute(composed.SQL("ALTER TABLE events DETACH PARTITION {} CONCURRENTLY").format(part))
    elif there:
        await _patience(connection, statement_ms=0, lock_ms=lock_patience_ms)
        await connection.execute(composed.SQL("DROP TABLE {}").format(part))
    else:
        await connection.execute(sql["note_removed"], {"name": name, "at": at})
    return True


async def _patience(connection: Connection, *, statement_ms: int, lock_ms: int) -> None:
    await connection.execute(f"SET statement_timeout = {statement_ms}; SET lock_timeout = {lock_ms}".encode())


@asynccontextmanager
async def _by_itself(connection: Connection) -> AsyncIterator[None]:
    """In no transaction, as those who keep nobody waiting must be."""
    await connection.set_autocommit(True)
    try:
        yield
    finally:
        if not connection.closed:
            await connection.execute(b"RESET statement_timeout; RESET lock_timeout")
            await connection.set_autocommit(False)
