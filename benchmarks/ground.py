"""The ground a figure stands on: a database of its own, fsync on, with customers, a past and rules in force."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks.client import call
from regulars.domains.audiences import service as audiences
from regulars.domains.events import service as intake
from regulars.domains.verdicts import service as verdicts
from regulars.entrypoints.demo import install_blueprint
from regulars.pipeline import Pipeline
from regulars.platform import shipped
from regulars.platform.postgres.migrate import migrate
from regulars.platform.postgres.pool import make_pool
from regulars.platform.postgres.server import EmbeddedPostgres
from regulars.platform.unit import Connection, Units
from regulars.shared.clock import SystemClock
from regulars.shared.ids import Ids

BLUEPRINT: Final = "apparel-store"
EVENTS: Final[Mapping[str, int]] = {
    "Page Viewed": 40,
    "Product Viewed": 25,
    "Product Added": 12,
    "Checkout Started": 8,
    "Order Completed": 10,
    "Signed Up": 2,
    "Product Reviewed": 2,
    "Support Requested": 1,
}
"""What customers do, and how often in a hundred."""

MORE_AUDIENCES: Final[Mapping[str, str]] = {
    "bought": 'did "Order Completed"',
    "bought-lately": 'did "Order Completed" in the last 30 days',
    "bought-often": 'did "Order Completed" at least 5 times in the last 365 days',
    "browsers": 'did "Page Viewed" at least 10 times in the last 30 days',
    "quiet": 'not did "Page Viewed" in the last 60 days',
    "german": 'country is "DE"',
    "not-german": 'country is not "DE" and did "Order Completed"',
    "beauty": 'did "Order Completed" where category is "beauty"',
    "beauty-lately": 'did "Product Viewed" where category is "beauty" at least 2 times in the last 14 days',
    "spenders": 'did "Order Completed" where revenue at least 100 in the last 180 days',
    "helped": 'did "Support Requested" in the last 90 days',
    "reviewers": 'did "Product Reviewed" and did "Order Completed" at least 2 times',
    "undecided": 'did "Product Added" in the last 7 days and not did "Order Completed" in the last 7 days',
}
"""With the seven of the blueprint: twenty."""

_CUSTOMERS: Final = """
WITH made AS (
    INSERT INTO customers (id, created_at, first_seen_at, last_seen_at, traits)
    SELECT derived_id(%(at)s::timestamptz - interval '366 days', 'customer:' || n), %(at)s,
           %(at)s::timestamptz - interval '365 days', %(at)s,
           jsonb_build_object('country', (ARRAY['DE', 'FR', 'GB', 'US'])[1 + n %% 4], 'name', 'Customer ' || n)
      FROM generate_series(1, %(customers)s::integer) AS n
    RETURNING id, traits),
searches AS (
    INSERT INTO customer_searches (customer_id, search)
    SELECT id, lower(traits ->> 'name') || ' u' || split_part(traits ->> 'name', ' ', 2) FROM made)
INSERT INTO identifiers (kind, value, customer_id, first_seen_at)
SELECT k.kind, k.value, made.id, %(at)s::timestamptz - interval '365 days'
  FROM made CROSS JOIN LATERAL (
       VALUES ('user_id', 'u' || split_part(made.traits ->> 'name', ' ', 2)), ('customer', made.id::text))
       AS k (kind, value)"""

_TRAITS: Final = """
INSERT INTO trait_values (customer_id, key, at, identifier_id, message_id, value, text)
SELECT c.id, 'country', %(at)s::timestamptz - interval '365 days', i.id, 'trait:' || i.value, c.traits -> 'country',
       c.traits ->> 'country'
  FROM customers AS c JOIN identifiers AS i ON i.customer_id = c.id AND i.kind = 'user_id'"""

_EVENTS: Final = """
INSERT INTO events (message_id, customer_id, identifier_id, kind, name, at, received_at, by_customer, historical,
                    source, properties, context)
SELECT 'past:' || e.n, i.customer_id, i.id, 'track',
       (%(names)s::text[])[1 + (e.n * 7919) %% 100],
       e.at, e.at, true, true, 'bench-past',
       jsonb_build_object('category', (ARRAY['beauty', 'shoes', 'coats', 'hats', 'bags'])[1 + e.n %% 5],
                          'revenue', 10 + e.n %% 190, 'url', 'https://shop.example/' || e.n %% 500),
       '{}'
  FROM (SELECT n, %(at)s::timestamptz - interval '1 second' * (1 + (n * 2654435761) %% (365 * 86400)) AS at
          FROM generate_series(1::bigint, %(events)s::bigint) AS n) AS e
  JOIN identifiers AS i ON i.kind = 'user_id' AND i.value = 'u' || (1 + (e.n * 48271) %% %(customers)s::bigint)
 ORDER BY e.n"""


_MONTHS: Final = b"""
SELECT count(*) FILTER (WHERE add_log_month(day))
  FROM generate_series(%(at)s::timestamptz - interval '366 days', %(at)s + interval '31 days', interval '1 day') AS day
