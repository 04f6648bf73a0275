"""`doctor`: looks at a set-up part by part and says what to do about what is wrong."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

import psycopg
from psycopg_pool import PoolTimeout

from regulars import bootstrap
from regulars.domains.messages.service import holding
from regulars.platform import shipped
from regulars.platform.log.removing import log_size
from regulars.platform.postgres.migrate import missing_migrations, read_migrations
from regulars.platform.postgres.server import answering_url, binaries
from regulars.platform.settings import InstallationSettings
from regulars.shared.clock import SystemClock
from regulars.shared.errors import DomainError, Unavailable

disk_free_min_bytes: Final = 1_000_000_000
dial_timeout_s: Final = 5.0
clocks_differ_max_s: Final = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: whether it is well, what was seen, and what to do if it is not."""

    part: str
    well: bool
    seen: str
    advice: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def in_words(self) -> str:
        mark = "[green]ok  [/green]" if self.well else "[red]BAD [/red]"
        return f"{mark} {self.part}: {self.seen}" + (f"\n     → {self.advice}" if self.advice else "")


async def examine(settings: InstallationSettings) -> list[Finding]:
    """Every part, also after one was found ill: a report that stops at the first fault is half a report."""
    parts: list[tuple[str, Callable[[InstallationSettings], Awaitable[Finding]]]] = [
        ("data folder", _data_folder),
        ("disk", _disk),
        ("PostgreSQL", _postgres),
        ("clock", _clock),
        ("log", _log),
        ("warehouse", _warehouse),
        ("web app", _web),
        ("port", _port),
        ("mail", _mail),
        ("sending", _sending),
    ]
    findings = []
    for name, look in parts:
        try:
            findings.append(await look(settings))
        except DomainError as error:
            findings.append(Finding(name, False, error.detail))
    return findings


async def _data_folder(settings: InstallationSettings) -> Finding:
    folder = settings.data
    near = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(near, os.W_OK | os.X_OK):
        return Finding("data folder", False, f"{near} cannot be written", "Choose another with --data, or chown it.")
    if not folder.exists():
        return Finding("data folder", True, f"{folder} will be made at the first start")
    return Finding("data folder", True, str(folder))


async def _disk(settings: InstallationSettings) -> Finding:
    near = next(path for path in (settings.data, *settings.data.parents) if path.exists())
    free = shutil.disk_usage(near).free
    seen = f"{free / 1e9:.1f} GB free"
    if free < disk_free_min_bytes:
        return Finding("disk", False, seen, "Free some space: when the disk is full, events are answered with 503.")
    return Finding("disk", True, seen)


async def _postgres(settings: InstallationSettings) -> Finding:
    url = settings.database_url or await answering_url(settings.data)
    if url is None:
        count = len(read_migrations(shipped.migrations()))
        return Finding("PostgreSQL", True, f"embedded, not running, programs in {binaries()}; {count} migrations")
    try:
        async with await psycopg.AsyncConnection.connect(url, connect_timeout=int(dial_timeout_s)) as connection:
            row = await (await connection.execute("SHOW server_version_num")).fetchone()
            trigrams = await (
                await connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
            ).fetchone()
    except psycopg.OperationalError as error:
        said = str(error).strip().splitlines()[0]
        return Finding("PostgreSQL", False, said, "Check REGULARS_DATABASE_URL and that the server runs.")
    number = int(row[0]) if row else 0
    if number < 150_000:
        return Finding("PostgreSQL", False, f"version {number // 10_000}", "Regulars needs PostgreSQL 15 or newer.")
    if trigrams is None:
        return Finding("PostgreSQL", False, "the extension pg_trgm is missing", "Install the server's contrib package.")
    missing = await missing_migrations(url, shipped.migrations())
    schema = f"{len(missing)} migrations to apply at the next start" if missing else "schema up to date"
    return Finding("PostgreSQL", True, f"version {number // 10_000}.{number % 10_000}, {schema}")


