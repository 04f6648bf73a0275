"""`backup` and `restore`: one instant of the whole installation, and back to it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog

from regulars.domains.members import service as members
from regulars.domains.messages.service import holding
from regulars.pipeline import Pipeline
from regulars.platform import shipped
from regulars.platform.backup import restoring
from regulars.platform.backup.checking import check_backup
from regulars.platform.backup.making import BackupFolderUnusable, Made, make_backup
from regulars.platform.backup.manifest import Manifest, find_backup
from regulars.platform.history import begin_history
from regulars.platform.postgres.migrate import migrate, read_migrations
from regulars.platform.postgres.pool import make_pool
from regulars.platform.postgres.server import EmbeddedPostgres, answering_url
from regulars.platform.settings import InstallationSettings
from regulars.platform.unit import Units
from regulars.shared.clock import Clock, SystemClock
from regulars.shared.errors import Missing, Unavailable
from regulars.shared.ids import Ids

stride_min: Final = timedelta(seconds=1)
strides_max: Final = 20_000
failures_max: Final = 200
_log = structlog.get_logger(__name__)

Tell = Callable[[str], None]


class NothingToBackUp(Missing):
    """There is nothing to back up: no database is in this data folder."""


class DatabaseSilent(Unavailable):
    """The database that REGULARS_DATABASE_URL names does not answer."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What is there again, and what waits for somebody to say go."""

    folder: Path
    manifest: Manifest
    migrated: list[str]
    set_aside: Path | None
    held: holding.Held

    def as_json(self) -> dict[str, Any]:
        return {
            "backup": str(self.folder),
            "instant": self.manifest.instant.isoformat(),
            "rows": self.manifest.rows,
            "migrated": self.migrated,
            "set_aside": str(self.set_aside) if self.set_aside else None,
            "sending": "held",
            "waiting": dict(self.held.waiting),
            "doubtful": dict(self.held.doubtful),
        }

    def in_words(self) -> str:
        lines = [
            f"Restored {self.manifest.rows:,} rows as they were at {self.manifest.instant:%Y-%m-%d %H:%M:%S} UTC.",
            "What was sent to Regulars after that instant is not there, nor are later unsubscribes and revoked keys.",
            "Members sign in again. Nothing is sent until you say so: regulars sending --release",
        ]
        if self.migrated:
            lines.append(f"The schema was brought up to date by {', '.join(self.migrated)}.")
        for purpose, many in self.held.doubtful.items():
            lines.append(f"{many:,} {purpose} messages may have been sent since the backup.")
        if self.set_aside:
            lines.append(f"What was in the data folder is in {self.set_aside}; remove it when you are sure.")
        return "\n".join(lines)


async def backup(settings: InstallationSettings, to: Path, *, keep: int | None, jobs: int, tell: Tell) -> Made:
    """While a server runs, or while none does. `to` is absolute."""
    if to.is_relative_to(settings.data):
        raise BackupFolderUnusable(
            f"{to} is inside the data folder: a backup there is lost with what it is a backup of."
        )
    clock = SystemClock()
    os.umask(0o077)
    async with _database(settings) as url:
        return await make_backup(url, to, clock=clock, product=version("regulars"), jobs=jobs, keep=keep, tell=tell)


async def verify(folder: Path, tell: Tell) -> tuple[Path, Manifest]:
    """Reads every byte, without a database. Raises NoBackup, BackupDamaged."""
    found, manifest = find_backup(folder)
    await check_backup(found, manifest, tell)
    return found, manifest


