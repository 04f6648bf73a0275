"""The tick: one transaction at one instant, in which everything that was received changes everything it must.

Steps hand sets to one another through temporary tables, made once a connection and emptied by every commit:

    tick_messages   what was claimed from the inbox, later with the customer and identifier it resolved to
    merged          customers that became one in this tick (kept_id, absorbed_id, merge_id)
    unmerged        customers taken apart again (kept_id, absorbed_id, merge_id)
    recorded        the events this tick appended to the log (duplicates are not among them)
    scope           customers to judge at the tick's instant: touched by an event, or due by the clock
    stale           those of them whose summary must be made from their history
    entries         what this tick's events, and the history of the stale, add to summaries
    remembered      summaries taken aside to be compared
    judged          the verdicts of this tick, whether they changed or not
    verdict_changes verdicts of live rules that became true or false in this tick
    became_live     rules whose first or new version is whole and counts from this tick on
    caused          what the steps make happen: events of the next tick
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from regulars.platform.unit import Connection, Unit

TICK_LOCK: Final = 7_291_820_002
"""Only one tick runs at a time, in whatever process: it holds this advisory lock to its end."""

TEMPORARY: Final = b"""
CREATE TEMPORARY TABLE IF NOT EXISTS tick_messages (
    seq bigint PRIMARY KEY, message_id text COLLATE "C" NOT NULL, kind text NOT NULL, name text NOT NULL,
    at timestamptz NOT NULL, received_at timestamptz NOT NULL, original_at timestamptz, sent_at timestamptz,
    user_id text, anonymous_id text, previous_id text, email text, phone text, customer_id uuid,
    by_customer boolean NOT NULL, historical boolean NOT NULL, source text NOT NULL, properties jsonb NOT NULL,
    traits jsonb NOT NULL, consents jsonb NOT NULL, context jsonb NOT NULL, identifier_id bigint
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS merged (kept_id uuid, absorbed_id uuid, merge_id uuid) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS unmerged (kept_id uuid, absorbed_id uuid, merge_id uuid) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS recorded (
    seq bigint PRIMARY KEY, message_id text COLLATE "C" NOT NULL, customer_id uuid NOT NULL, kind text NOT NULL,
    name text NOT NULL, at timestamptz NOT NULL, received_at timestamptz NOT NULL, by_customer boolean NOT NULL,
    properties jsonb NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS scope (
    customer_id uuid PRIMARY KEY, at timestamptz NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS stale (
    customer_id uuid PRIMARY KEY, at timestamptz NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS entries (
    leaf integer NOT NULL, customer_id uuid NOT NULL, us bigint NOT NULL, seq bigint, value jsonb
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS remembered (
    customer_id uuid PRIMARY KEY, by_history boolean NOT NULL, facts jsonb NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS judged (
    rule_id integer NOT NULL, customer_id uuid NOT NULL, holds boolean NOT NULL, changes_at timestamptz
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS verdict_changes (
    rule_id integer, customer_id uuid, holds boolean NOT NULL, PRIMARY KEY (rule_id, customer_id)
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS became_live (
    rule_id integer PRIMARY KEY, owner text NOT NULL, part text NOT NULL, replaces integer
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS caused (
    customer_id uuid NOT NULL, name text NOT NULL, at timestamptz NOT NULL, properties jsonb NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY
) ON COMMIT DELETE ROWS;
"""


_ANALYSE: Final = (
    b"ANALYZE tick_messages, merged, unmerged, recorded, scope, stale, entries, remembered, judged, "
    b"verdict_changes, became_live, caused"
)
_REGROUPED: Final = b"SELECT EXISTS (SELECT FROM merged) OR EXISTS (SELECT FROM unmerged)"


@dataclass
class Tick(Unit):
    """The unit of work the steps share.

    `historical`: what was claimed is imported history. It changes what is known, and what it causes is history too:
    no journey starts and no message leaves because of it.
    `counts`: what each step did, for the log and the metrics.
    `memory`: what steps keep from one tick to the next on this database, beside what makes them find it again.
    """

    historical: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)
    _regrouped: bool | None = None

    async def regrouped(self) -> bool:
        """Whether customers became one or were taken apart in this tick; from `identify` on that stands. In nearly
        every tick nobody did, and what follows merges has nothing to look for."""
        if self._regrouped is None:
            self._regrouped = bool(await self.value(_REGROUPED))
        return self._regrouped

    def count(self, what: str, many: int) -> None:
        self.counts[what] = self.counts.get(what, 0) + many


async def exclude_ticks(unit: Unit) -> None:
    """Waits for a running tick to end and keeps the next from starting until this unit ends."""
    await unit.run(b"SELECT pg_advisory_xact_lock(%(lock)s)", lock=TICK_LOCK)


async def prepare_connection(connection: Connection) -> None:
    """Makes the temporary tables on a connection that will run ticks.

    A table that was never analysed is planned for as if it had ten pages: a thousand merges where there is none, and
    with them a scan of all customers. Analysed once, even empty, it is taken for as big as it is at that moment."""
    await connection.execute(TEMPORARY)
    await connection.execute(_ANALYSE)
    await connection.commit()
