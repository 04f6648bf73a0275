"""Every statement of the lifecycle domain, and the shipped blueprints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from uuid import UUID

import msgspec
import yaml
from psycopg.types.json import Jsonb

from regulars.domains.lifecycle.model import Conversion, Flow, Lifecycle, Move, MoveLine, StageNumbers
from regulars.platform.statements import load_statements
from regulars.platform.tick import Tick
from regulars.platform.unit import Unit
from regulars.rules.model import Rule
from regulars.rules.resolve import mentions
from regulars.rules.text import to_text
from regulars.rules.tree.reading import parse_tree

sql = load_statements(__package__)


@dataclass(frozen=True, slots=True)
class LifecycleRow:
    id: UUID
    slug: str
    definition: dict[str, Any]
    active: bool


@dataclass(frozen=True, slots=True)
class StageRule:
    """The rule of one stage of the active lifecycle, when it counts. `new`: since this tick."""

    lifecycle_id: UUID
    stage: str
    tree: dict[str, Any]
    new: bool


@dataclass(frozen=True, slots=True)
class LogPosition:
    event_seq: int
    move_seq: int


@dataclass(frozen=True, slots=True)
class Present:
    stage: str
    since: datetime
    because: dict[str, Any]


@lru_cache(maxsize=500)
def _text_of(tree: bytes) -> str:
    return to_text(parse_tree(msgspec.json.decode(tree)))


def rule_texts(rules: Sequence[StageRule]) -> dict[str, str]:
    """Each stage's rule in words."""
    return {rule.stage: _text_of(msgspec.json.encode(rule.tree)) for rule in rules}


async def stage_rules(tick: Tick) -> list[StageRule]:
    return await tick.rows(sql["stage_rules"], StageRule)


async def forget_absorbed(tick: Tick) -> None:
    await tick.run(sql["forget_absorbed"])


async def settle_changed(tick: Tick, texts: Mapping[str, str]) -> int:
    moved: int = await tick.value(
        sql["settle_changed"], at=tick.at, texts=Jsonb(dict(texts)), historical=tick.historical
    )
    return moved


async def settle_everyone(tick: Tick, lifecycle_id: UUID, texts: Mapping[str, str]) -> None:
    await tick.run(sql["settle_everyone"], lifecycle_id=lifecycle_id, at=tick.at, texts=Jsonb(dict(texts)))


async def lifecycle(unit: Unit, slug: str) -> LifecycleRow | None:
    return await unit.row(sql["lifecycle"], LifecycleRow, slug=slug)


async def lifecycles(unit: Unit) -> list[LifecycleRow]:
    return await unit.rows(sql["lifecycles"], LifecycleRow)


async def active(unit: Unit) -> LifecycleRow | None:
    return await unit.row(sql["active"], LifecycleRow)


async def put_lifecycle(unit: Unit, lifecycle: Lifecycle, definition: Mapping[str, Any]) -> None:
    lifecycle_id = await unit.value(
        sql["put_lifecycle"],
        id=unit.new_id(),
        slug=lifecycle.slug,
        name=lifecycle.name,
        description=lifecycle.description,
        definition=Jsonb(dict(definition)),
        at=unit.at,
        by=unit.actor.name,
    )
    await unit.run(sql["clear_stages"], lifecycle_id=lifecycle_id)
    await unit.run(
        sql["add_stages"],
        lifecycle_id=lifecycle_id,
        slugs=[stage.slug for stage in lifecycle.stages],
        names=[stage.name for stage in lifecycle.stages],
    )


async def activate(unit: Unit, lifecycle_id: UUID) -> None:
    await unit.run(sql["deactivate"])
    await unit.run(sql["activate"], lifecycle_id=lifecycle_id, at=unit.at)


async def stage_of_customer(unit: Unit, customer_id: UUID) -> Present | None:
    return await unit.row(sql["stage_of_customer"], Present, customer_id=customer_id)


async def moves_of(unit: Unit, customer_id: UUID, limit: int) -> list[MoveLine]:
    return await unit.rows(sql["moves_of"], MoveLine, customer_id=customer_id, limit=limit)


async def customers_total(unit: Unit) -> int:
    total: int = await unit.value(sql["customers_total"])
    return total