"""

_INDEXES: Final = b"""
SELECT format('DROP INDEX %%I', i.relname) AS dropped, replace(pg_get_indexdef(i.oid), ' ON ONLY ', ' ON ') AS made
  FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
 WHERE NOT i.relispartition AND (x.indrelid = 'events'::regclass OR x.indrelid IN (SELECT oid FROM log_parts))"""
"""Of the whole log, which are those of all its parts, and each part's own."""


async def _vacuum(units: Units) -> None:
    async with units.connection() as connection:
        await connection.set_autocommit(True)
        await connection.execute(b"VACUUM ANALYZE")
        await connection.set_autocommit(False)


@contextmanager
def folder() -> Iterator[Path]:
    """A data folder that is gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="regulars-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@asynccontextmanager
async def database(data: Path) -> AsyncIterator[EmbeddedPostgres]:
    """The product's own server with the settings it is shipped with, and the present schema."""
    server = EmbeddedPostgres(data)
    await server.start()
    try:
        await migrate(server.url, shipped.migrations(), at=SystemClock().now())
        yield server
    finally:
        await server.stop()


class CountingUnits(Units):
    """Counts the statements that go over its bare connections: those of ticks."""

    statements = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        counting = self

        class Counting(psycopg.AsyncCursor[Any]):
            async def execute(self, *given: Any, **named: Any) -> Any:
                counting.statements += 1
                return await super().execute(*given, **named)

        async with super().connection() as connection:
            usual, connection.cursor_factory = connection.cursor_factory, Counting
            try:
                yield connection
            finally:
                connection.cursor_factory = usual


@asynccontextmanager
async def running(data: Path) -> AsyncIterator[tuple[EmbeddedPostgres, CountingUnits]]:
    """A migrated database and units of work on it, in this process."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(database(data))
        pool = await stack.enter_async_context(make_pool(server.url))
        yield server, CountingUnits(pool, SystemClock(), Ids())


@asynccontextmanager
async def installation(data: Path) -> AsyncIterator[CountingUnits]:
    """The same where the server itself is of no interest."""
    async with running(data) as (_, units):
        yield units


async def settle_people(units: Units, *, customers: int, events: int, at: datetime) -> None:
    """Customers u1, u2, … with a year behind them, written by a few statements and not through the intake."""
    names = [name for name, share in EVENTS.items() for _ in range(share)]
    values: dict[str, Any] = {"customers": customers, "events": events, "at": at, "names": names}
    async with units.open(at=at) as unit:
        for statement in (_CUSTOMERS, _TRAITS):
            await unit.run(statement.encode(), **values)
        await unit.value(_MONTHS, at=at)
        # An index is made at once in a fraction of the time it takes to grow it row by row.
        indexes = await unit.records(_INDEXES)
        for one in indexes:
            await unit.run(one["dropped"].encode())
        await unit.run(_EVENTS.encode(), **values)
        for one in indexes:
            await unit.run(one["made"].encode())
    await _vacuum(units)


def now() -> datetime:
    return SystemClock().now()


async def lay_rules(units: Units, *, at: datetime) -> None:
    """The apparel store's lifecycle, journeys and seven audiences, and thirteen more, none of them filled yet."""
    async with units.open(at=at) as unit:
        await install_blueprint(unit, BLUEPRINT)
        for slug, rule in MORE_AUDIENCES.items():
            await audiences.put(unit, slug, slug, rule)


async def put_in_force(units: Units, pipeline: Pipeline, *, at: datetime) -> None:
    """Judges everyone by the rules that wait, and lets them count."""
    await verdicts.fill(units, at=at)
    await pipeline.drain(at)
    await _vacuum(units)


def calls(many: int, *, customers: int, run: str) -> list[dict[str, Any]]:
    """What customers do now, each one as far as there are enough."""
    names = [name for name, share in EVENTS.items() for _ in range(share)]
    return [
        call(number, run, user=f"u{1 + number * 48_271 % customers}", name=names[number * 7_919 % 100])
        for number in range(many)
    ]


async def receive(units: Units, messages: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(messages), 2_000):
        outcome = await intake.accept(units, messages[start : start + 2_000], source="bench")
        assert not outcome.rejected, outcome.rejected[:3]