async def restore(settings: InstallationSettings, from_: Path, *, force: bool, jobs: int, tell: Tell) -> Restored:
    """Into an empty data folder, or into the empty database that the settings name. Whole or not at all."""
    clock = SystemClock()
    folder, manifest = find_backup(from_)
    restoring.check_fits(manifest, read_migrations(shipped.migrations()))
    if settings.database_url is None:
        restoring.check_target(settings.data, manifest, force=force)
    await check_backup(folder, manifest, tell)
    if settings.database_url is not None:
        with tempfile.TemporaryDirectory() as scratch:
            migrated, held = await _fill(
                settings.database_url, folder, manifest, clock, jobs=jobs, scratch=Path(scratch), tell=tell
            )
        return Restored(folder, manifest, migrated, None, held)
    with restoring.building(settings.data) as place:
        postgres = EmbeddedPostgres(place, options=restoring.HASTE)
        await postgres.start()
        try:
            migrated, held = await _fill(postgres.url, folder, manifest, clock, jobs=jobs, scratch=place, tell=tell)
        finally:
            await postgres.stop()
        set_aside = restoring.settle(settings.data, clock.now())
    return Restored(folder, manifest, migrated, set_aside, held)


async def _fill(
    url: str, folder: Path, manifest: Manifest, clock: Clock, *, jobs: int, scratch: Path, tell: Tell
) -> tuple[list[str], holding.Held]:
    """The rows first. What makes a database of it comes in one transaction with what keeps it from sending."""
    try:
        await restoring.load(url, folder, manifest, jobs=jobs, scratch=scratch, tell=tell)
    except psycopg.OperationalError as error:
        raise DatabaseSilent(f"The database does not answer: {' '.join(str(error).split())}") from None
    ids = Ids()
    async with make_pool(url, size_max=4) as pool:
        units = Units(pool, clock, ids)
        async with units.open() as unit:
            await restoring.remember(unit.connection, manifest)
            await holding.hold_restored(unit, manifest.instant)
            await begin_history(unit)
            await members.end_all_sessions(unit)
        migrated = await migrate(url, shipped.migrations(), at=clock.now())
        reached, stride = await live_through(units, ids, manifest.instant, clock, tell)
        async with units.open(at=reached) as unit:
            await holding.hold_restored(unit, manifest.instant, late_by=stride)
            await members.record(
                unit, "backup.restored", "installation", {"instant": manifest.instant, "product": manifest.product}
            )
            return migrated, await holding.count(unit)


async def live_through(units: Units, ids: Ids, since: datetime, clock: Clock, tell: Tell) -> tuple[datetime, timedelta]:
    """Lets the time since the backup pass again, timers and rules and all but the sending, each at the instant at which
    it was due or within a stride of it: so every message is made that the server that is gone may have sent. What had
    come in and was not worked in yet is, at the backup's instant: the server that is gone was no earlier. Returns the
    instant reached, which is now, and the longest stride."""
    at, now, failures = since, clock.now(), 0
    stride = longest = max(stride_min, (now - since) / strides_max)
    async with Pipeline(units, ids) as pipeline:
        while True:
            tell(f"what came due by {at:%Y-%m-%d %H:%M}")
            try:
                await pipeline.drain(at)
            except Exception:  # As the worker does: the pipeline looks for the message at fault, try by try.
                failures += 1
                if failures == failures_max:
                    raise
                _log.exception("tick_failed_while_restoring")
                continue
            if at >= now:
                return at, longest
            began, now = now, clock.now()
            stride = max(stride, 2 * (now - began))  # Or a slow machine would never reach the present.
            longest, at = max(longest, min(stride, now - at)), min(now, at + stride)


@asynccontextmanager
async def _database(settings: InstallationSettings) -> AsyncIterator[str]:
    """The URL of the database as it is: a backup is what is made before an upgrade, so nothing is migrated for it."""
    if settings.database_url is not None:
        try:
            async with await psycopg.AsyncConnection.connect(settings.database_url):
                pass
        except psycopg.OperationalError as error:
            raise DatabaseSilent(f"The database does not answer: {' '.join(str(error).split())}") from None
        yield settings.database_url
        return
    if (url := await answering_url(settings.data)) is not None:
        yield url
        return
    if not (settings.data / "postgres" / "PG_VERSION").exists():
        raise NothingToBackUp(f"There is nothing to back up: {settings.data} holds no database.")
    postgres = EmbeddedPostgres(settings.data)
    await postgres.start()
    try:
        yield postgres.url
    finally:
        await postgres.stop()
