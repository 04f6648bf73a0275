"""The tick: one transaction at one instant, in which everything that was received changes everything it must.

Steps hand sets to one another through temporary tables, made once a connection and emptied by every commit:

    tick_messages   what was claimed from the inbox, later with the customer and identifier it resolved to
    merged          customers that became one in this tick (kept_id, absorbed_id, merge_id)
    unmerged        customers taken apart again (kept_id, absorbed_id, merge_id)
    recorded        the events this tick appended to the log (duplicates are not among them)
    scope           customers to judge at the tick's instant: touched by an event, or surely, as due by the clock
    stale           those of them whose summary must be made from their history
    entries         what this tick's events, and the history of the stale, add to summaries
    judged          what this tick says of those in scope: the rules that hold, and when time alone can change that
    verdict_changes verdicts of live rules that became true or false in this tick
    became_live     rules whose first or new version is whole and counts from this tick on
    caused          what the steps make happen: events of the next tick
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

import psycopg

from regulars.platform.unit import Connection, Unit, Units

T = TypeVar("T")

TICK_LOCK: Final = 7_291_820_002
"""Only one tick runs at a time, in whatever process: it holds this advisory lock to its end."""

stopped_after_s: Final = 6
"""A process that is stopped in the middle of a tick, and has asked the database nothing for so long, loses the tick and
the lock: another takes over within ten seconds. What takes longer and is no statement goes through `Tick.beside`."""
beat_s: Final = 2.0
excluding_stopped_after_s: Final = 30

TEMPORARY: Final = b"""
CREATE TEMPORARY TABLE IF NOT EXISTS tick_messages (
    seq bigint NOT NULL, message_id text COLLATE "C" NOT NULL, kind text NOT NULL, name text NOT NULL,
    at timestamptz NOT NULL, received_at timestamptz NOT NULL, original_at timestamptz, sent_at timestamptz,
    user_id text, anonymous_id text, previous_id text, email text, phone text, customer_id uuid,
    by_customer boolean NOT NULL, historical boolean NOT NULL, source text NOT NULL, properties jsonb NOT NULL,
    traits jsonb NOT NULL, consents jsonb NOT NULL, context jsonb NOT NULL, identifier_id bigint
) WITH (fillfactor = 45) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS merged (kept_id uuid, absorbed_id uuid, merge_id uuid) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS unmerged (kept_id uuid, absorbed_id uuid, merge_id uuid) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS recorded (
    seq bigint NOT NULL, message_id text COLLATE "C" NOT NULL, customer_id uuid NOT NULL, kind text NOT NULL,
    name text NOT NULL, at timestamptz NOT NULL, received_at timestamptz NOT NULL, by_customer boolean NOT NULL,
    properties jsonb NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS scope (
    customer_id uuid NOT NULL, at timestamptz NOT NULL, surely boolean NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS stale (
    customer_id uuid NOT NULL, at timestamptz NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS entries (
    leaf integer NOT NULL, customer_id uuid NOT NULL, us bigint NOT NULL, seq bigint, value jsonb
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS judged (
    lot integer NOT NULL, customer_id uuid NOT NULL, holds integer[] NOT NULL, changes_at timestamptz
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS verdict_changes (
    rule_id integer NOT NULL, customer_id uuid NOT NULL, holds boolean NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS became_live (
    rule_id integer NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS caused (
    customer_id uuid NOT NULL, name text NOT NULL, at timestamptz NOT NULL, properties jsonb NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY
) ON COMMIT DELETE ROWS;
"""


few_max: Final = 256
"""A tick with so much to do looks everything up, by plans that are kept for the next: to plan for one event takes four
times as long as to work it in."""

# A plan that is kept knows neither how much there is nor what is asked for, and was perhaps made when all tables were
# empty. Whoever may only look up finds few quickly however large the tables are.
_FOR_FEW: Final = f"""
SET plan_cache_mode = 'force_generic_plan'; SET enable_seqscan = off; SET enable_hashjoin = off;
SET enable_mergejoin = off; SET idle_in_transaction_session_timeout = '{stopped_after_s}s'""".encode()
_FOR_OTHERS: Final = b"""
RESET plan_cache_mode; RESET enable_seqscan; RESET enable_hashjoin; RESET enable_mergejoin;
RESET idle_in_transaction_session_timeout"""
_FOR_MANY: Final = b"""
SET LOCAL plan_cache_mode = 'force_custom_plan'; SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on;
SET LOCAL enable_mergejoin = on; DISCARD PLANS"""

_ANALYSE: Final = (
    b"ANALYZE tick_messages, merged, unmerged, recorded, scope, stale, entries, judged, "
    b"verdict_changes, became_live, caused"
)
_LAST: Final = b"SELECT at FROM last_tick"
_NOTE: Final = b"""INSERT INTO last_tick (one, at) VALUES (true, %(at)s)
                   ON CONFLICT (one) DO UPDATE SET at = greatest(last_tick.at, excluded.at)"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a tick took from the inbox: how many messages, copies of one message counted once, and what there is among
    those that the log does not hold. Nobody looks again for what is not there."""

    many: int
    first: int | None = None
    last: int | None = None
    """Where the first and the last of them stood in the inbox."""
    first_at: datetime | None = None
    last_at: datetime | None = None
    """When the first and the last came in."""
    sent: bool = False
    """Somebody sent one, with identifiers of a customer."""
    caused: bool = False
    traits: bool = False
    consents: bool = False
    ahead: bool = False
    """One speaks of a time after it came in, or after the tick."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a tick appended to the log: how many events, of what names, and whether any is a customer's own act."""

    many: int = 0
    names: frozenset[str] = frozenset()
    by_customer: bool = False


@dataclass
class Tick(Unit):
    """The unit of work the steps share.

    `historical`: what was claimed is imported history. It changes what is known, and what it causes is history too:
    no journey starts and no message leaves because of it.
    `counts`: what each step did, for the log and the metrics.
    `claimed`, `recorded`: what the first steps say of this tick, so that none after them asks for what is not there.
    `memory`: what steps keep from one tick to the next on this database, beside what makes them find it again.
    """

    historical: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    claimed: Claimed = Claimed(0)
    recorded: Recorded = Recorded()
    memory: dict[str, Any] = field(default_factory=dict)
    _planned_for_many: bool = False

    @property
    def regrouped(self) -> bool:
        """Whether customers became one or were taken apart, which `identify` finds. In nearly every tick nobody did."""
        return any(self.counts.get(what) for what in ("merges", "unmerged"))

    @property
    def stirred(self) -> bool:
        """Whether any verdict changed, a rule began to count, or customers were regrouped. In many ticks nothing did,
        and what follows verdicts has nothing to look for."""
        return self.regrouped or any(self.counts.get(what) for what in ("verdict_changes", "rules_live"))

    async def expect(self, many: int | None) -> None:
        """To be told as soon as it is known how much there is to do, None if that may be anything. Plans that are kept
        are for few, and would have many compared each with each. So a tick of many is planned for as many as it has,
        and its plans, by which few would read whole tables, are not kept either."""
        if many is None or many > few_max:
            if not self._planned_for_many:
                await self.run(_FOR_MANY)
                self._planned_for_many = self.memory["plans_of_many"] = True
        elif not self._planned_for_many and self.memory.pop("plans_of_many", False):
            await self.run(b"DISCARD PLANS")

    async def beside(self, work: Awaitable[T]) -> T:
        """What takes long and does not ask the database through this tick. Meanwhile that is told that somebody is
        still there: only whoever is stopped falls silent."""
        working = asyncio.ensure_future(work)
        while not (await asyncio.wait({working}, timeout=beat_s))[0]:
            await self.run(b"SELECT 1")
        return await working

    def count(self, what: str, many: int) -> None:
        self.counts[what] = self.counts.get(what, 0) + many


async def last_instant(unit: Unit) -> datetime | None:
    """When the last tick was. What summaries and verdicts keep holds from then on, so no tick goes back behind it."""
    at: datetime | None = await unit.value(_LAST)
    return at


async def note_instant(tick: Tick) -> None:
    await tick.run(_NOTE, at=tick.at)


async def exclude_ticks(unit: Unit) -> None:
    """Waits for a running tick to end and keeps the next from starting until this unit ends."""
    await unit.let_go_when_stopped(excluding_stopped_after_s)
    await unit.run(b"SELECT pg_advisory_xact_lock(%(lock)s)", lock=TICK_LOCK)


@asynccontextmanager
async def connection_for_ticks(units: Units) -> AsyncIterator[Connection]:
    """A connection with the temporary tables, set up as ticks want it and nobody else does.

    A table that was never analysed is planned for as if it had ten pages: a thousand merges where there is none, and
    with them a scan of all customers. Analysed once, even empty, it is taken for as big as it is at that moment."""
    async with units.connection() as connection:
        await connection.execute(_FOR_FEW)
        await connection.execute(TEMPORARY)
        await connection.execute(_ANALYSE)
        await connection.commit()
        try:
            yield connection
        finally:
            with suppress(psycopg.OperationalError):  # A lost connection goes to nobody.
                await connection.rollback()
                await connection.execute(_FOR_OTHERS)
                await connection.commit()
