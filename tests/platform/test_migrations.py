"""Migrations on a database that is in use: nobody waits long, nothing is lost, and what was interrupted goes on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from regulars.platform import shipped
from regulars.platform.postgres import migrate as module
from regulars.platform.postgres.migrate import (
    DatabaseIsNewer,
    MigrationTooSlow,
    OlderStillRuns,
    applied_migrations,
    migrate,
    missing_migrations,
    not_migrating,
    program_name,
)
from regulars.platform.postgres.migrations import MigrationMalformed, Run, newest, read_migrations
from regulars.platform.postgres.pool import make_pool
from regulars.platform.unit import Units
from tests.conftest import AT

COLUMN = "ALTER TABLE templates ADD COLUMN note text;\n"
INDEX = "-- run: statements\nCREATE INDEX CONCURRENTLY IF NOT EXISTS caught_mail_from ON caught_mail (mail_from);\n"
FILL = """-- run: batches
UPDATE settings SET changed_by = 'filled' WHERE name IN (
       SELECT name FROM settings WHERE changed_by <> 'filled' ORDER BY name LIMIT 2);
"""


class Release:
    """A release's migrations: the shipped ones and those it adds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for file in shipped.migrations().glob("*.sql"):
            (folder / file.name).write_bytes(file.read_bytes())
        self.before = newest(folder)
        self.number = self.before

    def add(self, name: str, text: str, *, works_from: int | None = None) -> str:
        self.number += 1
        head = "" if works_from is None else f"-- works from: {works_from:04d}\n"
        title = f"{self.number:04d}_{name}"
        (self.folder / f"{title}.sql").write_text(head + text)
        return title


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return Release(tmp_path)


@asynccontextmanager
async def connected(url: str, **given: Any) -> AsyncIterator[psycopg.AsyncConnection[tuple[Any, ...]]]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, **given) as connection:
        yield connection


@contextmanager
def patience(monkeypatch: pytest.MonkeyPatch, **limits: Any) -> Iterator[None]:
    with monkeypatch.context() as patch:
        for name, value in limits.items():
            patch.setattr(module, name, value)
        yield


async def test_a_migration_gives_up_its_place_rather_than_have_others_wait_behind_it(
    database_url: str, release: Release
) -> None:
    """Somebody reads a table for two seconds. The migration wants it for itself; whoever comes after it reads on."""
    title = release.add("note", COLUMN)
    async with connected(database_url) as reader, connected(database_url) as other:
        await reader.execute("BEGIN; SELECT count(*) FROM templates")
        migrating = asyncio.create_task(migrate(database_url, release.folder, at=AT))
        slowest = 0.0
        for _ in range(40):
            began = time.monotonic()
            await other.execute("SELECT count(*) FROM templates")
            slowest = max(slowest, time.monotonic() - began)
            await asyncio.sleep(0.05)
        assert not migrating.done()
        await reader.execute("COMMIT")
        assert await migrating == [title]
        await other.execute("SELECT note FROM templates")
    assert slowest < 1.0


async def test_what_would_hold_its_locks_too_long_is_taken_back_and_said_so(
    database_url: str, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.add("slow", COLUMN + "SELECT pg_sleep(20);\n")
    with (
        patience(monkeypatch, held_max_s=0.2, slow_tries_max=2, pauses_s=(0.01,) * 5),
        pytest.raises(MigrationTooSlow, match="taken back"),
    ):
        await migrate(database_url, release.folder, at=AT)
    async with connected(database_url) as connection:
        with pytest.raises(errors.UndefinedColumn):
            await connection.execute("SELECT note FROM templates")
        assert len(await missing_migrations(database_url, release.folder)) == 1
        cursor = await connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(20)%' "
            "AND pid <> pg_backend_pid()"
        )
        assert await cursor.fetchone() == (0,)


async def test_an_index_whose_making_was_interrupted_is_made_anew(database_url: str, release: Release) -> None:
    title = release.add("index", INDEX)
    async with connected(database_url) as connection, connected(database_url) as holder:
        await holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM settings")
        await connection.execute("SET lock_timeout = '100ms'")
        with pytest.raises(errors.LockNotAvailable):
            await connection.execute("CREATE INDEX CONCURRENTLY caught_mail_from ON caught_mail (mail_from)")
        await holder.execute("COMMIT")
        valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'caught_mail_from'::regclass"
        assert await (await connection.execute(valid)).fetchone() == (False,)
        assert await migrate(database_url, release.folder, at=AT) == [title]
        assert await (await connection.execute(valid)).fetchone() == (True,)


async def test_a_column_is_filled_a_few_rows_at_a_time_and_to_the_end(database_url: str, release: Release) -> None:
    release.add("fill", FILL)
    async with connected(database_url) as connection:
        await connection.execute(
            "INSERT INTO settings SELECT 'n' || n, '1', '2026-03-02', 'me' FROM generate_series(1, 7) AS n"
        )
        await migrate(database_url, release.folder, at=AT)
        left = await connection.execute("SELECT count(*) FROM settings WHERE changed_by <> 'filled'")
        assert await left.fetchone() == (0,)


async def test_of_two_that_start_together_one_migrates_also_when_an_index_is_made_beside_the_traffic(
    database_url: str, release: Release
) -> None:
    """Waiting inside a statement for the other's turn to end would be waited for by the index, for ever."""
    titles = [release.add("note", COLUMN), release.add("index", INDEX)]
    done = await asyncio.wait_for(
        asyncio.gather(*(migrate(database_url, release.folder, at=AT) for _ in range(3))), timeout=60
    )
    assert sorted(done, key=len)[-1] == titles
    assert sorted(map(len, done)) == [0, 0, 2]


