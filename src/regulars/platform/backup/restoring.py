"""Brings the rows of a backup into an empty database, and proves that they are all there."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from regulars.platform.backup.checking import Tell
from regulars.platform.backup.manifest import DATABASE, BackupDamaged, Manifest
from regulars.platform.postgres.migrate import DatabaseIsNewer, Migration, MigrationChanged, check_schema
from regulars.platform.postgres.server import running_url
from regulars.platform.postgres.tools import run_tool
from regulars.shared.errors import Conflict, Unavailable

RESTORING: Final = "restoring"
SET_ASIDE: Final = "before-restore-"
_NO_DATA: Final = frozenset({RESTORING, "run", "lost+found"})
room_spare_bytes: Final = 200_000_000
MIGRATIONS: Final = "public.migrations"
HASTE: Final = {
    # What is made here is not in its place before it is whole and on the disk: until then nothing has to be safe.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "maintenance_work_mem": "512MB",
}
_TABLES: Final = b"""
SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
   AND n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_')
   AND NOT EXISTS (SELECT FROM pg_depend AS d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')"""
_MIGRATIONS_DATA: Final = re.compile(r"^\d+; \d+ \d+ TABLE DATA public migrations .*\n", re.MULTILINE)
_REMEMBER: Final = b"""
INSERT INTO migrations (number, name, checksum, applied_at)
VALUES (%(number)s, %(name)s, %(checksum)s, %(applied_at)s)"""

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class BackupIsNewer(Conflict):
    """This backup was made by a newer Regulars."""


class FolderInUse(Conflict):
    """A server runs on this data folder."""


class FolderNotEmpty(Conflict):
    """This data folder is not empty; a restore goes into an empty one, or sets aside what is there with --force."""


class DatabaseNotEmpty(Conflict):
    """This database is not empty; a restore goes into an empty one."""


class TooLittleRoom(Unavailable):
    """There is too little room to restore this backup."""


def check_fits(manifest: Manifest, known: Sequence[Migration]) -> None:
    """Whether this program can bring the backup's schema to its own. Raises BackupIsNewer, MigrationChanged."""
    try:
        check_schema(known, manifest.schema)
    except DatabaseIsNewer:
        last = manifest.schema[-1]
        raise BackupIsNewer(
            f"This backup was made by Regulars {manifest.product} and has the migration {last.number:04d}_{last.name}, "
            "which this version does not know. Restore it with that version, or a newer one."
        ) from None
    except MigrationChanged as error:
        raise MigrationChanged(f"This backup is of another making of the schema. {error.detail}") from None


def check_target(folder: Path, manifest: Manifest, *, force: bool) -> None:
    """Raises FolderInUse, FolderNotEmpty, TooLittleRoom."""
    if running_url(folder) is not None:
        raise FolderInUse(f"A server runs on {folder}. Stop it first.")
    if not force and (there := sorted(_in_the_way(folder))):
        raise FolderNotEmpty(
            f"{folder} is not empty: it has {', '.join(path.name for path in there[:4])}. Name an empty folder, or "
            "give --force to set aside what is there."
        )
    near = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free, needed = shutil.disk_usage(near).free, manifest.database_bytes + room_spare_bytes
    if free < needed:
        raise TooLittleRoom(f"{near} has {free / 1e6:,.0f} MB left, and the database had {needed / 1e6:,.0f} MB.")


def settle(folder: Path, at: datetime) -> Path | None:
    """Puts a restored cluster into its place; where that was taken, the folder of what had been there."""
    os.sync()
    aside = None
    if there := list(_in_the_way(folder)):
        aside = folder / f"{SET_ASIDE}{at:%Y-%m-%dT%H-%M-%SZ}"
        aside.mkdir(mode=0o700)
        for path in there:
            path.rename(aside / path.name)
    (folder / RESTORING / "postgres").rename(folder / "postgres")
    shutil.rmtree(folder / RESTORING)
    os.sync()
    return aside


@contextmanager
def building(folder: Path) -> Iterator[Path]:
    """Where a cluster is made before it is put into its place; nothing is left of it when that fails."""
    place = folder / RESTORING
    if running_url(place) is not None:
        raise FolderInUse(f"Another restore into {folder} is under way.")
    try:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True, mode=0o711)
    except OSError as error:
        raise FolderInUse(f"{folder} cannot be used: {error.strerror or error}.") from None
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


async def load(url: str, folder: Path, manifest: Manifest, *, jobs: int, scratch: Path, tell: Tell) -> None:
    """Every table, row, index and constraint, except what says that this is a database of ours: until `remember`, no
    server starts on it. Raises DatabaseNotEmpty, ToolFailed, BackupDamaged."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        row = await (await connection.execute(_TABLES)).fetchone()
        if row is None or row[0]:
            raise DatabaseNotEmpty(
                "The database that REGULARS_DATABASE_URL names is not empty. Make a new one (CREATE DATABASE), or drop "
                "what is in this one, and try again."
            )
    contents = await run_tool("pg_restore", ["--list", str(folder / DATABASE)])
    wanted = scratch / "contents"
    wanted.write_text(_MIGRATIONS_DATA.sub("", contents))
    tell("the database")
    arguments = [
        "--format=directory",
        f"--jobs={jobs}",
        f"--use-list={wanted}",
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        "--no-password",
        str(folder / DATABASE),
    ]
    await run_tool("pg_restore", arguments, url=url)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        tell("what the planner knows of it")
        await connection.execute(b"ANALYZE")
        for name, rows in manifest.tables.items():
            if name != MIGRATIONS:
                tell(name)
                await _check_rows(connection, name, rows)


async def remember(connection: Connection, manifest: Manifest) -> None:
    """Says of a loaded database which schema it has."""
    for one in manifest.schema:
        values = {
            "number": one.number,
            "name": one.name,
            "checksum": one.checksum,
            "applied_at": one.applied_at,
        }
        await connection.execute(_REMEMBER, values)


async def _check_rows(connection: Connection, name: str, rows: int) -> None:
    statement = sql.SQL("SELECT count(*) FROM ONLY {}").format(sql.Identifier(*name.split(".", 1)))
    row = await (await connection.execute(statement)).fetchone()
    found = row[0] if row else 0
    if found != rows:
        raise BackupDamaged(f"{found:,} rows of {name} were restored, and the database had {rows:,}.")


def _in_the_way(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for path in folder.iterdir():
            if path.name not in _NO_DATA and not path.name.startswith(SET_ASIDE):
                yield path
