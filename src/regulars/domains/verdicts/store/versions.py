"""Registered rules and their versions, and verdicts loaded in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from regulars.domains.members.model import Settings
from regulars.domains.verdicts.model import (
    Answer,
    Company,
    Filling,
    Owner,
    RuleInForce,
)
from regulars.platform.statements import load_statements
from regulars.platform.unit import Unit

sql = load_statements("regulars.domains.verdicts")
_null: Final = "\\N"


@dataclass(frozen=True, slots=True)
class InForce:
    """Which versions are in force and how, in one text, the number of what summaries keep, and whether a version waits
    for the next tick to count. Once written, it stays as it is."""

    versions: str
    plan_number: int
    any_filled: bool


async def in_force(unit: Unit) -> InForce:
    (row,) = await unit.rows(sql["versions_in_force"], InForce)
    return row


async def rules_in_force(unit: Unit) -> list[RuleInForce]:
    return await unit.rows(sql["rules_in_force"], RuleInForce)


async def company(unit: Unit) -> Company:
    said = {row["name"]: row["value"] for row in await unit.records(sql["company"])}
    unsaid = Settings()
    return Company(ZoneInfo(said.get("time_zone", unsaid.time_zone)), said.get("usual_gap", unsaid.usual_gap))


async def has_work(unit: Unit) -> bool:
    found: bool = await unit.value(sql["has_work"], at=unit.at)
    return found


async def last_event(unit: Unit) -> int:
    seq: int = await unit.value(sql["last_event"])
    return seq


async def add_rule(
    unit: Unit,
    *,
    owner: Owner,
    part: str,
    position: int | None,
    tree: dict[str, Any],
    written_out: dict[str, Any],
    zone: str | None,
    usual_gap: int | None,
    seq: int,
) -> None:
    await unit.run(sql["retire_coming"], owner=owner, part=part, at=unit.at)
    await unit.run(
        sql["add_rule"],
        owner=owner,
        part=part,
        position=position,
        tree=Jsonb(tree),
        written_out=Jsonb(written_out),
        time_zone=zone,
        usual_gap=usual_gap,
        at=unit.at,
        seq=seq,
    )


async def meant_otherwise(unit: Unit, company: Company) -> list[tuple[Owner, str]]:
    rows = await unit.records(sql["meant_otherwise"], zone=company.zone.key, usual_gap=company.usual_gap)
    return [(row["owner"], row["part"]) for row in rows]


async def retire(unit: Unit, owner: Owner, part: str) -> int:
    return await unit.run(sql["retire"], owner=owner, part=part, at=unit.at)


async def filling(unit: Unit) -> list[RuleInForce]:
    return await unit.rows(sql["filling"], RuleInForce)


async def add_filled(unit: Unit, rule_ids: Sequence[int], batch: Sequence[Answer]) -> None:
    """Loads one batch of answers. Customers a rule denies get no row."""
    await unit.run(sql["make_room_for_filled"])
    lines = []
    for answer in batch:
        holding = [str(rule_id) for rule_id, holds in zip(rule_ids, answer.holds, strict=True) if holds]
        changes_at = min((time for time in answer.changes_at if time is not None), default=None)
        if holding or changes_at is not None:
            lines.append(f"{answer.customer_id}\t{{{','.join(holding)}}}\t{changes_at or _null}\n")
    async with unit.connection.cursor() as cursor, cursor.copy(b"COPY filled FROM STDIN") as copy:
        await copy.write("".join(lines).encode())
    await unit.run(sql["add_filled"], at=unit.at)
    await unit.run(sql["add_due_filled"])


async def mark_filled(unit: Unit, rule_ids: Sequence[int]) -> None:
    await unit.run(sql["mark_filled"], ids=list(rule_ids))


async def note_progress(unit: Unit, rule_ids: Sequence[int], done: int, total: int) -> None:
    await unit.run(sql["note_progress"], ids=list(rule_ids), done=done, total=total)


async def still_filling(unit: Unit, rule_ids: Sequence[int]) -> bool:
    """Whether any of these is still wanted: none once each was overtaken, withdrawn or cancelled."""
    found: bool = await unit.value(sql["still_filling"], ids=list(rule_ids))
    return found


async def count_customers(unit: Unit) -> int:
    count: int = await unit.value(sql["count_customers"])
    return count


async def fillings(unit: Unit, owner: Owner) -> list[Filling]:
    return await unit.rows(sql["fillings"], Filling, owner=owner)


async def retire_coming(unit: Unit, owner: Owner, part: str) -> None:
    await unit.run(sql["retire_coming"], owner=owner, part=part, at=unit.at)


async def sweep_retired(unit: Unit, *, before: datetime, rows_max: int) -> int:
    return await unit.run(sql["sweep_retired"], before=before, rows_max=rows_max)