async def test_nobody_migrates_while_a_backup_is_made(database_url: str, release: Release) -> None:
    release.add("note", COLUMN)
    async with connected(database_url) as connection:
        async with not_migrating(connection):
            migrating = asyncio.create_task(migrate(database_url, release.folder, at=AT))
            await asyncio.sleep(0.6)
            assert not migrating.done()
        assert len(await migrating) == 1


async def test_the_release_before_starts_on_a_schema_that_says_it_may(database_url: str, release: Release) -> None:
    release.add("note", COLUMN, works_from=release.before)
    await migrate(database_url, release.folder, at=AT)
    assert await migrate(database_url, shipped.migrations(), at=AT) == []
    assert await missing_migrations(database_url, shipped.migrations()) == []
    release.add("gone", "ALTER TABLE templates DROP COLUMN note;\n", works_from=release.number)
    await migrate(database_url, release.folder, at=AT)
    with pytest.raises(DatabaseIsNewer):
        await migrate(database_url, shipped.migrations(), at=AT)


async def test_what_an_older_program_could_not_bear_waits_until_it_is_stopped(
    database_url: str, release: Release
) -> None:
    release.add("gone", COLUMN)
    older = program_name(release.before)
    async with make_pool(database_url, size_max=2, name=older) as pool, pool.connection():
        with pytest.raises(OlderStillRuns, match=f"up to {release.before:04d}"):
            await migrate(database_url, release.folder, at=AT)
    assert len(await migrate(database_url, release.folder, at=AT)) == 1


async def test_a_database_of_before_says_of_its_migrations_what_they_need(database_url: str) -> None:
    async with connected(database_url) as connection:
        await connection.execute("ALTER TABLE migrations DROP COLUMN works_from")
        assert [one.works_from for one in await applied_migrations(connection)] == [
            one.number for one in read_migrations(shipped.migrations())
        ]


def test_what_a_head_says_must_be_understood(release: Release) -> None:
    release.add("odd", "-- run: sideways\nSELECT 1;\n")
    release.add("ahead", "SELECT 1;\n", works_from=9_999)
    release.add("body", "-- run: statements\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;\n")
    release.add("open", "-- run: statements\nSELECT 1;\nSELECT 2\n")
    odd, ahead, body, unfinished = read_migrations(release.folder)[-4:]
    for look in (lambda: odd.run, lambda: ahead.works_from, lambda: body.statements, lambda: unfinished.statements):
        with pytest.raises(MigrationMalformed):
            look()
    assert unfinished.run is Run.STATEMENTS


async def test_two_hundred_units_a_second_go_on_through_three_migrations(
    database_url: str, release: Release, units: Units
) -> None:
    """Writers insert all the while; nothing of theirs is lost, and no lock is waited for by anybody for a second."""
    titles = [
        release.add("note", "ALTER TABLE rejections ADD COLUMN note text;\n", works_from=release.before),
        release.add(
            "index",
            "-- run: statements\nCREATE INDEX CONCURRENTLY IF NOT EXISTS rejections_source ON rejections (source);\n",
            works_from=release.before,
        ),
        release.add(
            "fill",
            "-- run: batches\nUPDATE rejections SET note = source WHERE id IN (\n"
            "       SELECT id FROM rejections WHERE note IS NULL AND at <= '2026-03-02 09:00Z' LIMIT 500);\n",
            works_from=release.before,
        ),
    ]
    stop, written = asyncio.Event(), 0
    insert = (
        b"INSERT INTO rejections (id, at, source, code, reason, pointer, body)"
        b" VALUES (%(id)s, %(at)s, 'w', 'c', 'r', '', '')"
    )

    async def write() -> None:
        nonlocal written
        while not stop.is_set():
            late = timedelta(seconds=written % 2)
            async with units.open() as unit:
                await unit.run(insert, id=unit.new_id(), at=unit.at + late)
            written += 1

    writers = [asyncio.create_task(write()) for _ in range(3)]
    async with sampling(database_url) as waits:
        await asyncio.sleep(0.5)
        assert await migrate(database_url, release.folder, at=AT) == titles
        before = written
        await asyncio.sleep(0.5)
    stop.set()
    await asyncio.gather(*writers)
    assert written > before > 0, "the writers stood still"
    async with units.open() as unit:
        assert await unit.value(b"SELECT count(*) FROM rejections") == written
        found = await unit.value(b"SELECT count(*) FROM rejections WHERE note IS NULL AND at <= %(at)s", at=AT)
    assert found <= written - before, "what was there was not filled"
    assert [one for one in waits if one > 1.0] == []


@asynccontextmanager
async def sampling(url: str) -> AsyncIterator[list[float]]:
    """How long anybody had been waiting for a table at each look, in seconds; the index's waiting for transactions
    that began before it is in nobody's way."""
    waits: list[float] = []
    look = (
        "SELECT extract(epoch FROM clock_timestamp() - waitstart)::float8 FROM pg_locks "
        "WHERE NOT granted AND locktype = 'relation' AND waitstart IS NOT NULL"
    )

    async def sample() -> None:
        async with connected(url) as connection:
            while True:
                waits.extend(wait for (wait,) in await (await connection.execute(look)).fetchall())
                await asyncio.sleep(0.02)

    task = asyncio.create_task(sample())
    try:
        yield waits
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
