"""`status` and `rejections`: how an installation is, and what was refused or put aside. Neither starts anything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import psycopg

from regulars import bootstrap
from regulars.domains.events import service as events
from regulars.domains.events.model import KeptRejection
from regulars.platform import shipped
from regulars.platform.postgres.migrate import missing_migrations
from regulars.platform.postgres.server import answering_url
from regulars.platform.settings import InstallationSettings
from regulars.platform.unit import Actor, Units
from regulars.platform.watch.model import Finding, Status, Waiting
from regulars.platform.watch.policy import duration
from regulars.shared.errors import Unavailable
from regulars.shared.ids import inside, outside

OPERATOR: Final = Actor("operator", "command line", "Command line")
shown_max: Final = 200


class NothingRuns(Unavailable):
    """Nothing runs here: the database does not answer."""


class SchemaBehind(Unavailable):
    """The database is not of this version yet."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was seen, if anything could be, and what is wrong."""

    status: Status | None
    findings: Sequence[Finding]

    def as_json(self) -> Any:
        well = not self.findings
        seen = {} if self.status is None else msgspec.to_builtins(self.status)
        return {"well": well, **seen, "findings": msgspec.to_builtins(list(self.findings))}

    def in_words(self) -> str:
        lines = [] if self.status is None else _lines(self.status)
        for one in self.findings:
            since = f" (since {one.since:%Y-%m-%d %H:%M:%S} UTC)" if one.since else ""
            lines += [f"BAD   {one.code}: {one.what}{since}", f"      → {one.advice}"]
        return "\n".join(lines if self.findings else [*lines, "All is well."])


async def status(settings: InstallationSettings) -> Report:
    """Looks once. That nothing can be seen is a finding too."""
    try:
        async with _looking(settings) as units:
            seen = await bootstrap.make_watch(settings, units).look()
    except (NothingRuns, SchemaBehind) as error:
        code = "not_running" if isinstance(error, NothingRuns) else "schema_behind"
        advice = "Start `regulars serve`; `regulars doctor` says more about the set-up."
        return Report(None, [Finding(code, error.detail, None, advice)])
    return Report(seen, seen.findings)


async def rejections(settings: InstallationSettings, *, quarantined: bool | None) -> list[dict[str, Any]]:
    """The latest first, up to 200."""
    async with _looking(settings) as units, units.open() as unit:
        page = await events.rejections(unit, None, shown_max, put_aside=quarantined)
    return [_shown(one) for one in page.items]


async def retry(settings: InstallationSettings, ids: Sequence[str]) -> list[dict[str, Any]]:
    async with _looking(settings) as units, units.open(OPERATOR) as unit:
        retried = await events.retry(unit, [inside("rejection", one) for one in ids])
    return [
        {
            "id": outside("rejection", one.id),
            "outcome": "refused" if one.refused else "accepted" if one.found else "gone",
            "reason": one.refused.reason if one.refused else None,
        }
        for one in retried
    ]


async def discard(settings: InstallationSettings, ids: Sequence[str]) -> int:
    async with _looking(settings) as units, units.open(OPERATOR) as unit:
        return await events.discard(unit, [inside("rejection", one) for one in ids])


@asynccontextmanager
async def _looking(settings: InstallationSettings) -> AsyncIterator[Units]:
    """Units on the database that runs. Raises NothingRuns, SchemaBehind."""
    url = settings.database_url or await answering_url(settings.data)
    if url is None:
        raise NothingRuns(f"Nothing runs on the data folder {settings.data}.")
    try:
        missing = await missing_migrations(url, shipped.migrations())
    except psycopg.OperationalError as error:
        raise NothingRuns(f"The database does not answer: {' '.join(str(error).split())[:200]}") from None
    if missing:
        raise SchemaBehind(f"The database lacks {len(missing)} migrations, the first of them {missing[0]}.")
    async with bootstrap.open_units(url) as units:
        yield units


def rejection_lines(answer: dict[str, Any]) -> Iterator[str]:
    """What `rejections` answered, for people."""
    for one in answer.get("rejections", ()):
        kind = "quarantined" if one["quarantined"] else "refused"
        yield f"{one['id']}  {one['at'][:19]}Z  {kind:11}  {one['code']}: {one['reason']}"
    for one in answer.get("retried", ()):
        yield f"{one['id']}  {one['outcome']}" + (f": {one['reason']}" if one["reason"] else "")
    if "discarded" in answer:
        yield f"{answer['discarded']} discarded."


def _shown(one: KeptRejection) -> dict[str, Any]:
    return {
        "id": outside("rejection", one.id),
        "at": one.at.isoformat(),
        "code": one.code,
        "reason": one.reason,
        "quarantined": one.put_aside,
        "cut": one.cut,
        "body": one.body,
    }


def _lines(status: Status) -> list[str]:
    ticks, disk, versions = status.ticks, status.disk, status.versions
    last = f"last {_ago(status, ticks.last_at)}, took {ticks.last_s:.3f} s" if ticks.last_at else "none yet"
    usual = f"; median {ticks.median_s:.3f} s, p95 {ticks.p95_s:.3f} s, {ticks.per_minute:g} a minute"
    parts = ", ".join(f"{part.name} {_bytes(part.bytes)}" for part in disk.parts if part.bytes)
    alive = [one for one in status.processes if one.alive]
    lines = [_line(one) for one in status.waiting]
    lines.append(f"ticks        {last}{usual if ticks.last_at else ''}")
    lines.append(f"events       {status.accepted_per_s:g} accepted and {status.recorded_per_s:g} recorded a second")
    if status.warehouse is None:
        lines.append("warehouse    none, or never fed")
    else:
        lag = status.warehouse
        many = f"lacks {lag.rows:,}{'+' if lag.more else ''} events" if lag.rows else "holds everything"
        lines.append(f"warehouse    {lag.dialect}, {many}, whole {_ago(status, lag.through)}")
    free = f"{_bytes(disk.free_bytes)} free of {_bytes(disk.total_bytes)}"
    lines.append(f"disk         {free}; {parts or 'nothing stored'} in {disk.folder}")
    lines += [
        f"process      {one.role} {one.pid} on {one.host}, {one.version}, since {one.started_at:%Y-%m-%d %H:%M} UTC"
        for one in alive
    ]
    lines.append(
        f"versions     Regulars {versions.regulars}, PostgreSQL {versions.postgresql}, Python {versions.python}, "
        f"schema {versions.schema}"
    )
    return lines


def _line(one: Waiting) -> str:
    many = f"{one.count:,}{'+' if one.more else ''}"
    if not one.count:
        return f"{one.kind:12} {one.name}: none"
    word = {"queue": "oldest waits", "timers": "late by up to", "messages": "oldest due since"}.get(one.kind, "since")
    of = f" ({one.of})" if one.of else ""
    return f"{one.kind:12} {one.name}: {many}, {word} {duration(one.late_s)}{of}"


def _ago(status: Status, at: Any) -> str:
    return f"{duration(max(0.0, (status.at - at).total_seconds()))} ago"


def _bytes(many: int) -> str:
    return f"{many / 1e9:.1f} GB" if many >= 1e9 else f"{many / 1e6:.1f} MB"
