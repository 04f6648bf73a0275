"""Every statement of the journeys domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from regulars.domains.journeys.model import Counts, Definition, Leave, Passage, Send, State, StepCounts, Wait
from regulars.platform.statements import load_statements
from regulars.platform.tick import Tick
from regulars.platform.unit import Unit

sql = load_statements(__package__)

late_after: Final = timedelta(minutes=1)
"""A step taken this much after its time says so."""

Position = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class JourneyRow:
    id: UUID
    slug: str
    name: str
    state: State
    draft: dict[str, Any]
    live_version: int | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class VersionRow:
    version: int
    definition: dict[str, Any]
    leave_part: str | None
    leave_text: str | None
    published_at: datetime


@dataclass(frozen=True, slots=True)
class EnrolmentRow:
    id: UUID
    customer_id: UUID
    journey: str
    version: int
    entered_at: datetime
    step: str | None
    wake_at: datetime | None
    left_at: datetime | None
    left_because: str | None


@dataclass(frozen=True, slots=True)
class RefusalRow:
    customer_id: UUID
    at: datetime
    because: str
    times: int


async def follow_merges(tick: Tick) -> None:
    await tick.run(sql["leave_merged"], at=tick.at)
    for name in ("move_unmerged", "move_merged", "move_refusals"):  # As the tick did it: apart first, then together.
        await tick.run(sql[name])


async def leave_where_rule_holds(tick: Tick) -> int:
    return await tick.run(sql["leave_where_rule_holds"], at=tick.at)


async def leave_ended(tick: Tick) -> int:
    return await tick.run(sql["leave_ended"], at=tick.at)


async def walk(tick: Tick, *, entrants_only: bool, batch_max: int) -> int:
    moved: int = await tick.value(
        sql["walk"],
        at=tick.at,
        entered_at=tick.at if entrants_only else None,
        batch_max=batch_max,
        late_after=late_after,
    )
    return moved


async def enter(tick: Tick) -> int:
    entered: int = await tick.value(sql["enter"], at=tick.at)
    return entered


@dataclass(frozen=True, slots=True)
class Work:
    """Whether somebody's time has come inside a journey, and whether somebody may enter one."""

    inside: bool
    at_the_door: bool


async def work(unit: Unit, names: Iterable[str] = ()) -> Work:
    """`names`: of the events that happened."""
    (row,) = await unit.rows(sql["work"], Work, at=unit.at, names=list(names))
    return row


async def journey(unit: Unit, slug: str) -> JourneyRow | None:
    return await unit.row(sql["journey"], JourneyRow, slug=slug)


async def lock_journey(unit: Unit, slug: str) -> JourneyRow | None:
    return await unit.row(sql["lock_journey"], JourneyRow, slug=slug)


async def journeys(unit: Unit, after: str | None, limit: int) -> list[JourneyRow]:
    return await unit.rows(sql["journeys"], JourneyRow, after=after, limit=limit)


async def put_draft(unit: Unit, slug: str, name: str, draft: Mapping[str, Any]) -> None:
    await unit.run(
        sql["put_draft"],
        id=unit.new_id(),
        slug=slug,
        name=name,
        draft=Jsonb(dict(draft)),
        at=unit.at,
        by=unit.actor.name,
    )


async def set_state(unit: Unit, journey_id: UUID, state: State, version: int | None) -> None:
    await unit.run(
        sql["set_state"], journey_id=journey_id, state=state, version=version, at=unit.at, by=unit.actor.name
    )


async def delete_draft(unit: Unit, journey_id: UUID) -> None:
    await unit.run(sql["delete_draft"], journey_id=journey_id)


async def add_version(
    unit: Unit,
    journey_id: UUID,
    version: int,
    *,
    definition: Definition,
    written: Mapping[str, Any],
    enter_name: str,
    enter_where: Sequence[Mapping[str, Any]],
    leave_part: str | None,
    leave_text: str | None,
) -> None:
    await unit.run(
        sql["add_version"],
        journey_id=journey_id,
        version=version,
        definition=Jsonb(dict(written)),
        enter_name=enter_name,
        enter_where=Jsonb(list(enter_where)),
        again=definition.again,
        leave_part=leave_part,
        leave_text=leave_text,
        first_step=definition.first,
        at=unit.at,
        by=unit.actor.name,
    )
    steps = definition.steps
    await unit.run(
        sql["add_steps"],
        journey_id=journey_id,
        version=version,
        steps=[step.id for step in steps],
        kinds=[type(step).__name__.lower() for step in steps],
        waits=[int(step.duration.total_seconds()) if isinstance(step, Wait) else None for step in steps],
        templates=[step.template if isinstance(step, Send) else None for step in steps],
        reasons=[step.because if isinstance(step, Leave) else None for step in steps],
        nexts=[None if isinstance(step, Leave) else step.next for step in steps],
    )


async def versions(unit: Unit, journey_id: UUID) -> list[VersionRow]:
    return await unit.rows(sql["versions"], VersionRow, journey_id=journey_id)


async def idle_leave_parts(unit: Unit, journey_id: UUID, version: int | None) -> list[str]:
    return list(await unit.values(sql["idle_leave_parts"], journey_id=journey_id, version=version))


async def counts(unit: Unit, journeys: Sequence[UUID]) -> dict[UUID, Counts]:
    rows = await unit.records(sql["counts"], journeys=list(journeys))
    return {row["journey_id"]: Counts(row["inside"], row["entered"], row["left"]) for row in rows}


async def step_counts(unit: Unit, journey_id: UUID) -> dict[str, StepCounts]:
    rows = await unit.rows(sql["step_counts"], StepCounts, journey_id=journey_id)
    return {row.step: row for row in rows}


async def refusal_counts(unit: Unit, journey_id: UUID) -> dict[str, int]:
    rows = await unit.records(sql["refusal_counts"], journey_id=journey_id)
    return {row["because"]: row["customers"] for row in rows}


async def refusals(unit: Unit, journey_id: UUID, before: Position | None, limit: int) -> list[RefusalRow]:
    before_at, before_id = before or (None, None)
    return await unit.rows(
        sql["refusals"], RefusalRow, journey_id=journey_id, before_at=before_at, before_id=before_id, limit=limit
    )


async def enrolments_of_journey(
    unit: Unit, journey_id: UUID, before: Position | None, limit: int
) -> list[EnrolmentRow]:
    before_at, before_id = before or (None, None)
    return await unit.rows(
        sql["enrolments_of_journey"],
        EnrolmentRow,
        journey_id=journey_id,
        before_at=before_at,
        before_id=before_id,
        limit=limit,
    )


async def enrolments_of_customer(
    unit: Unit, customer_id: UUID, before: Position | None, limit: int
) -> list[EnrolmentRow]:
    before_at, before_id = before or (None, None)
    return await unit.rows(
        sql["enrolments_of_customer"],
        EnrolmentRow,
        customer_id=customer_id,
        before_at=before_at,
        before_id=before_id,
        limit=limit,
    )


async def enrolment(unit: Unit, enrolment_id: UUID) -> EnrolmentRow | None:
    return await unit.row(sql["enrolment"], EnrolmentRow, id=enrolment_id)


async def passages(unit: Unit, enrolment_id: UUID, limit: int) -> list[Passage]:
    return await unit.rows(sql["passages"], Passage, id=enrolment_id, limit=limit)
