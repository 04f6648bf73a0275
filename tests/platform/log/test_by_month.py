"""A log of one table becomes the first part of one by months while it is in use: nothing is copied, nobody waits."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from regulars.domains.events import service as events
from regulars.pipeline import Pipeline
from regulars.platform import shipped
from regulars.platform.postgres.migrate import migrate
from regulars.platform.postgres.pool import make_pool
from regulars.platform.postgres.server import EmbeddedPostgres
from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from regulars.shared.ids import Ids
from tests.conftest import AT
from tests.platform.test_migrations import sampling

BEFORE = 14
"""The last migration with a log of one table."""
RECORD = b"""
INSERT INTO events (message_id, customer_id, identifier_id, kind, name, at, received_at, by_customer, historical,
                    source, properties, context)
SELECT %(run)s || n, md5((n %% 500)::text)::uuid, n %% 500, 'track', 'Seen', received_at, received_at, true, false,
       'test', jsonb_build_object('n', n, 'padding', repeat('x', 60)), '{}'
  FROM (SELECT n, %(at)s::timestamptz - %(every)s::interval * (%(rows)s - n) AS received_at
          FROM generate_series(1, %(rows)s::integer) AS n) AS made
    ON CONFLICT (message_id) DO NOTHING"""

INDEXED = b"""
SELECT regexp_replace(pg_get_indexdef(indexrelid), '^.* USING ', '')
  FROM pg_index WHERE indrelid = %(part)s::regclass"""


@pytest.fixture
def one_table(postgres_server: EmbeddedPostgres, tmp_path: Path) -> Iterator[str]:
    """A database of the schema before."""
    for file in shipped.migrations().glob("*.sql"):
        if int(file.stem[:4]) <= BEFORE:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    admin = postgres_server.url.replace("/regulars?", "/postgres?")
    url = postgres_server.url.replace("/regulars?", "/one_table?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE DATABASE one_table TEMPLATE template0")
        asyncio.run(migrate(url, tmp_path, at=AT))
        yield url
        connection.execute("DROP DATABASE one_table WITH (FORCE)")


@asynccontextmanager
async def using(url: str, at: datetime = AT) -> AsyncIterator[Units]:
    async with make_pool(url, size_max=8) as pool:
        yield Units(pool, SetClock(at), Ids(random.Random(7)))


async def fill(units: Units, rows: int, *, run: str = "m", at: datetime = AT, every: timedelta) -> None:
    async with units.open() as unit:
        await unit.run(RECORD, run=run, rows=rows, at=at, every=every)


async def parts(units: Units) -> list[dict[str, Any]]:
    async with units.open() as unit:
        return await unit.records(
            b"SELECT name, nullif(first, '-infinity') AS first, until FROM log_parts ORDER BY log_parts.first"
        )


async def taken(units: Units, *ids: str, historical: bool = False) -> int:
    """Sends these, and tells how many events that made."""
    calls = [{"type": "track", "userId": "ana", "event": "Sent", "messageId": one} for one in ids]
    async with units.open() as unit:
        await events.add(unit, calls, source="test", historical=historical)
        before = await unit.value(b"SELECT count(*) FROM events")
    async with Pipeline(units, Ids(random.Random(3))) as pipeline:
        await pipeline.drain(units.clock.now())
    async with units.open() as unit:
        return int(await unit.value(b"SELECT count(*) FROM events")) - int(before)


@pytest.mark.parametrize("rows", [100_000, pytest.param(2_000_000, marks=pytest.mark.slow)])
async def test_a_full_log_is_converted_while_it_is_written_and_read(one_table: str, rows: int) -> None:
    """The release before writes and looks for copies as it does, and others count a customer's events; the file of the
    table stays what it was, and no statement that goes on afterwards took a second."""
    slowest, refused, written = 0.0, 0, 0
    stop = asyncio.Event()
    async with using(one_table) as units:
        await fill(units, rows, every=timedelta(seconds=30))
        async with units.open() as unit:
            file = await unit.value(b"SELECT pg_relation_filenode('events')")

        async def write(number: int) -> None:
            nonlocal refused, written, slowest
            while not stop.is_set():
                began = time.monotonic()
                try:
                    await fill(units, 5, run=f"w{number}.{written}.", every=timedelta(0))
                    written += 5
                except psycopg.errors.InvalidColumnReference:
                    refused += (
                        1  # A copy is looked for in another way from now on: the release before must be replaced.
                    )
                    return
                slowest = max(slowest, time.monotonic() - began)

        async def read() -> None:
            nonlocal slowest
            while not stop.is_set():
                began = time.monotonic()
                async with units.open() as unit:
                    who = random.Random(written).randrange(500)
                    await unit.value(
                        b"SELECT count(*) FROM events WHERE customer_id = md5(%(who)s)::uuid", who=str(who)
                    )
                slowest = max(slowest, time.monotonic() - began)
                await asyncio.sleep(0.01)

        users = [asyncio.create_task(write(number)) for number in range(2)] + [asyncio.create_task(read())]
        async with sampling(one_table) as waits:
            await asyncio.sleep(0.5)
            assert len(await migrate(one_table, shipped.migrations(), at=AT)) >= 4
            await asyncio.sleep(0.5)
        stop.set()
        await asyncio.gather(*users)
        assert written > 0
        assert slowest < 1.0
        assert [one for one in waits if one > 1.0] == []
        async with units.open() as unit:
            assert await unit.value(b"SELECT count(*) FROM events") == rows + written
            assert await unit.value(b"SELECT pg_relation_filenode('events_first')") == file
            assert await unit.value(b"SELECT count(DISTINCT seq) FROM events") == rows + written
        assert [(one["name"], one["until"]) for one in await parts(units)] == [
            ("events_first", datetime(2026, 5, 1, tzinfo=UTC))
        ]
        assert await taken(units, "new", f"m{rows}") == 1
        async with units.open() as unit:
            assert await unit.value(b"SELECT seq FROM events WHERE message_id = 'new'") == rows + written + 1


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(days=400)])
async def test_events_of_a_clock_that_was_wrong_are_in_the_first_part_too(one_table: str, ahead: timedelta) -> None:
    async with using(one_table) as units:
        await fill(units, 10, run="ahead", at=AT + ahead, every=timedelta(seconds=1))
        await fill(units, 20_000, every=timedelta(minutes=1))
        await migrate(one_table, shipped.migrations(), at=AT)
        (first,) = await parts(units)
        assert first["until"] == datetime(2026, 5, 1, tzinfo=UTC) if not ahead else datetime(2027, 6, 1, tzinfo=UTC)
        assert await taken(units, "ahead1", "m20000", "new") == 1


async def test_the_first_part_holds_copies_of_years_and_history_still_counts_once(one_table: str) -> None:
    async with using(one_table) as units:
        await fill(units, 1_000, every=timedelta(days=1))
        await migrate(one_table, shipped.migrations(), at=AT)
        assert await taken(units, "m1", "m500", "fresh", historical=True) == 1
        assert await taken(units, "m1", "m2") == 0, "the part's own index refuses what ticks did not look for"
    async with using(one_table, AT + timedelta(days=70)) as units:
        assert await taken(units, "m1", "later", historical=True) == 1
        assert [one["name"] for one in await parts(units)] == ["events_first", "events_2026_05"]


async def test_a_log_without_events_has_no_first_part(one_table: str) -> None:
    async with using(one_table) as units:
        await migrate(one_table, shipped.migrations(), at=AT)
        assert await parts(units) == []
        assert await taken(units, "m1") == 1


async def test_what_comes_between_the_migrations_is_neither_lost_nor_in_the_way(one_table: str, tmp_path: Path) -> None:
    """The bound was chosen while the log was empty."""
    for file in shipped.migrations().glob("*.sql"):
        if int(file.stem[:4]) <= BEFORE + 3:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    async with using(one_table) as units:
        await migrate(one_table, tmp_path, at=AT)
        await fill(units, 100, every=timedelta(seconds=1))
        await migrate(one_table, shipped.migrations(), at=AT)
        assert [one["name"] for one in await parts(units)] == ["events_first"]
        assert await taken(units, "m1", "m101") == 1


async def test_a_month_is_indexed_as_the_first_part_is(one_table: str) -> None:
    async with using(one_table) as units:
        await fill(units, 1, every=timedelta(0))
        await migrate(one_table, shipped.migrations(), at=AT)
        async with units.open() as unit:
            await unit.value(b"SELECT add_log_month(%(at)s)", at=AT + timedelta(days=100))
            found = {part: set(await unit.values(INDEXED, part=part)) for part in ("events_first", "events_2026_06")}
        assert found["events_first"] == found["events_2026_06"]
        assert len(found["events_first"]) == 3
