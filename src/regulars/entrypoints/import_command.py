"""`regulars import`: a file of orders, events or customers becomes history."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from regulars.bootstrap import run_units
from regulars.entrypoints.importing import RejectedRows, Report, Tally, Told, check_rows, run_import
from regulars.platform.settings import InstallationSettings
from regulars.providers.files.mapping import Kind
from regulars.providers.files.presets import find_mapping
from regulars.providers.files.reading import Reading
from regulars.providers.files.source import open_source
from regulars.shared.clock import Clock, SystemClock
from regulars.shared.errors import Malformed


class TimeZoneUnknown(Malformed):
    """There is no such time zone; zones are named as Europe/Berlin."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, for people and for programs."""

    file: str
    mapping: str
    report: Report
    rejected_file: Path
    dry_run: bool
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether not one row could be used."""
        return self.report.tally.rejected > 0 and self.report.tally.accepted == 0

    def as_json(self) -> dict[str, object]:
        tally = self.report.tally
        return {
            "file": self.file,
            "mapping": self.mapping,
            "dry_run": self.dry_run,
            "imported_before": self.report.again,
            "resumed_at": self.report.resumed_at,
            "rows": tally.position,
            "accepted": tally.accepted,
            "skipped": tally.skipped,
            "rejected": tally.rejected,
            "rejected_file": str(self.rejected_file) if tally.rejected else None,
            "seconds": round(self.seconds, 3),
        }

    def in_words(self) -> str:
        tally, report = self.report.tally, self.report
        parts = [f"{tally.accepted:,} accepted"]
        if tally.skipped:
            parts.append(f"{tally.skipped:,} passed over by the mapping")
        if tally.rejected:
            parts.append(f"{tally.rejected:,} rejected (see {self.rejected_file})")
        counted = f"{tally.position:,} rows: {', '.join(parts)}."
        if report.again:
            return f"{self.file} was imported before with this mapping, and nothing was done now. Then: {counted}"
        if self.dry_run:
            return f"{counted} Nothing was stored."
        resumed = f"Went on from row {report.resumed_at + 1:,}. " if report.resumed_at else ""
        pace = (tally.position - report.resumed_at) / max(self.seconds, 0.001)
        timed = f"{self.seconds:,.1f} s, {pace:,.0f} rows/s."
        return f"{resumed}{counted} {timed} The server works them in now, or when it next starts."


async def import_file(
    settings: InstallationSettings,
    file: Path,
    *,
    mapping: str,
    kind: Kind | None = None,
    dry_run: bool = False,
    timezone: str = "UTC",
    encoding: str | None = None,
    separator: str | None = None,
    shift_days: int | None = None,
    rejected: Path | None = None,
    console: Console | None = None,
    clock: Clock | None = None,
) -> ImportReport:
    """Rows that cannot be used go to `rejected` (unsaid: FILE.rejected.jsonl in the present folder).

    Raises a DomainError that says what is wrong with the file, the mapping or both. `console` shows notes and progress.
    """
    clock = clock or SystemClock()
    started = clock.now()
    found = find_mapping(mapping, kind=kind, shift_days=shift_days)
    source = await asyncio.to_thread(open_source, file, encoding=encoding, separator=separator)
    reading = Reading(source, found, started, _zone(timezone))
    rejected = rejected or Path(f"{file.name}.rejected.jsonl")
    if console:
        for note in source.notes:
            console.print(f"{file.name}: {note}", markup=False)
    with _progress(console, reading) as told:
        if dry_run:
            report = await asyncio.to_thread(_check, reading, rejected, told)
        else:
            async with run_units(settings) as units:
                report = await run_import(units, reading, mapping_name=mapping, rejected_file=rejected, told=told)
    return ImportReport(file.name, mapping, report, rejected, dry_run, (clock.now() - started).total_seconds())


def _check(reading: Reading, rejected: Path, told: Told) -> Report:
    with RejectedRows(rejected) as rejected_rows:
        return Report(check_rows(reading, rejected_rows=rejected_rows, told=told))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise TimeZoneUnknown(f"There is no time zone {name!r}; zones are named as Europe/Berlin.") from None


@contextmanager
def _progress(console: Console | None, reading: Reading) -> Iterator[Told]:
    """A bar on a terminal; nothing elsewhere."""
    if console is None or not console.is_terminal:
        yield lambda tally: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[rejected]} rejected"), console=console) as progress:
        task = progress.add_task(reading.source.path.name, total=reading.source.rows_estimate, rejected=0)

        def told(tally: Tally) -> None:
            progress.update(task, completed=tally.position, rejected=tally.rejected)

        yield told
