"""Brings a database to the present schema: numbered SQL files, each applied once, in order, in its own transaction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg
import structlog

from regulars.shared.errors import Conflict

_LOCK: Final = 7_291_820_001
lock_timeout_ms: Final = 5_000
_log = structlog.get_logger(__name__)


class DatabaseIsNewer(Conflict):
    """This database was written by a newer Regulars."""


class MigrationChanged(Conflict):
    """A migration that was applied to this database has since been edited."""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    sql: bytes

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql).hexdigest()


def read_migrations(folder: Path) -> list[Migration]:
    files = sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [Migration(int(file.stem[:4]), file.stem[5:], file.read_bytes()) for file in files]


async def migrate(url: str, folder: Path, *, at: datetime) -> list[str]:
    """Applies what is missing and returns its names. Two processes that start together wait for one another."""
    known = read_migrations(folder)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations ("
            "number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL)"
        )
        cursor = await connection.execute("SELECT number, name, checksum FROM migrations ORDER BY number")
        applied = {number: (name, checksum) for number, name, checksum in await cursor.fetchall()}
        _check(known, applied)
        done: list[str] = []
        for migration in known:
            if migration.number in applied:
                continue
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = {lock_timeout_ms}".encode())
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO migrations VALUES (%s, %s, %s, %s)",
                    (migration.number, migration.name, migration.checksum, at),
                )
            _log.info("migrated", number=migration.number, name=migration.name)
            done.append(f"{migration.number:04d}_{migration.name}")
        return done


async def missing_migrations(url: str, folder: Path) -> list[str]:
    """What a start would apply, by name; looks and changes nothing. Raises like `migrate` for a database it would not
    touch."""
    known = read_migrations(folder)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        there = await (await connection.execute("SELECT to_regclass('migrations') IS NOT NULL")).fetchone()
        rows = []
        if there and there[0]:
            rows = await (await connection.execute("SELECT number, name, checksum FROM migrations")).fetchall()
    applied = {number: (name, checksum) for number, name, checksum in rows}
    _check(known, applied)
    return [f"{one.number:04d}_{one.name}" for one in known if one.number not in applied]


def _check(known: list[Migration], applied: dict[int, tuple[str, str]]) -> None:
    ours = {migration.number: migration for migration in known}
    for number, (name, checksum) in applied.items():
        if number not in ours:
            raise DatabaseIsNewer(
                f"This database has the migration {number:04d}_{name}, which this Regulars does not know: it was "
                "written by a newer version. Start that version, or restore a backup made with this one."
            )
        if ours[number].checksum != checksum:
            raise MigrationChanged(f"The migration {number:04d}_{name} was edited after it had been applied.")