async def _clock(settings: InstallationSettings) -> Finding:
    """Leases are in each process's own time: those on several machines must agree on it."""
    if settings.database_url is None:
        return Finding("clock", True, "this machine's, and the embedded database's")
    try:
        async with await psycopg.AsyncConnection.connect(
            settings.database_url, connect_timeout=int(dial_timeout_s)
        ) as connection:
            row = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
    except psycopg.OperationalError:
        return Finding("clock", True, "not compared with the database's")  # Why is said above.
    assert row is not None
    ahead_s = (SystemClock().now() - row[0]).total_seconds()
    seen = f"{abs(ahead_s):.1f} s {'ahead of' if ahead_s > 0 else 'behind'} the database's"
    if abs(ahead_s) < clocks_differ_max_s:
        return Finding("clock", True, seen)
    advice = "Set the clocks of all machines by NTP: who is a minute ahead takes mail that others send for lost."
    return Finding("clock", False, seen, advice)


async def _log(settings: InstallationSettings) -> Finding:
    url = settings.database_url or await answering_url(settings.data)
    kept = "all months stay" if settings.log_months is None else f"{settings.log_months} months stay"
    try:
        if url is None or await missing_migrations(url, shipped.migrations()):
            return Finding("log", True, kept)
        async with bootstrap.open_units(url) as units, units.open() as unit:
            size = await log_size(unit)
    except psycopg.OperationalError:
        return Finding("log", True, kept)  # Why the database does not answer is said above.
    begins = f"; what came before {size.begins:%Y-%m-%d} is in the warehouse alone" if size.begins else ""
    seen = f"{size.parts} parts, {size.bytes / 1e9:.2f} GB, about {size.events:,} events; {kept}{begins}"
    return Finding("log", True, seen)


async def _warehouse(settings: InstallationSettings) -> Finding:
    sink = bootstrap.make_sink(settings)
    if sink is None:
        return Finding("warehouse", True, "none; PostgreSQL answers previews and fills audiences")
    try:
        return Finding("warehouse", True, await sink.look())
    except Unavailable as error:
        return Finding("warehouse", False, error.detail, "Check REGULARS_WAREHOUSE_URL; events wait in PostgreSQL.")


async def _web(settings: InstallationSettings) -> Finding:
    if (shipped.web() / "index.html").is_file():
        return Finding("web app", True, "built")
    return Finding("web app", False, "never built", "Run `make setup` in the checkout.")


async def _port(settings: InstallationSettings) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            advice = "If that is Regulars itself, all is well; else choose another with --port."
            return Finding("port", False, f"{settings.host}:{settings.port}: {error.strerror}", advice)
    return Finding("port", True, f"{settings.host}:{settings.port} is free")


async def _mail(settings: InstallationSettings) -> Finding:
    if settings.smtp is None:
        return Finding("mail", True, "no REGULARS_SMTP_URL: mail is caught in the built-in mailbox and not sent")
    where = f"{settings.smtp.host}:{settings.smtp.port}"
    try:
        async with asyncio.timeout(dial_timeout_s):
            _, writer = await asyncio.open_connection(settings.smtp.host, settings.smtp.port)
    except (OSError, TimeoutError) as error:
        why = str(error) or "no answer"
        return Finding("mail", False, f"{where}: {why}", "Check REGULARS_SMTP_URL; messages wait until it answers.")
    writer.close()
    return Finding("mail", True, f"{where} answers")


async def _sending(settings: InstallationSettings) -> Finding:
    url = settings.database_url or await answering_url(settings.data)
    if url is None:
        return Finding("sending", True, "whether it is held shows when the database runs")
    try:
        async with bootstrap.open_units(url) as units, units.open() as unit:
            hold, counts = await holding.held(unit), await holding.count(unit)
    except psycopg.errors.UndefinedTable:
        return Finding("sending", True, "not held: there is nothing in the database yet")
    except (psycopg.OperationalError, PoolTimeout):
        return Finding("sending", False, "the database does not answer", "Look at PostgreSQL first.")
    waiting, doubtful = sum(counts.waiting.values()), sum(counts.doubtful.values())
    if hold is None:
        return Finding("sending", True, f"messages go out; {waiting:,} wait")
    seen = f"held since {hold.since:%Y-%m-%d %H:%M:%S} UTC ({hold.because}); {waiting:,} wait"
    if doubtful:
        seen += f", {doubtful:,} of which may have been sent before"
    return Finding("sending", False, seen, "`regulars sending --release` lets them go out; see --doubtful there.")
