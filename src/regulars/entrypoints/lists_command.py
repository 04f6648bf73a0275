"""`regulars lists`: a file says who is put on a static list or taken off it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal, TextIO, get_args

from regulars.bootstrap import run_units
from regulars.domains.audiences import service as audiences
from regulars.domains.customers import service as customers
from regulars.domains.customers.model import ListUnknown, Pointer, StaticList
from regulars.platform.settings import InstallationSettings
from regulars.platform.unit import Units
from regulars.providers.files.model import Rejected, UnknownColumn
from regulars.providers.files.source import Source, open_source
from regulars.shared.errors import Conflict, Malformed
from regulars.shared.ids import outside

By = Literal["id", "user_id", "email", "anonymous_id"]
people_per_call: Final = 1_000
unknown_shown: Final = 10
members_shown: Final = 200


class ColumnUnclear(Malformed):
    """Say with --by what the column holds: id, user_id, email or anonymous_id."""


class UnknownFileUnwritable(Conflict):
    """The file for those nobody is known by cannot be written."""


@dataclass
class ListReport:
    """What a file did to a list, for people and for programs. A row without a value is `skipped`."""

    slug: str
    file: str
    rows: int = 0
    added: int = 0
    removed: int = 0
    skipped: int = 0
    unknown: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether the file names nobody who is known."""
        return self.rows > 0 and self.rows == self.unknown + self.skipped

    def as_json(self) -> dict[str, object]:
        told = {name: getattr(self, name) for name in ("slug", "file", "rows", "added", "removed", "skipped")}
        return told | {"unknown": self.unknown, "unknown_examples": self.examples}

    def in_words(self) -> str:
        parts = [f"{self.added:,} added", f"{self.removed:,} removed"]
        if self.skipped:
            parts.append(f"{self.skipped:,} without a value")
        if self.unknown:
            more = ", …" if self.unknown > len(self.examples) else ""
            parts.append(f"{self.unknown:,} not known ({', '.join(self.examples)}{more})")
        return f"{self.rows:,} rows: {', '.join(parts)}. They are there with the server's next tick."


async def change_by_file(
    settings: InstallationSettings,
    slug: str,
    file: Path,
    *,
    column: str,
    by: By | None = None,
    off: bool = False,
    create: bool = False,
    unknown: Path | None = None,
    encoding: str | None = None,
    separator: str | None = None,
) -> ListReport:
    """Puts everybody in a column of the file on the list, or takes them off. `unknown`: where to write whom nobody is
    known by. Stopped in between, it has done a part; run again, it does the rest."""
    kind = by or _kind_of(column)
    source = await asyncio.to_thread(open_source, file, encoding=encoding, separator=separator)
    if column not in source.columns:
        raise UnknownColumn(f"{file.name} has no column {column!r}; it has {', '.join(source.columns)}.")
    report = ListReport(slug, file.name)
    with ExitStack() as stack:
        kept = stack.enter_context(_written(unknown)) if unknown else None
        async with run_units(settings) as units:
            await _find_or_make(units, slug, create=create)
            values = _values(source, column, report)
            while part := await asyncio.to_thread(lambda: list(islice(values, people_per_call))):
                await _change(units, slug, [Pointer(kind, value) for value in part], off, report, kept)
    return report


async def shown(settings: InstallationSettings, slug: str) -> dict[str, Any]:
    """The list and its newest members."""
    async with run_units(settings) as units, units.open() as unit:
        found = await customers.find_list(unit, slug)
        page = await audiences.list_members(unit, slug, None, members_shown)
        newest = [
            {"id": outside("customer", one.person.id), "name": one.person.name, "email": one.person.email}
            for one in page.items
        ]
    return _told(found) | {"newest": newest}


async def listed(settings: InstallationSettings) -> list[dict[str, Any]]:
    """All lists there are."""
    async with run_units(settings) as units, units.open() as unit:
        return [_told(one) for one in (await customers.lists(unit, None, customers.lists_max)).items]


async def _change(
    units: Units, slug: str, people: list[Pointer], off: bool, report: ListReport, kept: TextIO | None
) -> None:
    async with units.open() as unit:
        change = await customers.change_list(unit, slug, [] if off else people, people if off else [])
    report.added += change.added
    report.removed += change.removed
    strangers = set(change.unknown)
    unknown = [one.value for one in people if one in strangers]
    report.unknown += len(unknown)
    report.examples.extend(unknown[: unknown_shown - len(report.examples)])
    if kept is not None:
        kept.writelines(f"{value}\n" for value in unknown)


async def _find_or_make(units: Units, slug: str, *, create: bool) -> None:
    async with units.open() as unit:
        if slug in await customers.list_slugs(unit):
            return
        if not create:
            raise ListUnknown(f"There is no list {slug[:80]!r}; --create makes it.")
        await customers.put_list(unit, slug, slug)


def _values(source: Source, column: str, report: ListReport) -> Iterator[str]:
    for _, row in source.rows():
        report.rows += 1
        value = None if isinstance(row, Rejected) else row.get(column)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = "" if value is None else str(value).strip()
        if text:
            yield text
        else:
            report.skipped += 1


def _kind_of(column: str) -> By:
    for kind in get_args(By):
        if column.strip().lower() == kind:
            found: By = kind
            return found
    raise ColumnUnclear(f"Say with --by what {column!r} holds: id, user_id, email or anonymous_id.")


def _written(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as problem:
        raise UnknownFileUnwritable(f"{path} cannot be written: {problem.strerror}.") from problem


def _told(one: StaticList) -> dict[str, Any]:
    return {"slug": one.slug, "name": one.name, "members": one.members, "updated_at": one.changed_at.isoformat()}
