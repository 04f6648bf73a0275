"""`reconcile`: compares the warehouse with the log, in this process or, while a server feeds it, through the server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

import httpx2

from regulars import bootstrap
from regulars.domains.members import service as members
from regulars.domains.members.model import KeyKind
from regulars.platform.settings import InstallationSettings
from regulars.platform.unit import Units
from regulars.platform.warehouse.reconciling import Compared
from regulars.platform.warehouse.sinks import WarehouseBusy, WarehouseFedElsewhere
from regulars.shared.errors import Conflict, Unavailable

range_timeout_s: Final = 120.0
ranges_named_max: Final = 1_000


class NoWarehouse(Conflict):
    """There is no warehouse to compare: REGULARS_WAREHOUSE_URL is none."""


class ServerSilent(Unavailable):
    """The server that feeds the warehouse does not answer."""


@dataclass
class Reconciliation:
    """What was compared, and the ranges that differ: the first thousand of them in full."""

    ranges: int = 0
    differing: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    differences: list[Compared] = field(default_factory=list)

    def add(self, found: Compared) -> None:
        self.ranges += 1
        self.rows[found.fact] = self.rows.get(found.fact, 0) + found.rows_in_log
        if not found.same:
            self.differing += 1
            if len(self.differences) < ranges_named_max:
                self.differences.append(found)

    def as_json(self) -> dict[str, Any]:
        left_out = {"next"}
        return {
            "same": not self.differing,
            "rows": self.rows,
            "ranges": self.ranges,
            "differing": self.differing,
            "differences": [
                {key: value for key, value in asdict(one).items() if key not in left_out} for one in self.differences
            ],
        }

    def in_words(self) -> str:
        lines = [_in_words(one) for one in self.differences]
        compared = ", ".join(f"{rows:,} {fact}" for fact, rows in self.rows.items())
        verdict = f"{self.differing} ranges differ." if self.differing else "The warehouse holds what the log holds."
        return "\n".join([*lines, f"Compared {compared} in {self.ranges} ranges. {verdict}"])


async def reconcile(settings: InstallationSettings, tell: Callable[[Compared], None]) -> Reconciliation:
    """`tell` hears of every range."""
    report = Reconciliation()
    async with bootstrap.run_units(settings) as units, _comparing(settings, units) as compare:
        after: str | None = None
        while True:
            found = await compare(after)
            report.add(found)
            tell(found)
            after = found.next
            if after is None:
                return report


@asynccontextmanager
async def _comparing(settings: InstallationSettings, units: Units) -> AsyncIterator[Callable[[str | None], Any]]:
    sink = bootstrap.make_sink(settings)
    if sink is None:
        raise NoWarehouse
    warehouse = bootstrap.make_warehouse(units, sink)
    try:
        await warehouse.open()
        await warehouse.feed()
    except (WarehouseBusy, WarehouseFedElsewhere):
        await warehouse.close()
        async with _asking_the_server(settings, units) as compare:
            yield compare
        return
    try:
        yield warehouse.compare
    finally:
        await warehouse.close()


@asynccontextmanager
async def _asking_the_server(
    settings: InstallationSettings, units: Units
) -> AsyncIterator[Callable[[str | None], Any]]:
    """With a key made for this, which opens nothing afterwards."""
    async with units.open() as unit:
        made = await members.make_key(unit, KeyKind.ADMIN, "reconciliation")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    address = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    names = {one.name for one in fields(Compared)}
    try:
        async with httpx2.AsyncClient(
            base_url=address, timeout=range_timeout_s, headers={"Authorization": f"Bearer {made.secret}"}
        ) as client:

            async def compare(after: str | None) -> Compared:
                try:
                    answer = await client.get(
                        "/api/warehouse/reconciliation", params={} if after is None else {"after": after}
                    )
                except httpx2.HTTPError as error:
                    raise ServerSilent(f"{address}, which feeds the warehouse, does not answer: {error}") from None
                said = answer.json()
                if answer.status_code != httpx2.codes.OK:
                    raise ServerSilent(f"{address} says: {said.get('detail', answer.status_code)}")
                return Compared(**{name: value for name, value in said.items() if name in names})

            yield compare
    finally:
        async with units.open() as unit:
            await members.revoke_key(unit, made.key.id)


def _in_words(found: Compared) -> str:
    kinds = {
        "missing": found.missing,
        "not in the log": found.unexpected,
        "more than once": found.repeated,
        "changed": found.changed,
        "of another customer": found.misplaced,
    }
    told = "; ".join(f"{kind}: {', '.join(map(str, seqs))}" for kind, seqs in kinds.items() if seqs)
    counts = f"{found.rows_in_log} in the log, {found.rows_in_warehouse} in the warehouse"
    return f"{found.fact} {found.first} to {found.last}: {counts}; {told}"
