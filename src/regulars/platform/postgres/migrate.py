"""Brings a database to the present schema while it is in use: numbered SQL files, each applied once and in order.

Nobody waits a second because of it. A statement that wants a lock waits for it a fraction of a second, in which others
queue behind it, and then steps aside and tries again; what holds locks is over in less than a second or is taken back.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog
from psycopg import errors, sql

from regulars.platform.postgres.migrations import Migration, Run, read_migrations
from regulars.shared.errors import Conflict, Unavailable

__all__ = ["Applied", "Migration", "migrate", "missing_migrations", "read_migrations"]

_LOCK: Final = 7_291_820_001
turn_look_s: Final = 0.2
lock_timeout_ms: Final = 300
held_max_s: Final = 0.9
slow_tries_max: Final = 5
patience_s: Final = 600.0
pauses_s: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
PROGRAM: Final = "regulars "
_BESIDE: Final = re.compile(rb"\bCONCURRENTLY\b|\bVALIDATE\s+CONSTRAINT\b", re.IGNORECASE)
"""What may take long, since neither it nor its waiting for a lock keeps anybody from reading and writing."""
_NEW_INDEX: Final = re.compile(
    rb"\bCREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?\"?(\w+)", re.IGNORECASE
)
_log = structlog.get_logger(__name__)

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class DatabaseIsNewer(Conflict):
    """This database was written by a newer Regulars."""


class MigrationChanged(Conflict):
    """A migration that was applied to this database has since been edited."""


class MigrationWaited(Unavailable):
    """A migration could not get its locks; nothing was changed by it."""


class MigrationTooSlow(Conflict):
    """A migration would have kept others waiting; it was taken back."""


class OlderStillRuns(Conflict):
    """A Regulars that is too old for the new schema is still running."""


class HalfRestored(Conflict):
    """A restore into this database was interrupted."""


class NoSchema(Conflict):
    """This database is not one of Regulars: it has no schema of ours."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A migration as the database remembers it."""

    number: int
    name: str
    checksum: str
    applied_at: datetime
    works_from: int


def program_name(known: int) -> str:
    """What a program's connections call themselves, so that a migration sees who would not understand it."""
    return f"{PROGRAM}{known:04d}"


async def migrate(url: str, folder: Path, *, at: datetime) -> list[str]:
    """Applies what is missing and returns its names. One process at a time does; others wait for it."""
    known = read_migrations(folder)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        applied = await applied_migrations(connection)
        check_schema(known, applied)
        if not _missing(known, applied):
            return []
        await _take_turn(connection)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, name text NOT NULL, "
            "checksum text NOT NULL, applied_at timestamptz NOT NULL, works_from integer)"
        )
        if not await _has_column(connection):
            await connection.execute("ALTER TABLE migrations ADD COLUMN IF NOT EXISTS works_from integer")
        applied = await applied_migrations(connection)
        check_schema(known, applied)
        if not applied and await _has_tables(connection):
            raise HalfRestored(
                "This database holds tables of Regulars, but not which schema they are of: a restore into it was "
                "interrupted. Drop it, make a new one, and restore again."
            )
        done: list[str] = []
        for migration in _missing(known, applied):
            await _refuse_older(connection, migration)
            await _Applying(connection, migration, at, in_use=bool(applied)).run()
            _log.info("migrated", number=migration.number, name=migration.name)
            done.append(migration.title)
        return done


async def missing_migrations(url: str, folder: Path) -> list[str]:
    """What a start would apply, by name; looks and changes nothing. Raises like `migrate` for a database it would not
    touch."""
    known = read_migrations(folder)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        applied = await applied_migrations(connection)
    check_schema(known, applied)
    return [one.title for one in _missing(known, applied)]


async def applied_migrations(connection: Connection) -> list[Applied]:
    """What the database remembers; nothing for one without our schema."""
    there = await (await connection.execute("SELECT to_regclass('migrations') IS NOT NULL")).fetchone()
    if not there or not there[0]:
        return []
    works_from = "coalesce(works_from, number)" if await _has_column(connection) else "number"
    cursor = await connection.execute(
        f"SELECT number, name, checksum, applied_at, {works_from} FROM migrations ORDER BY number".encode()  # noqa: S608
    )
    return [Applied(*row) for row in await cursor.fetchall()]


@asynccontextmanager
async def not_migrating(connection: Connection) -> AsyncIterator[None]:
    """Waits until nobody migrates, and keeps everybody from it while the block lasts and the connection lives."""
    await _take_turn(connection, shared=True)
    try:
        yield
    finally:
        if not connection.closed:
            await connection.rollback()
            await connection.execute("SELECT pg_advisory_unlock_shared(%s)", (_LOCK,))
            await connection.rollback()


@asynccontextmanager
async def turn_now(connection: Connection) -> AsyncIterator[bool]:
    """Keeps migrations and backups from beginning while the block lasts; False, and does not, if one is under way. In
    no transaction."""
    row = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,))).fetchone()
    ours = row is not None and bool(row[0])
    try:
        yield ours
    finally:
        if ours and not connection.closed:
            await connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


def check_schema(known: Sequence[Migration], applied: Sequence[Applied]) -> None:
    """Whether a program with these migrations works with a database that has those. Raises DatabaseIsNewer,
    MigrationChanged."""
    ours = {migration.number: migration for migration in known}
    newest = max(ours, default=0)
    for one in applied:
        title = f"{one.number:04d}_{one.name}"
        if one.number not in ours:
            if one.works_from <= newest:
                continue
            raise DatabaseIsNewer(
                f"This database has the migration {title}, which this Regulars does not know: it was "
                "written by a newer version. Start that version, or restore a backup made with this one."
            )
        if ours[one.number].checksum != one.checksum:
            raise MigrationChanged(f"The migration {title} was edited after it had been applied.")


