"""Makes a backup: one snapshot of the database, copied by `pg_dump`, counted by the database, and read back."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg
from psycopg import IsolationLevel, sql

from regulars.platform.backup.checking import Tell, check_counts, look_at, tables_by_file
from regulars.platform.backup.manifest import (
    DATABASE,
    FORMAT,
    UNFINISHED,
    Manifest,
    StoredFile,
    whole_backups,
    write_manifest,
)
from regulars.platform.postgres.migrate import NoSchema, applied_migrations, not_migrating
from regulars.platform.postgres.tools import finished, running_tool
from regulars.shared.clock import Clock
from regulars.shared.errors import Conflict, Unavailable

free_bytes_min: Final = 200_000_000
"""A backup that fills the disk of its own database does more harm than none."""
look_every_s: Final = 0.5
COMPRESSION: Final = "gzip:1"  # What every build of pg_dump knows; higher levels cost twice the time for a tenth less.
_FOREVER: Final = b"""
SELECT set_config(name, '0', true) FROM pg_settings
 WHERE name IN ('statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout', 'lock_timeout')"""
_TABLES: Final = b"""
SELECT n.nspname, c.relname
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND c.relpersistence <> 't'
   AND n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_')
   AND NOT EXISTS (SELECT FROM pg_depend AS d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY n.nspname, c.relname"""

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class BackupFolderUnusable(Conflict):
    """Backups cannot be written to this folder."""


class BackupUnderWay(Conflict):
    """Another backup is being made in this folder."""


class DiskNearlyFull(Unavailable):
    """There is too little room for a backup."""


@dataclass(frozen=True, slots=True)
class Made:
    """A whole backup, and those that were removed because of it."""

    folder: Path
    manifest: Manifest
    removed: tuple[Path, ...]


async def make_backup(
    url: str, to: Path, *, clock: Clock, product: str, jobs: int, keep: int | None, tell: Tell
) -> Made:
    """A backup in a new folder below `to`. It is there whole or not at all, whatever happens meanwhile; only then are
    all but the newest `keep` removed. Raises BackupFolderUnusable, BackupUnderWay, DiskNearlyFull, ToolFailed."""
    with _alone_in(to):
        _sweep(to)
        at = clock.now()
        folder = _name(to, at)
        part = folder.with_name(folder.name + UNFINISHED)
        try:
            part.mkdir(mode=0o700)
            copied = await _copy(url, part, at=at, clock=clock, product=product, jobs=jobs, tell=tell)
            manifest = msgspec.structs.replace(copied, number=1 + _last_number(to))
            write_manifest(part, manifest)
            _sync(part)
            part.rename(folder)
            _sync(to)
        except OSError as error:
            raise BackupFolderUnusable(f"{to} cannot be written: {error.strerror or error}.") from None
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return Made(folder, manifest, tuple(_prune(to, keep)))


async def _copy(url: str, part: Path, *, at: datetime, clock: Clock, product: str, jobs: int, tell: Tell) -> Manifest:
    _check_room(part)
    async with _snapshot(url) as (connection, snapshot):
        applied = await applied_migrations(connection)
        if not applied:
            raise NoSchema
        tables = await (await connection.execute(_TABLES)).fetchall()
        server = connection.info.server_version
        size = await (await connection.execute(b"SELECT pg_database_size(current_database())")).fetchone()
        tell("the database")
        arguments = [
            "--format=directory",
            f"--file={part / DATABASE}",
            f"--snapshot={snapshot}",
            f"--jobs={jobs}",
            f"--compress={COMPRESSION}",
            "--no-owner",
            "--no-privileges",
            "--no-password",
        ]
        async with running_tool("pg_dump", arguments, url=url) as process, _watching(part):
            counted = await _count(url, snapshot, tables)
            await finished("pg_dump", process)
    contents = await tables_by_file(part)
    files: list[StoredFile] = []
    for path in sorted((part / DATABASE).iterdir()):
        table = contents.get(f"{DATABASE}/{path.name}")
        tell(table or path.name)
        path.chmod(0o600)
        files.append(await asyncio.to_thread(look_at, part, path, table))
    manifest = Manifest(
        format=FORMAT,
        product=product,
        postgres=f"{server // 10_000}.{server % 10_000}",
        database_bytes=size[0] if size else 0,
        instant=at,
        finished_at=clock.now(),
        schema=tuple(applied),
        tables=counted,
        files=tuple(files),
    )
    check_counts(manifest)
    return manifest


@asynccontextmanager
async def _snapshot(url: str) -> AsyncIterator[tuple[Connection, str]]:
    """A transaction that sees one instant, and the name under which others can see the same. While it lasts no
    migration begins: its locks and those of `pg_dump` would wait for one another."""
    async with await psycopg.AsyncConnection.connect(url) as connection, not_migrating(connection):
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        await connection.execute(_FOREVER)
        row = await (await connection.execute(b"SELECT pg_export_snapshot()")).fetchone()
        assert row is not None
        yield connection, row[0]
        await connection.rollback()


async def _count(url: str, snapshot: str, tables: list[tuple[Any, ...]]) -> Mapping[str, int]:
    counted = {}
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        await connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))
        await connection.execute(_FOREVER)
        for schema, table in tables:
            statement = sql.SQL("SELECT count(*) FROM ONLY {}").format(sql.Identifier(schema, table))
            row = await (await connection.execute(statement)).fetchone()
            assert row is not None
            counted[f"{schema}.{table}"] = int(row[0])
    return counted


@asynccontextmanager
async def _watching(part: Path) -> AsyncIterator[None]:
    """Ends the block with DiskNearlyFull when room runs out."""
    block = asyncio.current_task()
    assert block is not None
    found: list[DiskNearlyFull] = []

    async def look() -> None:
        while True:
            await asyncio.sleep(look_every_s)
            try:
                _check_room(part)
            except DiskNearlyFull as error:
                found.append(error)
                block.cancel()
                return

    watch = asyncio.create_task(look())
    try:
        yield
    except asyncio.CancelledError:
        if not found:
            raise
        block.uncancel()
        raise found[0] from None
    finally:
        watch.cancel()


def _check_room(part: Path) -> None:
    free = shutil.disk_usage(part).free
    if free < free_bytes_min:
        raise DiskNearlyFull(
            f"{part.parent} has {free / 1e6:,.0f} MB left, and a backup leaves {free_bytes_min / 1e6:,.0f} MB free: "
            "what was begun is removed. Make room, or name another folder with --to."
        )


@contextmanager
def _alone_in(to: Path) -> Iterator[None]:
    """Makes the folder if it is missing, and keeps others from making a backup in it."""
    try:
        to.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(to, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise BackupFolderUnusable(f"{to} cannot be used for backups: {error.strerror or error}.") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupUnderWay(f"Another backup is being made in {to}.") from None
        yield
    finally:
        os.close(handle)


def _sweep(to: Path) -> None:
    """Nobody else is at work here, so what is unfinished was left by one that was killed."""
    for left in to.glob(f"*{UNFINISHED}"):
        shutil.rmtree(left, ignore_errors=True)


def _name(to: Path, at: datetime) -> Path:
    first = to / at.strftime("%Y-%m-%dT%H-%M-%SZ")
    folder, number = first, 1
    while folder.exists():
        number += 1
        folder = first.with_name(f"{first.name}-{number}")
    return folder


def _last_number(to: Path) -> int:
    return max((manifest.number for _, manifest in whole_backups(to)), default=0)


def _prune(to: Path, keep: int | None) -> Iterator[Path]:
    for folder, _ in whole_backups(to)[: -keep if keep else 0]:
        # First it stops being a backup, so that one half removed is not taken for one.
        gone = folder.with_name(folder.name + UNFINISHED)
        with contextlib.suppress(OSError):
            folder.rename(gone)
            shutil.rmtree(gone)
            yield folder


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
