"""The embedded server, its migrations and its supervisor."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from regulars.platform import shipped
from regulars.platform.postgres.migrate import DatabaseIsNewer, MigrationChanged, migrate, read_migrations
from regulars.platform.unit import Units
from tests.conftest import AT


async def test_a_unit_commits_when_it_ends_and_leaves_no_trace_when_it_raises(units: Units) -> None:
    insert = b"INSERT INTO settings VALUES (%(name)s, '1', %(at)s, 'test')"
    async with units.open() as unit:
        await unit.run(insert, name="kept", at=unit.at)

    async def fail_half_way() -> None:
        async with units.open() as unit:
            await unit.run(insert, name="lost", at=unit.at)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_half_way()
    async with units.open() as unit:
        assert await unit.values(b"SELECT name FROM settings") == ["kept"]


async def test_migrating_twice_does_nothing_the_second_time(database_url: str) -> None:
    assert await migrate(database_url, shipped.migrations(), at=AT) == []


async def test_a_database_of_a_newer_version_is_refused_by_name(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute("INSERT INTO migrations VALUES (9000, 'of_tomorrow', '', %s)", (AT,))
    with pytest.raises(DatabaseIsNewer, match=r"9000_of_tomorrow.*newer version"):
        await migrate(database_url, shipped.migrations(), at=AT)


async def test_an_edited_migration_is_refused(database_url: str, tmp_path: Path) -> None:
    for migration in read_migrations(shipped.migrations()):
        (tmp_path / f"{migration.number:04d}_{migration.name}.sql").write_bytes(migration.sql + b"\n-- edited")
    with pytest.raises(MigrationChanged):
        await migrate(database_url, tmp_path, at=AT)


def test_no_migration_asks_the_database_for_the_time_or_for_chance() -> None:
    for migration in read_migrations(shipped.migrations()):
        text = migration.sql.decode().lower()
        for word in ("now()", "current_timestamp", "clock_timestamp", "random()", "gen_random_uuid"):
            assert word not in text, f"{migration.name} uses {word}"


async def test_the_server_answers_only_on_its_socket(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        row = await (await connection.execute("SHOW listen_addresses")).fetchone()
    assert row == ("",)