class _Applying:
    """One migration on a database that others may use meanwhile."""

    def __init__(self, connection: Connection, migration: Migration, at: datetime, *, in_use: bool) -> None:
        self._connection = connection
        self._migration = migration
        self._at = at
        self._in_use = in_use

    async def run(self) -> None:
        match self._migration.run:
            case Run.TRANSACTION:
                await self._briefly(self._whole)
            case Run.STATEMENTS:
                for statement in self._migration.statements:
                    await self._one(statement)
                await self._briefly(self._remember)
            case Run.BATCHES:
                for statement in self._migration.statements:
                    while await self._batch(statement):
                        continue
                await self._briefly(self._remember)

    async def _whole(self) -> int:
        await self._connection.execute(self._migration.sql)
        return await self._remember()

    async def _one(self, statement: bytes) -> None:
        if _BESIDE.search(statement):
            if found := _NEW_INDEX.search(statement):
                await _drop_half_made(self._connection, found[1].decode())
            await self._connection.execute(statement)
        else:
            await self._batch(statement)

    async def _batch(self, statement: bytes) -> int:
        async def work() -> int:
            return (await self._connection.execute(statement)).rowcount

        return await self._briefly(work)

    async def _remember(self) -> int:
        one = self._migration
        cursor = await self._connection.execute(
            "INSERT INTO migrations (number, name, checksum, applied_at, works_from) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            (one.number, one.name, one.checksum, self._at, one.works_from),
        )
        return cursor.rowcount

    async def _briefly(self, work: Callable[[], Awaitable[int]]) -> int:
        """In one transaction that is over within `held_max_s` or leaves no trace; tried again while others hold what it
        needs. A database nobody uses yet has nobody to wait. Raises MigrationWaited, MigrationTooSlow."""
        waited_s, slow = 0.0, 0
        while True:
            try:
                async with asyncio.timeout(held_max_s if self._in_use else None), self._connection.transaction():
                    if await self._is_done():  # A commit whose answer came too late has been one.
                        return 0
                    await self._connection.execute(f"SET LOCAL lock_timeout = {lock_timeout_ms}".encode())
                    return await work()
            except TimeoutError:
                slow += 1
                if slow == slow_tries_max:
                    raise MigrationTooSlow(
                        f"The migration {self._migration.title} was not over within {held_max_s:g} s, {slow} times: "
                        "others would have waited for it. It was taken back, and nothing is lost. Try again when less "
                        "is going on."
                    ) from None
                because = "it took too long"
            except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
                because = str(error).splitlines()[0]
            pause_s = pauses_s[min(slow, len(pauses_s) - 1)] if slow else pauses_s[min(int(waited_s), 4)]
            waited_s += pause_s
            if waited_s > patience_s:
                raise MigrationWaited(
                    f"The migration {self._migration.title} did not get its locks within {patience_s / 60:.0f} "
                    "minutes: a transaction that began before it holds them. It changed nothing; see who runs long "
                    "in pg_stat_activity, and start again."
                )
            _log.info("migration_steps_aside", migration=self._migration.title, because=because, pause_s=pause_s)
            await asyncio.sleep(pause_s)

    async def _is_done(self) -> bool:
        cursor = await self._connection.execute("SELECT FROM migrations WHERE number = %s", (self._migration.number,))
        return await cursor.fetchone() is not None


def _missing(known: Sequence[Migration], applied: Sequence[Applied]) -> list[Migration]:
    there = {one.number for one in applied}
    return [one for one in known if one.number not in there]


async def _take_turn(connection: Connection, *, shared: bool = False) -> None:
    """Asks again and again: whoever waits inside a statement is waited for by CREATE INDEX CONCURRENTLY, for ever."""
    ask = f"SELECT pg_try_advisory_lock{'_shared' if shared else ''}(%s)".encode()
    told = False
    while True:
        row = await (await connection.execute(ask, (_LOCK,))).fetchone()
        if not connection.autocommit:
            await connection.commit()
        if row is not None and row[0]:
            return
        if not told:
            told = True
            _log.info("waits_for_its_turn", because="another process migrates this database, or backs it up")
        await asyncio.sleep(turn_look_s)


async def _has_column(connection: Connection) -> bool:
    cursor = await connection.execute(
        "SELECT FROM pg_attribute WHERE attrelid = to_regclass('migrations') AND attname = 'works_from'"
    )
    return await cursor.fetchone() is not None


async def _has_tables(connection: Connection) -> bool:
    row = await (await connection.execute("SELECT to_regclass('settings') IS NOT NULL")).fetchone()
    return bool(row and row[0])


async def _refuse_older(connection: Connection, migration: Migration) -> None:
    cursor = await connection.execute(
        "SELECT DISTINCT application_name FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name ~ %s",
        (f"^{PROGRAM}[0-9]{{4}}$",),
    )
    known = sorted(int(name.removeprefix(PROGRAM)) for (name,) in await cursor.fetchall())
    if known and known[0] < migration.works_from:
        raise OlderStillRuns(
            f"The migration {migration.title} cannot be applied while a Regulars runs that knows the schema only up to "
            f"{known[0]:04d}: it needs {migration.works_from:04d}. Stop the older one first, on every machine."
        )


async def _drop_half_made(connection: Connection, index: str) -> None:
    """An index whose making was interrupted is there, is kept up, and is never used."""
    cursor = await connection.execute(
        "SELECT FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid "
        "WHERE c.relname = %s AND NOT i.indisvalid AND pg_table_is_visible(c.oid)",
        (index,),
    )
    if await cursor.fetchone() is not None:
        await connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(index)))