async def overview_stages(
    unit: Unit, lifecycle_id: UUID, *, since: datetime, cohort_since: datetime
) -> list[StageNumbers]:
    return await unit.rows(
        sql["overview_stages"],
        StageNumbers,
        lifecycle_id=lifecycle_id,
        at=unit.at,
        since=since,
        cohort_since=cohort_since,
    )


async def overview_conversions(unit: Unit, lifecycle_id: UUID, *, cohort_since: datetime) -> list[Conversion]:
    return await unit.rows(
        sql["overview_conversions"], Conversion, lifecycle_id=lifecycle_id, at=unit.at, cohort_since=cohort_since
    )


async def overview_flows(unit: Unit, lifecycle_id: UUID, *, since: datetime) -> list[Flow]:
    return await unit.rows(sql["overview_flows"], Flow, lifecycle_id=lifecycle_id, at=unit.at, since=since)


async def want_history(tick: Tick, lifecycle_id: UUID) -> None:
    await tick.run(sql["want_history"], lifecycle_id=lifecycle_id, at=tick.at)


async def history_wanted(unit: Unit) -> datetime | None:
    wanted: datetime | None = await unit.value(sql["history_wanted"])
    return wanted


async def history_found(unit: Unit, lifecycle_id: UUID, wanted_at: datetime | None) -> None:
    await unit.run(sql["history_found"], lifecycle_id=lifecycle_id, wanted_at=wanted_at)


async def log_position(unit: Unit) -> LogPosition:
    position = await unit.row(sql["log_position"], LogPosition)
    assert position is not None
    return position


async def customers_after(unit: Unit, after: UUID | None, limit: int) -> list[UUID]:
    return list(await unit.values(sql["customers_after"], after=after, limit=limit))


async def instants_of(
    unit: Unit, customers: Sequence[UUID], rules: Sequence[Rule], at: datetime
) -> dict[UUID, list[datetime]]:
    """When something happened to these customers that the rules, with all mentions written out, can read."""
    read = [mentions(rule) for rule in rules]
    rows = await unit.records(
        sql["instants_of"],
        customers=list(customers),
        at=at,
        names=sorted({name for one in read for name in one.events}),
        prefixes=sorted({prefix for one in read for prefix in one.prefixes}),
        any_event=any(one.any_event for one in read),
        traits=sorted({key for one in read for key in one.traits}),
    )
    return {row["customer_id"]: row["instants"] for row in rows}


async def seen_by_ticks(
    unit: Unit, lifecycle_id: UUID, customers: Sequence[UUID], at: datetime, position: LogPosition
) -> dict[UUID, str]:
    rows = await unit.records(
        sql["seen_by_ticks"],
        lifecycle_id=lifecycle_id,
        customers=list(customers),
        at=at,
        event_seq=position.event_seq,
        move_seq=position.move_seq,
    )
    return {row["customer_id"]: row["stage"] for row in rows}


async def replace_history(
    unit: Unit, lifecycle_id: UUID, at: datetime, found: Mapping[UUID, Sequence[tuple[Move, Mapping[str, Any]]]]
) -> None:
    """What history shows of these customers up to an instant, in place of what was on record."""
    customers = list(found)
    await unit.run(sql["forget_found"], lifecycle_id=lifecycle_id, customers=customers, at=at)
    await unit.run(sql["supersede_noted"], lifecycle_id=lifecycle_id, customers=customers, at=at, now=unit.at)
    rows = [(customer, move, because) for customer, moves in found.items() for move, because in moves]
    await unit.run(
        sql["add_found"],
        lifecycle_id=lifecycle_id,
        customers=[customer for customer, _, _ in rows],
        froms=[move.from_stage for _, move, _ in rows],
        tos=[move.to_stage for _, move, _ in rows],
        ats=[move.at for _, move, _ in rows],
        dwells=[move.dwell_s for _, move, _ in rows],
        reasons=[msgspec.json.encode(because).decode() for _, _, because in rows],
    )
    await unit.run(sql["date_stays"], lifecycle_id=lifecycle_id, customers=customers)


@cache
def blueprint_files() -> dict[str, dict[str, Any]]:
    """Every shipped blueprint as it is written, by its slug."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(files(__package__).joinpath("blueprints").iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".yaml"):
            written: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
            found[written["slug"]] = written
    return found
